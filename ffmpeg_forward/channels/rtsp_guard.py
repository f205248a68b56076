"""A way to an RTSP server that leads nowhere else.

FFmpeg follows an RTSP server that sends it elsewhere, and connects to that by itself, by no proxy.
So it gets an address of this machine, where we carry what it asks to the address that was looked
at, and hang up as soon as an answer is not one that FFmpeg stays with. Relays use it: standard
library only.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from ..relay.tls import Trust
from .guard import BLOCK, CONNECT_S, SILENCE_S, serving

SCHEMES = {"rtsp": 554, "rtsps": 322}
_LONGEST_STATUS = 256
_STATUS = re.compile(rb"RTSP/[^ \t\n]*[ \t]+([^ \t\n]*)([ \t\n]?)")
_GOOD = re.compile(rb"[1245]\d\d")
_PLAY = b"PLAY "

_TRUST = Trust()


class Answers:
    """Looks through what a server answers. FFmpeg reads lines without their CRs, and takes what
    begins with ``RTSP/`` for a status wherever a line may begin; that is looked for everywhere, so
    that no reading of ours can differ from its."""

    def __init__(self) -> None:
        self._kept = b""

    def lead_away(self, block: bytes) -> bool:
        """Tell whether these bytes, behind those of before, may send FFmpeg elsewhere."""
        seen = self._kept + block.replace(b"\r", b"")
        self._kept = seen[-len(b"RTSP/") + 1 :]
        for found in _STATUS.finditer(seen):
            if not found[2]:
                # It goes on in the next block.
                self._kept = seen[found.start() :]
                return len(self._kept) > _LONGEST_STATUS
            if _GOOD.fullmatch(found[1]) is None:
                return True
        begun = seen.rfind(b"RTSP/")
        if begun >= 0 and not re.search(rb"[ \t\n]+[^ \t\n]", seen[begun:]):
            self._kept = seen[begun:]
        return len(self._kept) > _LONGEST_STATUS


class RtspGuard:
    """``url``: what FFmpeg is given; ``refused``: the server wanted to send it elsewhere."""

    def __init__(self, url: str, address: str) -> None:
        parts = urlsplit(url)
        self._address = address
        self._port = parts.port or SCHEMES[parts.scheme]
        self._tls_name = parts.hostname if parts.scheme == "rtsps" else None
        self._parts = parts
        self.url = ""
        self.refused = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, address: str) -> AsyncIterator["RtspGuard"]:
        """Carry to this address whoever connects; on the way out every connection is closed."""
        guard = cls(url, address)
        async with serving(guard._carry) as port:
            user, at, _ = guard._parts.netloc.rpartition("@")
            here = guard._parts._replace(scheme="rtsp", netloc=f"{user}{at}127.0.0.1:{port}")
            guard.url = urlunsplit(here)
            yield guard

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            try:
                there, back = await self._connect()
                try:
                    await self._both_ways(reader, writer, there, back)
                finally:
                    back.close()
            finally:
                writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # Cameras have certificates of their own making; FFmpeg asks for no other ones either.
        context = await _TRUST.context(False) if self._tls_name else None
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(
                self._address, self._port, limit=BLOCK, ssl=context, server_hostname=self._tls_name
            )

    async def _both_ways(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        plays = asyncio.Event()
        outward = asyncio.create_task(_ask(reader, back, plays))
        answers = Answers()
        try:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    block = await there.read(BLOCK)
                if not block:
                    return
                # Once it plays it follows no answer, and media may hold any bytes.
                if not plays.is_set() and answers.lead_away(block):
                    self.refused = True
                    return
                writer.write(block)
                await writer.drain()
        finally:
            outward.cancel()
            with suppress(asyncio.CancelledError, OSError, ssl.SSLError):
                await outward


async def _ask(
    reader: asyncio.StreamReader, back: asyncio.StreamWriter, plays: asyncio.Event
) -> None:
    """Carry what FFmpeg asks, and note when it is done with looking for the stream."""
    with suppress(OSError):
        while block := await reader.read(BLOCK):
            if block.startswith(_PLAY):
                plays.set()
            back.write(block)
            await back.drain()
        back.close()
