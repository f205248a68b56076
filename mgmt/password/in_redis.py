"""The copy of the hash in Redis, by which people sign in; requests written by hand, because the
manager has no client library."""

import asyncio

from ...core.errors import StoreUnavailable
from ...core.password import ADMIN_KEY
from ...core.settings import Settings

LIMIT_S = 5.0

# Said again, it ends no session.
_PUT = (
    "if redis.call('HGET', KEYS[1], 'password_hash') == ARGV[1] then return 0 end "
    "redis.call('HSET', KEYS[1], 'password_hash', ARGV[1]) "
    "return redis.call('HINCRBY', KEYS[1], 'generation', 1)"
)


class HashInRedis:
    """Both raise StoreUnavailable while Redis is away, loads its data or takes no changes."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.data.redis_socket
        self._auth = settings.redis_password

    async def read(self) -> str:
        """Return the hash, empty for none."""
        return await self._ask("HGET", ADMIN_KEY, "password_hash")

    async def put(self, hashed: str) -> None:
        """Let people sign in by this one; all sessions end when it is another."""
        await self._ask("EVAL", _PUT, "1", ADMIN_KEY, hashed)

    async def _ask(self, *words: str) -> str:
        try:
            async with asyncio.timeout(LIMIT_S):
                reader, writer = await asyncio.open_unix_connection(str(self._path))
                try:
                    writer.write(_request("AUTH", self._auth.get_secret_value()) + _request(*words))
                    await _answer(reader)
                    return await _answer(reader)
                finally:
                    writer.close()
        except (OSError, EOFError, ValueError, TimeoutError) as exc:
            raise StoreUnavailable(
                f"Redis does not answer ({type(exc).__name__})", "Look at: streamstead logs redis"
            ) from None


def _request(*words: str) -> bytes:
    raw = [word.encode() for word in words]
    return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%b\r\n" % (len(one), one) for one in raw)


async def _answer(reader: asyncio.StreamReader) -> str:
    """Return a status, a number or a text, empty for none. Raises ValueError for an error."""
    line = (await reader.readuntil(b"\r\n"))[:-2].decode()
    if line[:1] in ("+", ":"):
        return line[1:]
    if line[:1] != "$":
        raise ValueError("an error")
    size = int(line[1:])
    return "" if size < 0 else (await reader.readexactly(size + 2))[:-2].decode()
