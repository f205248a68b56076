"""Can this machine carry one more ladder? Measured once, then reckoned."""

import asyncio
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from ...core.errors import NotSupported
from ...core.files import write_atomic
from ...core.log import get_logger
from ..gently import gently
from ..to_the_end import to_the_end
from .argv import FFMPEG
from .cores import BusyMeter, Cores, usable_cores
from .ladder import Preset, Rendition, VideoCodec
from .variants import SourceFacts, size_of

log = get_logger(__name__)

_LIMIT_S = 60.0
_FRAMES, _WIDTH, _HEIGHT = 45, 1280, 720
_PICTURE = f"testsrc2=size={_WIDTH}x{_HEIGHT}:rate=30,noise=alls=12:allf=t,format=yuv420p"
"""A little noise: real pictures cost more than drawn ones."""

# Work a point of the picture, as a part of what x264 `veryfast` does, measured with FFmpeg 5.1.
_PRESETS: Mapping[Preset, float] = {
    Preset.ULTRAFAST: 0.5,
    Preset.SUPERFAST: 0.9,
    Preset.VERYFAST: 1.0,
    Preset.FASTER: 1.9,
    Preset.FAST: 3.4,
    Preset.MEDIUM: 3.9,
}
_DECODE = 0.4
_SCALE = 0.2
_HARDWARE = 0.1
"""Of encoding when a device of the machine does it: pictures are handed over."""
_SOUND_CORES = 0.015
_PASS_ON_CORES = 0.005
_ASSUMED = SourceFacts(width=1920, height=1080)
_ASSUMED_FPS = 30

_USED_AT_MOST = 0.9
"""Of all that may be used: viewers and the rest of the house need some too."""
_ALWAYS_FREE = 0.05
"""What else is busy for a minute must not keep away what is hardly felt."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Shares of what this process may use of the processor, 100 is all of it. ``per``: of each
    rendition; ``percent`` has decoding too."""

    percent: float
    free_percent: float
    per: tuple[float, ...]

    @property
    def ok(self) -> bool:
        return self.percent <= self.free_percent


class Guard:
    """Knows the speed of this machine; ``load`` must be looked at now and then.

    ``cache`` keeps the measurement: it is made again when processor or FFmpeg are others.
    """

    def __init__(
        self,
        cache: Path,
        load: BusyMeter,
        cores: Callable[[], Cores] = usable_cores,
        ffmpeg: str = FFMPEG,
    ) -> None:
        self._cache = cache
        self._load = load
        self._cores = cores
        self._ffmpeg = ffmpeg
        self._lock = asyncio.Lock()
        self._point_s: float | None = None

    @property
    def cores(self) -> Cores:
        return self._cores()

    @property
    def speed_1080p30(self) -> float:
        """How many times as fast as it comes all cores together encode 1920x1080 at 30 pictures a
        second; 0 when it has not been measured yet."""
        if self._point_s is None:
            return 0.0
        return round(self.cores.usable / (self._point_s * 1920 * 1080 * 30), 2)

    async def measure(self) -> None:
        """Make sure that the speed is known. Raises NotSupported when FFmpeg cannot encode."""
        async with self._lock:
            if self._point_s is None:
                machine = await asyncio.to_thread(_machine, self._ffmpeg)
                self._point_s = await asyncio.to_thread(_read, self._cache, machine)
                if self._point_s is None:
                    self._point_s = await self._measured()
                    await asyncio.to_thread(_keep, self._cache, machine, self._point_s)

    async def _measured(self) -> float:
        source = ["-f", "lavfi", "-i", _PICTURE, "-frames:v", str(_FRAMES)]
        encode = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-b:v", "2500k"]
        begun = time.monotonic()
        whole = await _cpu_s([self._ffmpeg, *source, *encode, "-f", "null", "-"])
        drawing = await _cpu_s([self._ffmpeg, *source, "-f", "null", "-"])
        point_s = max(whole - drawing, whole / 4) / (_FRAMES * _WIDTH * _HEIGHT)
        log.info(
            "machine.measured",
            ns_a_point=round(point_s * 1e9, 2),
            took_s=round(time.monotonic() - begun, 1),
        )
        return point_s

    async def estimate(
        self,
        renditions: Sequence[Rendition],
        source: SourceFacts | None,
        used: tuple[float, float] = (0.0, 0.0),
        *,
        hardware: bool = False,
    ) -> Estimate:
        """Reckon what a ladder takes. ``used``: cores that ladders use now, and that they will use
        when all of them run as reckoned. Raises NotSupported."""
        await self.measure()
        facts = source if source and source.width and source.height else _ASSUMED
        per = [self._cores_of(one, facts, hardware=hardware) for one in renditions]
        decoding = 0.0
        if any(one.codec is VideoCodec.H264 for one in renditions):
            decoding = _DECODE * self._points_cost(facts.width, facts.height, _ASSUMED_FPS)
        share = 100 / self.cores.usable
        return Estimate(
            percent=round((sum(per) + decoding) * share, 2),
            free_percent=self.free_percent(used),
            per=tuple(round(cores * share, 2) for cores in per),
        )

    def free_percent(self, used: tuple[float, float] = (0.0, 0.0)) -> float:
        """Return what is left for one more ladder; ``used`` as for ``estimate``."""
        cores = self.cores
        now, reckoned = used
        others = max(0.0, self._load.busy)
        free = min(cores.usable, cores.present - others) * _USED_AT_MOST - max(now, reckoned)
        floor = cores.usable * _ALWAYS_FREE
        return round(
            max(free, floor if reckoned < cores.usable * _USED_AT_MOST else 0.0)
            * 100
            / cores.usable,
            2,
        )

    def _cores_of(self, one: Rendition, source: SourceFacts, *, hardware: bool) -> float:
        sound = _SOUND_CORES if one.audio_kbps else 0.0
        if one.codec is not VideoCodec.H264:
            return sound + _PASS_ON_CORES
        width, height = size_of(one, source)
        fps = min(one.fps or _ASSUMED_FPS, 60)
        factor = _HARDWARE if hardware else _PRESETS[one.preset]
        encoding = factor * self._points_cost(width, height, fps)
        scaling = 0.0
        if (width, height) != (source.width, source.height):
            scaling = _SCALE * self._points_cost(source.width, source.height, fps)
        return encoding + scaling + sound + _PASS_ON_CORES

    def _points_cost(self, width: int, height: int, fps: int) -> float:
        return (self._point_s or 0.0) * width * height * fps


async def _cpu_s(argv: Sequence[str]) -> float:
    """Run FFmpeg and return the processor time that it took, however busy the machine is."""
    command = gently([argv[0], "-hide_banner", "-nostdin", "-nostats", "-benchmark", *argv[1:]])
    try:
        child = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as exc:
        raise _cannot(str(exc.strerror)) from None
    try:
        async with asyncio.timeout(_LIMIT_S):
            _, said = await child.communicate()
    except TimeoutError:
        raise _cannot("it took too long") from None
    finally:
        await to_the_end(_reap(child))
    found = re.search(rb"bench: utime=([0-9.]+)s stime=([0-9.]+)s", said)
    if found is None or child.returncode != 0:
        raise _cannot(f"it ended with status {child.returncode}")
    return float(found[1]) + float(found[2])


async def _reap(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _cannot(why: str) -> NotSupported:
    return NotSupported(
        f"FFmpeg cannot encode H.264 on this machine ({why})",
        "Install an ffmpeg with libx264; ./bootstrap does it.",
        key="transcode_no_ffmpeg",
    )


def _machine(ffmpeg: str) -> str:
    """Return what the measurement holds for: the processor and the program."""
    model = ""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "CPU part", "Model")):
                model = line.partition(":")[2].strip()
                break
        program = Path(shutil.which(ffmpeg) or ffmpeg).resolve().stat()
        return f"{model} {program.st_size} {program.st_mtime_ns}"
    except OSError:
        return model


def _read(cache: Path, machine: str) -> float | None:
    try:
        stored = orjson.loads(cache.read_bytes())
        point_s = float(stored["point_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return point_s if stored.get("machine") == machine and 1e-11 < point_s < 1e-5 else None


def _keep(cache: Path, machine: str, point_s: float) -> None:
    try:
        write_atomic(cache, orjson.dumps({"machine": machine, "point_s": point_s}))
    except OSError as exc:
        # Without it the next start measures again.
        log.info("machine.not_kept", error=exc.strerror)
