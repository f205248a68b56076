"""A media server, the registry that knows who is live there, and a keeper between them."""

import asyncio
import functools
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.core.house_grant import HouseGrants, Way
from streamstead.core.registry import DEFAULT_VHOST, Kind, Protocol, Session, StreamRegistry
from streamstead.core.renditions import Renditions
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.ffmpeg_forward.transcode.cores import BusyMeter, Cores
from streamstead.ffmpeg_forward.transcode.guard import Guard
from streamstead.ffmpeg_forward.transcode.hardware import HardwareEncoders
from streamstead.ffmpeg_forward.transcode.keeper import Keeper, TranscodeState
from streamstead.ffmpeg_forward.transcode.ladder import Ladder, Rendition, VideoCodec
from streamstead.ffmpeg_forward.transcode.oryx import Oryx, OryxStore
from streamstead.ffmpeg_forward.transcode.service import Ladders, note_source, protect
from streamstead.ffmpeg_forward.transcode.store import LadderStore
from streamstead.ffmpeg_forward.transcode.variants import SourceFacts, describe
from streamstead.ffmpeg_forward.transcode.work import Work

from ...conftest import need
from ..sinks import RtmpSink

HOUSE_KEY = b"k" * 32
MASTER_KEY = b"m" * 32
LIMIT_S = 60.0

SMALL = Rendition(name="small", width=96, height=54, video_kbps=60, gop_s=1, audio_kbps=32)
SAME = Rendition(name="same", width=160, height=90, video_kbps=120, gop_s=1, audio_kbps=32)
SOUND = Rendition(name="sound", codec=VideoCodec.NONE, audio_kbps=32)


def ladder(*renditions: Rendition, stream: str = "cam", enabled: bool = True) -> Ladder:
    return Ladder(
        id=f"id-{stream}",
        app="live",
        stream=stream,
        enabled=enabled,
        renditions=renditions or (SAME, SMALL, SOUND),
        created_ms=1,
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def encoder(url: str, *, sound: bool = True) -> subprocess.Popen[bytes]:
    """Publish a tiny picture, and a tone, until it is ended."""
    argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-re"]
    argv += ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"]
    if sound:
        argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-c:a", "aac"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"]
    argv += ["-pix_fmt", "yuv420p", "-f", "flv", url]
    return subprocess.Popen(argv, stderr=subprocess.DEVNULL)


class Bench(Guard):
    """A guard that need not measure: the speed is known, and nothing else runs."""

    def __init__(self, cache: Path, point_s: float = 1e-10) -> None:
        super().__init__(cache, BusyMeter(), lambda: Cores(2.0, 2))
        self._point_s = point_s


@dataclass
class Stage:
    """Everything around a keeper. ``start`` begins one life of it, ``stop`` ends that."""

    settings: Settings
    redis: Redis
    sink: RtmpSink
    registry: StreamRegistry
    store: LadderStore
    oryx: Oryx
    guard: Guard
    events: EventStream
    keeper: Keeper | None = None
    _running: "asyncio.Task[None] | None" = None

    def start(self) -> Keeper:
        grants = HouseGrants(HOUSE_KEY)
        ladders = Ladders(self.store, grants, self.sink.port)

        async def works(live: object, renditions: object) -> list[Work]:
            return [
                *await ladders.works(live, renditions),  # type: ignore[arg-type]
                *await self.oryx.works(live, renditions),  # type: ignore[arg-type]
            ]

        async def facts(url: str) -> SourceFacts:
            return SourceFacts(160, 90)

        keeper = Keeper(
            store=self.store,
            works=works,
            registry=self.registry,
            renditions=Renditions(self.redis),
            events=self.events,
            guard=self.guard,
            load=BusyMeter(),
            hardware=HardwareEncoders(root=Path("/nonexistent")),
            facts=facts,
            note=functools.partial(note_source, self.store),
            protect=functools.partial(protect, self.store),
            run_dir=self.settings.data.run,
            stop_mark=self.settings.data.stop_mark,
            clock=now_ms,
        )
        self.keeper = keeper
        self._running = asyncio.create_task(keeper.run())
        return keeper

    async def stop(self, *, whole_house: bool = True) -> None:
        mark = self.settings.data.stop_mark
        if whole_house:
            mark.touch()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            self._running = None
        mark.unlink(missing_ok=True)

    def state(self, made: Ladder) -> TranscodeState:
        assert self.keeper is not None
        return self.keeper.how(made.id, enabled=made.enabled).state

    def live(self, stream: str) -> bool:
        return any(one.ended_s is None for one in self.sink.sessions(stream))

    async def until(self, check: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + LIMIT_S
        while not check():
            assert time.monotonic() < end, f"not within {LIMIT_S} s: {what}; {self._said()}"
            await asyncio.sleep(0.05)

    def _said(self) -> list[object]:
        if self.keeper is None:
            return []
        return [(job.problem, job.lines) for job in self.keeper._jobs.values()]

    async def until_state(self, made: Ladder, state: TranscodeState) -> None:
        await self.until(lambda: self.state(made) is state, f"the ladder is {state}")

    async def mirror(self) -> None:
        """Tell the registry of publishers as callbacks of the media server do."""
        known: set[str] = set()
        while True:
            for one in self.sink.sessions():
                client = f"{one.stream}-{one.client}"
                if one.ended_s is None and client not in known:
                    known.add(client)
                    await self.registry.found(_session(client, one.stream), now_ms())
                elif one.ended_s is not None and client in known:
                    known.discard(client)
                    await self.registry.finish(client, now_ms(), "on_unpublish")
            await asyncio.sleep(0.05)


def _session(client: str, stream: str) -> Session:
    return Session(
        client_id=client,
        kind=Kind.PUBLISH,
        protocol=Protocol.RTMP,
        vhost=DEFAULT_VHOST,
        app="live",
        stream=stream,
        url=f"live/{stream}",
        ip="127.0.0.1",
        since_ms=now_ms(),
    )


@pytest.fixture
async def stage(settings: Settings, redis: Redis, tmp_path: Path) -> AsyncIterator[Stage]:
    need("ffmpeg")
    sink = RtmpSink(tmp_path)
    grants = HouseGrants(HOUSE_KEY)
    made = Stage(
        settings,
        redis,
        sink,
        StreamRegistry(redis),
        LadderStore(redis, describe),
        Oryx(OryxStore(redis, MASTER_KEY), grants, sink.port),
        Bench(tmp_path / "speed.json"),
        EventStream(redis),
    )

    def allowed(one: object) -> bool:
        args = dict(part.partition("=")[::2] for part in one.args.split("&"))  # type: ignore[attr-defined]
        url = f"live/{one.stream}"  # type: ignore[attr-defined]
        if "grant" not in args:
            return "_" not in url and "-trans" not in url
        return grants.accepts(Way.PUBLISH, url, args["grant"], now_ms())

    sink.allow = allowed
    sink.start()
    try:
        async with background(made.mirror()):
            yield made
            await made.stop()
    finally:
        sink.close()


@asynccontextmanager
async def publishing(stage: Stage, stream: str = "cam", **how: bool) -> AsyncIterator[None]:
    """Have an encoder publish a stream meanwhile."""
    child = encoder(stage.sink.url(stream), **how)
    try:
        await stage.until(lambda: stage.live(stream), f"{stream} is live")
        yield
    finally:
        child.terminate()
        await asyncio.to_thread(child.wait)
