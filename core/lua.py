"""One Lua script, called often: calls that run at the same time share one write to Redis.

redis-py takes a connection, a lock and several task switches a call; for the media server's
callbacks that would be most of their cost.
"""

import asyncio
import hashlib
from collections import deque
from pathlib import Path
from typing import Any, cast

import hiredis
from redis import exceptions as errors

from .settings import Settings

ANSWER_TIMEOUT_S = 2.0
MAX_WAITING = 1024
"""Calls under way at once; one more fails immediately, so that a hung Redis costs no memory."""

Argument = bytes | str | int | float

_ERRORS: dict[str, type[errors.RedisError]] = {
    "LOADING": errors.BusyLoadingError,
    "NOAUTH": errors.AuthenticationError,
    "NOSCRIPT": errors.NoScriptError,
    "OOM": errors.OutOfMemoryError,
    "READONLY": errors.ReadOnlyError,
    "WRONGPASS": errors.AuthenticationError,
}


class LuaPipe:
    """A script without KEYS, run in the Redis on a unix socket; the arguments become ARGV.

    One connection, made by the first call and again by the first one after it broke: nothing waits
    for Redis to come back. When it breaks, or one call has no answer within 2 s, every call under
    way fails; a failed call is never repeated, because it may have been done.
    """

    def __init__(self, path: Path, password: str, script: str) -> None:
        self._path = str(path)
        self._password = password
        self._script = script
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._link: _Link | None = None
        self._dialling = asyncio.Lock()

    @classmethod
    def of(cls, settings: Settings, script: str) -> "LuaPipe":
        """Make one for the project's own Redis."""
        return cls(settings.data.redis_socket, settings.redis_password.get_secret_value(), script)

    async def __call__(self, *args: Argument) -> list[Any]:
        """Return the script's table, strings as ``str``. Raises RedisError."""
        link = self._link
        if link is None or link.broken is not None:
            link = await self._dial()
        try:
            reply = await link.send("EVALSHA", self._sha, 0, *args)
        except errors.NoScriptError:
            # Redis is new or was told to forget. EVAL runs the script and remembers it.
            reply = await link.send("EVAL", self._script, 0, *args)
        return cast(list[Any], reply)

    def close(self) -> None:
        """End the connection; calls under way fail."""
        if self._link is not None:
            self._link.end(errors.ConnectionError("the connection to Redis was closed"))

    async def _dial(self) -> "_Link":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S), self._dialling:
                if self._link is None or self._link.broken is not None:
                    _, link = await loop.create_unix_connection(lambda: _Link(loop), self._path)
                    # Not waited for: when it is refused, so is everything behind it.
                    link.send("AUTH", self._password).add_done_callback(link.on_auth)
                    self._link = link
                return self._link
        except TimeoutError:
            raise errors.TimeoutError("Redis accepts no connection") from None
        except OSError as exc:
            raise errors.ConnectionError(f"Redis cannot be reached: {exc.strerror}") from None


def _named(message: str) -> errors.RedisError:
    kind, _, rest = message.partition(" ")
    return _ERRORS[kind](rest) if kind in _ERRORS else errors.ResponseError(message)


class _Link(asyncio.Protocol):
    """One connection. Replies come in the order of the commands: that is how they find back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.broken: errors.RedisError | None = None
        self._loop = loop
        self._reader = hiredis.Reader(replyError=_named, encoding="utf-8", errors="replace")
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._unsent: list[bytes] = []
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, *command: Argument) -> "asyncio.Future[Any]":
        """Queue a command; the future gets the reply or a RedisError."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self.broken is not None:
            answer.set_exception(_again(self.broken))
        elif len(self._waiting) >= MAX_WAITING:
            answer.set_exception(errors.ConnectionError("too many calls wait for Redis"))
        else:
            packed = hiredis.pack_command(cast(Any, command))
            if not self._unsent:
                self._loop.call_soon(self._flush)
            self._unsent.append(packed)
            self._waiting.append((answer, self._loop.time()))
            if self._watch is None:
                self._watch = self._loop.call_later(ANSWER_TIMEOUT_S, self._look_at_oldest)
        return answer

    def on_auth(self, done: "asyncio.Future[Any]") -> None:
        refused = done.exception()
        if isinstance(refused, errors.RedisError):
            self.end(refused)

    def _flush(self) -> None:
        if self.broken is None:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                answer, _ = self._waiting.popleft()
                if answer.done():
                    continue  # its caller was cancelled
                if isinstance(reply, Exception):
                    answer.set_exception(reply)
                else:
                    answer.set_result(reply)
        except (hiredis.ProtocolError, IndexError):
            self.end(errors.ConnectionError("Redis answered something that is no reply"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(errors.ConnectionError("the connection to Redis broke"))

    def _look_at_oldest(self) -> None:
        """One timer watches all calls: the oldest is the first in the queue."""
        self._watch = None
        if not self._waiting:
            return
        left_s = self._waiting[0][1] + ANSWER_TIMEOUT_S - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look_at_oldest)
        else:
            self.end(errors.TimeoutError("Redis did not answer in time"))

    def end(self, why: errors.RedisError) -> None:
        """Fail everything under way; what Redis still says is not listened to."""
        if self.broken is not None:
            return
        self.broken = why
        self._transport.abort()
        if self._watch is not None:
            self._watch.cancel()
        for answer, _ in self._waiting:
            if not answer.done():
                answer.set_exception(_again(why))
        self._waiting.clear()


def _again(error: errors.RedisError) -> errors.RedisError:
    """Return an equal one: a shared exception would collect the tracebacks of all who raise it."""
    return type(error)(*error.args)
