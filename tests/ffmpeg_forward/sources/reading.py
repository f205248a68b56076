"""Read a source to its end, and look at what came."""

import asyncio
from collections import Counter
from contextlib import aclosing

from streamstead.core.rtmp.chunk import VIDEO, Message
from streamstead.ffmpeg_forward.sources.ffmpeg_source import FfmpegSource
from streamstead.ffmpeg_forward.splice.tags import look


async def all_of(source: FfmpegSource) -> list[Message]:
    async with asyncio.timeout(60), aclosing(source.messages()) as messages:
        return [message async for message in messages]


def kinds(messages: list[Message]) -> Counter[int]:
    return Counter(one.kind for one in messages if look(one).frame)


def key_frames(messages: list[Message]) -> list[int]:
    """Return when they are, from the first on."""
    looks = [(one.timestamp, look(one)) for one in messages if one.kind == VIDEO]
    found = [at for at, seen in looks if seen.key and seen.frame]
    return [at - found[0] for at in found]
