"""Keeps a slate ready that has the parameters of what is on air."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ..gently import MediaFailed
from ..slate.kit import SlateLook, make_slate
from ..slate.scene import CARD
from ..splice.media import MediaInfo, SlateParams
from ..splice.splicer import Slate
from .config import HouseFormat, SlateConfig

SETTLE_S = 1.0
"""Parameters must stand for so long: the first seconds of a source are guesses."""

RETRY_S = 30.0

DEFAULT = SlateParams(
    video_codec="avc",
    width=1280,
    height=720,
    fps=30.0,
    profile="high",
    level="3.1",
    pix_fmt="yuv420p",
    audio_rate=48000,
    audio_channels=2,
)
"""Before any source was there."""


class SlateKeeper:
    """``current`` is the newest slate; an older one is kept until its successor is ready."""

    def __init__(self, cache: Path, changed: Callable[[], None]) -> None:
        self._cache = cache
        self._changed = changed
        self._look: SlateConfig | None = None
        self._params = DEFAULT
        self._seen = DEFAULT
        self._seen_at = 0.0
        self._made: tuple[SlateConfig, SlateParams] | None = None
        self._wake = asyncio.Event()
        self.current: Slate | None = None
        self.problem: dict[str, str] | None = None

    def look(self, look: SlateConfig | None, house: HouseFormat | None) -> None:
        """Say how it looks; None: no slate is wanted. A house format decides its parameters."""
        self._look = look
        if look is None:
            self.current, self._made = None, None
        if house is not None:
            self._params = replace(
                DEFAULT,
                width=house.width,
                height=house.height,
                fps=float(house.fps),
                audio_rate=house.audio_rate,
            )
        self._wake.set()

    def match(self, info: MediaInfo) -> None:
        """Say what is on air now."""
        params = SlateParams.of(info)
        if params is None or params == self._params:
            return
        now = asyncio.get_running_loop().time()
        if params != self._seen:
            self._seen, self._seen_at = params, now
        elif now - self._seen_at >= SETTLE_S:
            self._params = params
            self._wake.set()

    async def run(self) -> None:
        """Make slates as they are needed, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            look, params = self._look, self._params
            if look is None or self._made == (look, params):
                continue
            if self.current is None and look.kind != CARD:
                # An own clip takes a while, and an own file may turn out to be broken.
                await self._make(look, replace(look, kind=CARD), params)
            if await self._make(look, look, params):
                if self._look == look:
                    self._made = (look, params)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await self._wake.wait()
            self._wake.set()

    async def _make(self, wanted: SlateConfig, look: SlateConfig, params: SlateParams) -> bool:
        """Make a slate and show it if it is still wanted; False when it cannot be made."""
        try:
            slate = await make_slate(params, _look_of(look), self._cache)
        except (MediaFailed, OSError) as exc:
            self.problem = _told(exc)
            self._changed()
            return False
        self.problem = None
        if self._look == wanted:
            self.current = slate
            self._changed()
        return True


def _told(exc: MediaFailed | OSError) -> dict[str, str]:
    if isinstance(exc, MediaFailed):
        return {"key": exc.key, "message": exc.message, "help": exc.help}
    return {
        "key": "slate_not_written",
        "message": f"the slate cannot be written: {exc.strerror or type(exc).__name__}",
        "help": "Make room on the disk; it is tried again every half minute.",
    }


def _look_of(config: SlateConfig) -> SlateLook:
    return SlateLook(
        kind=config.kind,
        title=config.title,
        subtitle=config.subtitle,
        path=Path(config.path) if config.path else None,
        audio=config.audio,
    )
