"""A show that goes into a hub in real time, and destinations that it is sent to."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.rtmp.chunk import DATA, Message
from streamstead.core.rtmp.flv import FlvReader
from streamstead.ffmpeg_forward.backoff import Backoff
from streamstead.ffmpeg_forward.relay.config import DestinationConfig
from streamstead.ffmpeg_forward.relay.connection import State
from streamstead.ffmpeg_forward.relay.destination import Destination
from streamstead.ffmpeg_forward.relay.hub import Hub
from streamstead.ffmpeg_forward.relay.limits import Limits
from streamstead.ffmpeg_forward.splice.media import look

from ...conftest import need
from ..conftest import until
from ..sinks import RtmpSink, rtmp_sink

QUICK = Limits(proven_s=0.1, fresh_s=0.6, stuck_s=1.2, settled_s=1.0, backlog_s=0.3)
"""The same rules, sooner. What servers may take is left as it is: this machine may be busy."""

STEADY = Limits(proven_s=0.1, fresh_s=30.0, stuck_s=60.0, backlog_s=30.0)
"""For a destination that nothing happens to, however busy this machine is."""


class Soon(Backoff):
    """Counts as the real one and waits a twentieth; remembers what the real one would do."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []

    def delay_s(self) -> float:
        self.delays.append(super().delay_s())
        return self.delays[-1] / 20


def is_media(message: Message) -> bool:
    return message.kind != DATA and not look(message).header


class Show:
    """Plays a clip into a hub over and over, in real time."""

    def __init__(self, clip: list[Message], hub: Hub, begin_ms: int = 0) -> None:
        self.hub = hub
        self._clip = clip
        self._length = clip[-1].timestamp + 33 if clip else 0
        self._begin_ms = begin_ms
        self.pauses = asyncio.Event()
        self.late_s = 0.0
        """The longest time that handing on one message took."""

    async def run(self) -> None:
        began, lap = time.monotonic(), 0
        while True:
            for message in self._clip:
                if lap and not is_media(message):
                    continue
                at = lap * self._length + message.timestamp
                await asyncio.sleep(max(0.0, began + at / 1000 - time.monotonic()))
                if self.pauses.is_set():
                    continue
                before = time.monotonic()
                stamp = (self._begin_ms + at) & 0xFFFFFFFF
                self.hub.send([Message(message.kind, stamp, message.payload)])
                self.late_s = max(self.late_s, time.monotonic() - before)
            lap += 1


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of H.264 and AAC, about 800 kbit/s, with a key frame every half second."""
    path = tmp_path_factory.mktemp("show") / "clip.flv"
    argv = [need("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"]
    argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "4"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
    argv += ["-pix_fmt", "yuv420p", "-g", "15", "-c:a", "aac", "-f", "flv", str(path)]
    subprocess.run(argv, check=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def clip(clip_file: Path) -> list[Message]:
    return FlvReader().feed(clip_file.read_bytes())


@pytest.fixture(scope="module")
def sink() -> Iterator[RtmpSink]:
    """One for all tests of a file; each uses a key of its own."""
    with rtmp_sink(record=True) as found:
        yield found


@pytest.fixture
async def show(clip: list[Message]) -> AsyncIterator[Show]:
    """A show that is on."""
    found = Show(clip, Hub())
    async with running(found.run()):
        yield found


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Run something beside the body; it must not end by itself."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        assert not task.done(), task
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def sent(show: Show, url: str, **more: Any) -> AsyncIterator[Destination]:
    """Send the show to an address. Options are those of the configuration and of Destination."""
    own = {
        name: more.pop(name)
        for name in ("network", "rtmp_port", "reads", "said", "grants")
        if name in more
    }
    limits, backoff = more.pop("limits", QUICK), more.pop("backoff", None) or Soon()
    config = DestinationConfig("it", url, **more)
    destination = Destination(config, show.hub, limits=limits, backoff=backoff, **own)
    async with running(destination.run()):
        yield destination


async def until_state(destination: Destination, *states: State) -> None:
    await until(lambda: destination.status().state in states)


async def until_problem(destination: Destination, key: str) -> None:
    """Wait until a try has failed for that reason; fail at once for another one."""

    def failed() -> bool:
        problem = destination.status().problem
        assert problem is None or problem.key == key, problem
        return problem is not None and destination.status().attempts > 0

    await until(failed)


def said(destination: Destination) -> str:
    """Return everything that it tells of itself."""
    return repr(destination.status())


Check = Callable[[], bool]
