"""Which encoders of this machine really work: each is tried with a picture or two."""

import asyncio
from pathlib import Path

from ...core.log import get_logger
from ..gently import MediaFailed, run_to_end
from .argv import ENCODERS, FFMPEG, SOFTWARE, Encoder
from .ladder import Hardware

log = get_logger(__name__)

_TRIAL_S = 15.0
_TRIAL = "testsrc2=size=320x180:rate=10"
_DEVICES: dict[Hardware, tuple[str, ...]] = {
    Hardware.NVENC: ("/dev/nvidiactl", "/dev/dxg"),
    Hardware.QSV: ("/dev/dri/renderD128",),
    Hardware.VAAPI: ("/dev/dri/renderD128",),
}
"""In the order in which ``auto`` takes them; without a device nothing is tried."""


class HardwareEncoders:
    """Looks once, when somebody first asks."""

    def __init__(self, ffmpeg: str = FFMPEG, root: Path = Path("/")) -> None:
        self._ffmpeg = ffmpeg
        self._root = root
        self._lock = asyncio.Lock()
        self._found: tuple[Hardware, ...] | None = None

    async def found(self) -> tuple[Hardware, ...]:
        """Return those that work, the best first."""
        async with self._lock:
            if self._found is None:
                self._found = tuple([one for one in _DEVICES if await self._works(one)])
                log.info("hardware_encoders.found", names=[one.value for one in self._found])
            return self._found

    async def encoder(self, wanted: Hardware) -> Encoder | None:
        """Return what a ladder is encoded with; None when what it asks for is not here."""
        if wanted is Hardware.OFF:
            return SOFTWARE
        found = await self.found()
        if wanted is Hardware.AUTO:
            return ENCODERS[found[0]] if found else SOFTWARE
        return ENCODERS[wanted] if wanted in found else None

    async def _works(self, one: Hardware) -> bool:
        if not any((self._root / path.lstrip("/")).exists() for path in _DEVICES[one]):
            return False
        try:
            await run_to_end(trial_argv(self._ffmpeg, ENCODERS[one]), limit_s=_TRIAL_S)
        except MediaFailed as exc:
            log.info("hardware_encoder.does_not_work", name=one.value, reason=exc.message)
            return False
        return True


def trial_argv(ffmpeg: str, encoder: Encoder) -> list[str]:
    """Return a command that encodes some pictures and keeps nothing."""
    return [
        *(ffmpeg, "-hide_banner", "-nostdin", "-v", "error", *encoder.setup),
        *("-f", "lavfi", "-i", _TRIAL, "-frames:v", "5", "-vf", encoder.upload),
        *("-c:v", encoder.codec, *encoder.options, "-profile:v", "main", "-b:v", "300k"),
        *("-f", "null", "-"),
    ]
