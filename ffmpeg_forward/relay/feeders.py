"""What brings media into a relay: one feeder for each source, which never gives up."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from ...core.house_grant import HouseGrants, Way
from ...core.rtmp.chunk import DATA, Message
from ..sources.ffmpeg_source import FfmpegSource, camera, normaliser
from ..splice.media import MediaMeter
from .config import HouseFormat, SourceConfig
from .hub import Hub
from .play import PLAY_FAILURES, play

RETRY_LIVE_S = 0.2
RETRY_S = 2.0
LONGEST_S = 30.0
ALIVE_MS = 1_500
"""A source whose last media is older is not ready to be taken."""

_NORMALISER_RETRY_S = 0.5
_QUEUE = 2_000
_DISORDER_MS = 500


def now_ms() -> int:
    """Return milliseconds of a clock that never jumps; the timeline runs by it."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Desk(Protocol):
    """Where media is spliced (relay.py)."""

    def fresh(self, source: str, message: Message) -> None: ...
    def gone(self, source: str) -> None: ...
    def room_ms(self, source: str) -> int: ...
    async def wait_room(self, source: str) -> None: ...
    def add_part(self, source: str) -> None: ...
    def changed(self) -> None: ...


@dataclass
class Facts:
    """How a source is; ``problem`` is ``{key, message, help}`` or None."""

    connected: bool = False
    last_ms: int = -1
    problem: dict[str, str] | None = None
    now: dict[str, Any] | None = None
    ended: bool = False
    meter: MediaMeter = field(default_factory=MediaMeter)

    def alive(self, now: int) -> bool:
        return self.last_ms >= 0 and now - self.last_ms < ALIVE_MS

    def take(self, message: Message) -> None:
        now = now_ms()
        if message.kind != DATA:
            self.last_ms = now
        self.meter.feed(message, now)

    def told(self) -> dict[str, Any]:
        """Return what the status says of it."""
        info = asdict(self.meter.info())
        return {
            "connected": self.connected,
            "alive": self.alive(now_ms()),
            "quiet_ms": now_ms() - self.last_ms if self.last_ms >= 0 else None,
            "problem": self.problem,
            "now": self.now,
            "ended": self.ended,
            "media": info if self.last_ms >= 0 else None,
        }


class StreamFeeder:
    """Reads a stream of our own media server, again after each end of it."""

    def __init__(
        self,
        config: SourceConfig,
        desk: Desk,
        grants: HouseGrants,
        rtmp_port: int,
        house: HouseFormat | None,
    ) -> None:
        self.config = config
        self.facts = Facts()
        self._desk = desk
        self._grants = grants
        self._port = rtmp_port
        self._house = house
        self._raw = Hub()
        self._stamps: dict[int, int] = {}
        self._nudged = asyncio.Event()
        self._wanted = asyncio.Event()

    def update(self, config: SourceConfig) -> None:
        """Take note that it is believed to be live, or not any more."""
        began = config.live and not self.config.live
        self.config = config
        if began:
            self._nudged.set()

    def wanted(self, wanted: bool) -> None:
        """With a house format only what is wanted is turned into it: that is dear."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            if self._house is not None:
                group.create_task(self._normalise(self._house))

    async def _read(self) -> None:
        while True:
            self._nudged.clear()
            url = f"{self.config.app}/{self.config.stream}"
            grant = self._grants.make(Way.PLAY, url, wall_ms())
            try:
                async with aclosing(
                    play(self._port, self.config.app, self.config.stream, grant)
                ) as messages:
                    async for message in messages:
                        self._take(message)
            except PLAY_FAILURES:
                pass  # not there now; whether it should be is for others to say
            self.facts.connected = False
            if self._house is None:
                self._desk.gone(self.config.id)
            else:
                self._raw.over()
                self._stamps.clear()
            self._desk.changed()
            delay_s = RETRY_LIVE_S if self.config.live else RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._nudged.wait()

    def _take(self, message: Message) -> None:
        if not self.facts.connected:
            self.facts.connected = True
            self._desk.changed()
        if self._house is None:
            self.facts.take(message)
            self._desk.fresh(self.config.id, message)
            return
        if self._is_torn(message):
            # FFmpeg would fill the hole with copies of one picture, or wait for its end.
            self._raw.pause()
        self.facts.take(message)
        self._raw.send((message,))

    def _is_torn(self, message: Message) -> bool:
        """Tell whether this does not follow what came before: an encoder was away, or began anew
        on the connection that we have."""
        before, self._stamps[message.kind] = self._stamps.get(message.kind), message.timestamp
        if before is None:
            return False
        silent = self.facts.last_ms >= 0 and not self.facts.alive(now_ms())
        return silent or not -_DISORDER_MS < message.timestamp - before < ALIVE_MS

    async def _normalise(self, house: HouseFormat) -> None:
        while True:
            await self._wanted.wait()
            await self._raw.wait_media()
            changing = _Inlet(self._raw)
            try:
                source = normaliser(changing, house)
                await _until_cleared(self._wanted, self._pass_on(source))
                self.facts.problem = source.problem if self._wanted.is_set() else None
            finally:
                changing.close()
            self._desk.gone(self.config.id)
            await asyncio.sleep(_NORMALISER_RETRY_S)

    async def _pass_on(self, source: FfmpegSource) -> None:
        async with aclosing(source.messages()) as messages:
            async for message in messages:
                self.facts.problem = None
                self._desk.fresh(self.config.id, message)


async def _until_cleared(flag: asyncio.Event, work: Any) -> None:
    """Run ``work`` to its end, or until the flag is cleared."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=0.1)
            if not flag.is_set():
                break
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Inlet:
    """What a normaliser reads: the raw stream from its last key frame on, bounded."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(_QUEUE)
        self._dropping = False
        for message in hub.join(self):
            self.take(message, False)

    def take(self, message: Message, entry: bool) -> None:
        if self._dropping and not entry:
            return
        self._dropping = False
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._dropping = True

    def expect(self) -> None:
        return

    def over(self) -> None:
        self.close()

    def close(self) -> None:
        self._hub.leave(self)
        while True:
            try:
                self._queue.put_nowait(None)
                return
            except asyncio.QueueFull:
                self._queue.get_nowait()

    async def __aiter__(self) -> AsyncIterator[Message]:
        while (message := await self._queue.get()) is not None:
            yield message


class CameraFeeder:
    """Reads an address again and again."""

    def __init__(self, config: SourceConfig, desk: Desk) -> None:
        self.config = config
        self.facts = Facts()
        self._desk = desk

    def update(self, config: SourceConfig) -> None:
        self.config = config

    def wanted(self, wanted: bool) -> None:
        pass

    async def run(self) -> None:
        attempts = 0
        while True:
            source = camera(self.config)
            begun = time.monotonic()
            async with aclosing(source.messages()) as messages:
                async for message in messages:
                    if not self.facts.connected:
                        self.facts.connected, self.facts.problem = True, None
                        self._desk.changed()
                    self.facts.take(message)
                    self._desk.fresh(self.config.id, message)
            attempts = 0 if time.monotonic() - begun > LONGEST_S else attempts + 1
            self.facts.connected, self.facts.problem = False, source.problem
            delay_s = min(LONGEST_S, 2.0 ** min(attempts, 5)) * random.uniform(0.5, 1.0)  # noqa: S311
            self.facts.now = {"next_try_ms": wall_ms() + round(delay_s * 1000)}
            self._desk.gone(self.config.id)
            self._desk.changed()
            await asyncio.sleep(delay_s)
            self.facts.now = None
