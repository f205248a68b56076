"""Server-sent events for a page, as long as whoever opened it is signed in."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fastapi import Request
from redis.exceptions import RedisError
from sse_starlette import EventSourceResponse, ServerSentEvent

from .auth import Authenticator, find_credential
from .errors import RateLimited, StreamsteadError

PING_S = 15
CHECK_SESSION_MS = 5_000


async def live_feed(
    request: Request,
    events: Callable[[], AsyncGenerator[ServerSentEvent, None]],
    authenticator: Authenticator,
    clock: Callable[[], int],
    *,
    full: bool,
) -> EventSourceResponse:
    """Answer with ``events()``, and a comment every 15 s; it ends when the session does.

    ``clock``: ms since the epoch. ``full``: too many pages look already, RateLimited is raised.
    """
    if full:
        raise RateLimited("too many pages are open", "Close some of them.", retry_after_s=30)
    credential = await find_credential(request)
    return EventSourceResponse(
        while_signed_in(events(), authenticator, credential, clock),
        ping=PING_S,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def while_signed_in(
    events: AsyncGenerator[ServerSentEvent, None],
    authenticator: Authenticator,
    credential: str,
    clock: Callable[[], int],
) -> AsyncGenerator[ServerSentEvent, None]:
    """Yield the events; end them when the session has ended meanwhile, by sign-out for example."""
    checked_ms = clock()
    async with aclosing(events) as found:
        async for event in found:
            if clock() - checked_ms > CHECK_SESSION_MS:
                try:
                    await authenticator.verify(credential)
                except (StreamsteadError, RedisError):
                    return
                checked_ms = clock()
            yield event
