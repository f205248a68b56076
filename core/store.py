"""The connection to Redis. Store classes own keys; nothing above them talks to Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .settings import Settings

MAX_CONNECTIONS = 32
ANSWER_TIMEOUT_S = 2.0


def text(reply: Any) -> str:
    """State that a reply is text: the library's own types do not know that we decode them."""
    return cast(str, reply)


@asynccontextmanager
async def open_redis(settings: Settings, waits_s: float = 0.0) -> AsyncIterator[Redis]:
    """Yield a client on the unix socket; replies are ``str``.

    Calls raise ``redis.exceptions.RedisError`` within about 2 s when Redis is away, or ``waits_s``
    later when it hangs. A blocking read (XREAD) must ask for less than that.
    """
    pool: Any = BlockingConnectionPool(
        connection_class=UnixDomainSocketConnection,
        path=str(settings.data.redis_socket),
        password=settings.redis_password.get_secret_value(),
        decode_responses=True,
        # Else each connection reads the version of the library from its long description.
        driver_info=None,
        max_connections=MAX_CONNECTIONS,
        timeout=ANSWER_TIMEOUT_S,
        socket_timeout=ANSWER_TIMEOUT_S + waits_s,
        # One retry: a connection that Redis closed by its own restart is not an outage.
        retry=Retry(NoBackoff(), 1),
    )
    client: Redis = Redis(connection_pool=pool)
    try:
        yield client
    finally:
        await client.aclose()
        await pool.disconnect()
