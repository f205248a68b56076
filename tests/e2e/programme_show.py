"""A programme on air with faults: what the far end got of it, picture by picture."""

import asyncio
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil

from streamstead.core.publish_secret import PublishSecretStore
from streamstead.core.rtmp.chunk import AUDIO, VIDEO, Message
from streamstead.core.rtmp.client import RtmpError, open_rtmp
from streamstead.core.rtmp.flv import file_header, tag_bytes
from streamstead.ffmpeg_forward.splice.media import look

from ..alone import Alone
from ..conftest import need, wait_until
from ..ffmpeg_forward.sinks import RtmpSink

LIMIT_S = 60
KEY = "show"
WIDE, HIGH = 32, 18
"""Pictures are compared this small."""

WHITE = 200
"""So bright is a flash on average, 0-255."""

_BEEP_HZ = 8000
_LOUD = 2000


@dataclass(frozen=True)
class Camera:
    """A picture of one grey that flashes, with a beep, at each full second since it began: where a
    key frame is, too. ``grey`` is 0-255."""

    name: str
    grey: int
    size: str = "640x360"
    fps: int = 25
    rate: int = 44100


class Encoder:
    """An ffmpeg that publishes what a camera sees."""

    def __init__(self, camera: Camera, url: str) -> None:
        shade = f"0x{camera.grey:02x}{camera.grey:02x}{camera.grey:02x}"
        flash = "drawbox=color=white:t=fill:enable='lt(mod(t+0.001,1),0.03)'"
        beep = "aevalsrc='if(lt(mod(t+0.001,1),0.1),0.8*sin(2*PI*1000*t),0)'"
        argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-re"]
        argv += ["-f", "lavfi", "-i", f"color={shade}:s={camera.size}:r={camera.fps},{flash}"]
        argv += ["-re", "-f", "lavfi", "-i", f"{beep}:s={camera.rate}"]
        argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
        argv += ["-pix_fmt", "yuv420p", "-g", str(camera.fps), "-sc_threshold", "0"]
        argv += ["-c:a", "aac", "-b:a", "64k", "-f", "flv", url]
        self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.child.send_signal(how)
        self.child.send_signal(signal.SIGCONT)
        self.child.wait(30)


class How(StrEnum):
    CLOSE = "closed"
    KILL = "killed"
    FREEZE = "frozen"


@dataclass(frozen=True)
class Loss:
    """A camera stops for so long."""

    camera: str
    how: How
    for_s: float


@dataclass
class Received:
    """What the far end got: each message, and when (monotonic seconds)."""

    came: list[tuple[float, Message]] = field(default_factory=list)

    def frames(self, kind: int) -> list[tuple[float, Message]]:
        return [(at, m) for at, m in self.came if m.kind == kind and look(m).frame]

    def stamps(self, kind: int) -> list[int]:
        return [m.timestamp for _, m in self.frames(kind)]

    def largest_gap_ms(self, kind: int) -> int:
        return max(b - a for a, b in pairwise(self.stamps(kind)))

    def largest_wait_s(self, kind: int) -> float:
        """Return the longest time in which nothing of a kind came."""
        return max(b - a for (a, _), (b, _) in pairwise(self.frames(kind)))


class Player:
    """Plays the show from the sink for as long as it lasts, in a thread."""

    def __init__(self, port: int) -> None:
        self.received = Received()
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._loop.run_until_complete(self._play())
        self._loop.close()

    async def _play(self) -> None:
        reading = asyncio.ensure_future(self._read())
        await self._done.wait()
        reading.cancel()
        await asyncio.wait([reading])

    async def _read(self) -> None:
        async with open_rtmp(self._port, "live") as client:
            await client.play(KEY)
            while True:
                try:
                    message = await client.next()
                except RtmpError:
                    return
                if message.kind in (AUDIO, VIDEO):
                    self.received.came.append((time.monotonic(), message))

    def end(self) -> Received:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(30)
        return self.received


class Show:
    """A programme of a house that is sent to a sink, and its cameras."""

    def __init__(
        self, house: Alone, sink: RtmpSink, cameras: Sequence[Camera], **programme: Any
    ) -> None:
        self.house, self.sink = house, sink
        self.cameras = {camera.name: camera for camera in cameras}
        self.encoders: dict[str, Encoder] = {}
        self.losses: list[tuple[Loss, float, float]] = []
        self._secret = house.redis.hget(PublishSecretStore.KEY, "pubSecret")
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{house.settings.ffmpeg_port}/terraform/v1/ffmpeg/",
            headers={"Authorization": f"Bearer {house.settings.api_secret.get_secret_value()}"},
            timeout=60,
            trust_env=False,
        )
        sources = [{"app": "live", "stream": camera.name} for camera in cameras]
        made = self.call(
            "programme/create", label="The show", sources=sources, enabled=True, **programme
        )
        self.id = str(made["id"])
        self.output = self.call(
            "outputs/create",
            platform="custom",
            server=f"rtmp://127.0.0.1:{sink.port}/live",
            key=KEY,
            source={"kind": "programme", "programme": self.id},
            enabled=True,
        )["id"]

    def call(self, path: str, **body: Any) -> Any:
        reply = self._client.post(path, json=body)
        assert reply.status_code == 200, (path, reply.text)
        return reply.json()["data"]

    def programme(self) -> dict[str, Any]:
        (found,) = self.call("programme/list")["programmes"]
        return dict(found)

    def on_air(self) -> str | None:
        """Return ``slate``, the name of a camera, or None."""
        found = self.programme()["on_air"]
        return None if found is None else str(found).removeprefix("live/")

    def wait_on_air(self, name: str) -> None:
        wait_until(lambda: self.on_air() == name, f"{name} is on air", LIMIT_S)

    def output_is_live(self) -> bool:
        (found,) = self.call("outputs/list")["outputs"]
        return bool(found["state"] == "live")

    def begin(self, name: str) -> None:
        port = self.house.settings.rtmp_port
        url = f"rtmp://127.0.0.1:{port}/live/{name}?secret={self._secret}"
        self.encoders[name] = Encoder(self.cameras[name], url)

    def lose(self, loss: Loss, others: Callable[[], None] | None = None) -> None:
        """Let it happen; return when the camera is on again. ``others`` happens meanwhile."""
        encoder = self.encoders[loss.camera]
        began = time.monotonic()
        if loss.how is How.FREEZE:
            encoder.child.send_signal(signal.SIGSTOP)
        else:
            encoder.end(signal.SIGKILL if loss.how is How.KILL else signal.SIGTERM)
        if others is not None:
            others()
        time.sleep(max(0.0, began + loss.for_s - time.monotonic()))
        if loss.how is How.FREEZE:
            encoder.child.send_signal(signal.SIGCONT)
        else:
            self.begin(loss.camera)
        self.losses.append((loss, began, time.monotonic()))

    def relay(self) -> psutil.Process:
        (found,) = self._relays()
        return found

    def _relays(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "streamstead.ffmpeg_forward.relay" in words and str(self.house.root) in words:
                found.append(process)
        return found

    def close(self) -> None:
        """End everything; nothing is left running."""
        for encoder in self.encoders.values():
            encoder.end()
        self.house.settings.data.stop_mark.touch()
        self._client.close()
        self.house.services["ffmpeg_forward"].terminate()
        wait_until(lambda: not self._relays(), "the relays have ended", LIMIT_S)


@contextmanager
def on_air(
    house: Alone, sink: RtmpSink, cameras: Sequence[Camera], **programme: Any
) -> Iterator[Show]:
    """Begin a show; cameras are begun by the test."""
    show = Show(house, sink, cameras, **programme)
    try:
        yield show
    finally:
        show.close()


@dataclass(frozen=True)
class Picture:
    """One decoded picture: when it is shown in ms of the timeline, and its small grey self."""

    at_ms: int
    pixels: bytes

    @property
    def brightness(self) -> float:
        return statistics.fmean(self.pixels)

    def unlike(self, other: bytes) -> float:
        """Return by how much it differs from another picture, 0-255 for each pixel."""
        return statistics.fmean(abs(a - b) for a, b in zip(self.pixels, other, strict=True))


@dataclass(frozen=True)
class Decoded:
    """A show as a player has it. ``complaints``: what FFmpeg says of it. ``beeps``: when, in ms."""

    pictures: list[Picture]
    beeps: list[int]
    complaints: str


def decode(received: Received) -> Decoded:
    """Decode everything that came."""
    with tempfile.TemporaryDirectory(prefix="ss-show-") as name:
        path = Path(name) / "show.flv"
        with path.open("wb") as file:
            file.write(file_header(True, True))
            file.writelines(tag_bytes(message) for _, message in received.came)
        source = ["-v", "warning", "-fflags", "+noparse", "-i", str(path)]
        scale = f"scale={WIDE}:{HIGH}:flags=area,format=gray"
        as_is = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-c:v", "rawvideo"]
        seen = _decode([*source, "-map", "v", "-vf", scale, *as_is], Path(name))
        as_is = ["-ac", "1", "-ar", str(_BEEP_HZ), "-c:a", "pcm_s16le"]
        heard = _decode([*source, "-map", "a", *as_is], Path(name))
    pictures = [Picture(at_ms, raw) for at_ms, raw in seen.packets]
    return Decoded(pictures, _beeps(heard.packets), seen.complaints + heard.complaints)


@dataclass(frozen=True)
class _Raw:
    packets: list[tuple[int, bytes]]
    complaints: str


def _decode(argv: list[str], directory: Path) -> _Raw:
    """Return what FFmpeg gives out, packet by packet with its time."""
    times = directory / "times"
    tee = ["-f", "tee", f"[f=framecrc]{times}|[f=data]pipe\\:1"]
    done = subprocess.run(
        [need("ffmpeg"), *argv, *tee], stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    packets = []
    begin, tick = 0, 0.0
    for line in times.read_text().splitlines():
        if line.startswith("#tb 0:"):
            over, _, under = line.removeprefix("#tb 0:").partition("/")
            tick = 1000 * int(over) / int(under)
        elif not line.startswith("#"):
            fields = line.split(",")
            size = int(fields[4])
            packets.append((round(int(fields[2]) * tick), done.stdout[begin : begin + size]))
            begin += size
    assert begin == len(done.stdout)
    return _Raw(packets, done.stderr.decode())


def _beeps(packets: Sequence[tuple[int, bytes]]) -> list[int]:
    """Return when each beep begins."""
    found: list[int] = []
    quiet_from = -1000
    for at_ms, raw in packets:
        for number, sample in enumerate(memoryview(raw).cast("h")):
            if abs(sample) > _LOUD:
                now_ms = at_ms + number * 1000 // _BEEP_HZ
                if now_ms - quiet_from > 250:
                    found.append(now_ms)
                quiet_from = now_ms
    return found


def preview(show: Show) -> bytes:
    """Return what the slate looks like, small and grey, as the page would show it."""
    reply = show._client.post(
        "slate/preview", json={"slate": show.programme()["slate"], "width": 640, "height": 360}
    )
    assert reply.status_code == 200, reply.text
    argv = [need("ffmpeg"), "-v", "error", "-i", "pipe:0"]
    argv += ["-vf", f"scale={WIDE}:{HIGH}:flags=area,format=gray", "-f", "rawvideo", "pipe:1"]
    done = subprocess.run(argv, input=reply.content, capture_output=True, check=True, timeout=60)
    return done.stdout


@dataclass(frozen=True)
class Stretch:
    """From one change of what is shown to the next."""

    what: str
    begin_ms: int
    end_ms: int
    first: Picture


def stretches(decoded: Decoded, cameras: Sequence[Camera], slate: bytes) -> list[Stretch]:
    """Return what was shown, one after the other: cameras by name, ``slate``, ``?``.

    A flash belongs to what comes after it.
    """
    found: list[Stretch] = []
    flash: Picture | None = None
    for picture in decoded.pictures:
        if picture.brightness >= WHITE:
            flash = flash or picture
            continue
        what = _what(picture, cameras, slate)
        first, flash = flash or picture, None
        if found and found[-1].what == what:
            found[-1] = Stretch(what, found[-1].begin_ms, picture.at_ms, found[-1].first)
        else:
            found.append(Stretch(what, first.at_ms, picture.at_ms, first))
    return found


def _what(picture: Picture, cameras: Sequence[Camera], slate: bytes) -> str:
    if picture.unlike(slate) < 12:
        return "slate"
    for camera in cameras:
        if picture.unlike(bytes([camera.grey]) * len(picture.pixels)) < 12:
            return camera.name
    return "?"


def flashes(decoded: Decoded) -> list[int]:
    """Return when each flash begins, in ms."""
    found: list[int] = []
    lit = False
    for picture in decoded.pictures:
        white = picture.brightness >= WHITE
        if white and not lit:
            found.append(picture.at_ms)
        lit = white
    return found


def unheard(decoded: Decoded, within_ms: int) -> list[int]:
    """Return the flashes that have no beep within so many ms."""
    return [
        flash
        for flash in flashes(decoded)
        if not any(abs(flash - beep) <= within_ms for beep in decoded.beeps)
    ]


def descriptors(process: psutil.Process) -> int:
    return len(os.listdir(f"/proc/{process.pid}/fd"))
