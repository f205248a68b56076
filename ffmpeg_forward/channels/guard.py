"""A way out for FFmpeg that leads nowhere it must not.

FFmpeg looks up names itself, follows redirects, and reads whatever a playlist names. As a proxy we
see each of these connections: the name is looked up here, and the address that was looked at is the
one that is connected to. Relays use it: standard library only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from ...core.addresses import is_address, may_connect
from ...core.resolver import Resolve

HEAD_BYTES = 16 * 1024
HEAD_S = 10.0
CONNECT_S = 10.0
SILENCE_S = 60.0
MAX_CONNECTIONS = 64
MAX_TRIED = 3
BLOCK = 1 << 16

Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def serving(carry: Carry) -> AsyncIterator[int]:
    """Listen on a free port of this machine and yield it; ``carry`` serves one connection to its
    end. On the way out every connection is closed."""
    running: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(running) >= MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(carry(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, limit=HEAD_BYTES)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        left = list(running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)


class Guard:
    """``env``: what FFmpeg must have in its environment to go this way; ``refused``: it wanted to
    go where it must not."""

    def __init__(self, resolve: Resolve, *, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self.env: dict[str, str] = {}
        self.refused = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, resolve: Resolve, *, allow_private: bool) -> AsyncIterator["Guard"]:
        """Listen on a free port of this machine; on the way out every connection is closed."""
        guard = cls(resolve, allow_private=allow_private)
        async with serving(guard._carry) as port:
            guard.env = {"http_proxy": f"http://127.0.0.1:{port}", "no_proxy": ""}
            yield guard

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of FFmpeg to its end."""
        with suppress(OSError, ValueError, EOFError, asyncio.LimitOverrunError):
            try:
                async with asyncio.timeout(HEAD_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                host, port, request = _wanted(head)
                try:
                    there, back = await self._connect(host, port)
                except (OSError, TimeoutError):
                    writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                    return
                try:
                    if request is None:
                        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        await _both_ways(reader, writer, there, back)
                    else:
                        # One request a connection: the next one may be for another host.
                        back.write(request)
                        await _pump(there, writer)
                finally:
                    back.close()
            finally:
                writer.close()

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address of this host that is allowed. Raises OSError, TimeoutError."""
        async with asyncio.timeout(CONNECT_S):
            plain = host.removesuffix(".")
            found = [plain] if is_address(plain) else await self._resolve(plain, port)
            allowed = [one for one in found if may_connect(one, allow_private=self._allow_private)]
            failed = OSError("the address is not allowed")
            self.refused = self.refused or not allowed
            for address in allowed[:MAX_TRIED]:
                try:
                    return await asyncio.open_connection(address, port, limit=BLOCK)
                except OSError as exc:
                    failed = exc
        raise failed


def _wanted(head: bytes) -> tuple[str, int, bytes | None]:
    """Return host, port, and the request to send there; None for a tunnel. Raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    if method == "CONNECT":
        host, _, port = target.rpartition(":")
        return host.strip("[]").lower(), _port(port), None
    parts = urlsplit(target)
    if parts.scheme != "http" or method not in ("GET", "HEAD") or not parts.hostname:
        raise ValueError("not a request that we carry")
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    hop = ("connection:", "proxy-", "keep-alive:", "content-length:", "transfer-encoding:")
    kept = [line for line in lines if line and not line.lower().startswith(hop)]
    sent = "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""])
    return parts.hostname, _port(str(parts.port or 80)), sent.encode("latin-1")


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 1 << 16:
        raise ValueError("no such port")
    return port


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Carry bytes until the end, or until nothing has come for a minute."""
    while True:
        async with asyncio.timeout(SILENCE_S):
            block = await source.read(BLOCK)
            if not block:
                return
            target.write(block)
            await target.drain()


async def _both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    """Carry a tunnel until its far end is done."""
    outward = asyncio.create_task(_quietly(reader, back))
    try:
        await _pump(there, writer)
    finally:
        outward.cancel()
        with suppress(asyncio.CancelledError):
            await outward


async def _quietly(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Carry what FFmpeg sends; it may say nothing for as long as it only reads."""
    with suppress(OSError):
        while block := await source.read(BLOCK):
            target.write(block)
            await target.drain()
        target.close()
