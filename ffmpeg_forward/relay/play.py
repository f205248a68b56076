"""Read a live stream from our own media server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from urllib.parse import quote

from ...core.rtmp import amf
from ...core.rtmp.amf import AmfError
from ...core.rtmp.chunk import AUDIO, COMMAND, DATA, VIDEO, ChunkError, Message
from ...core.rtmp.client import RtmpError, open_rtmp

_MEDIA = frozenset({AUDIO, VIDEO, DATA})
_OVER = frozenset(
    {
        "NetStream.Play.UnpublishNotify",
        "NetStream.Play.StreamNotFound",
        "NetStream.Play.Stop",
        "NetStream.Play.Complete",
        "NetStream.Play.Failed",
    }
)

PLAY_FAILURES = (
    OSError,
    TimeoutError,
    RtmpError,
    ChunkError,
    AmfError,
    asyncio.IncompleteReadError,
)
"""What ``play`` may raise; all of them mean: not now."""


async def play(port: int, app: str, stream: str, grant: str) -> AsyncGenerator[Message, None]:
    """Yield the stream's messages until it ends. Raises one of ``PLAY_FAILURES``.

    A stream that nobody publishes may be waited for: media servers keep such a player.
    """
    async with open_rtmp(port, app) as client:
        await client.play(f"{stream}?grant={quote(grant, safe='')}")
        while True:
            message = await client.next()
            if message.kind in _MEDIA:
                if message.payload:
                    yield message
            elif message.kind == COMMAND and _code(message) in _OVER:
                return


def _code(message: Message) -> str:
    with suppress(AmfError, IndexError):
        values = amf.decode(message.payload)
        about = values[3] if values[0] == "onStatus" else None
        if isinstance(about, dict):
            return str(about.get("code", ""))
    return ""
