"""What the media server in use can do; asked rarely, remembered in between."""

import time

from pydantic import BaseModel

from ..core.errors import Upstream
from ..core.srs import SrsApi

MAX_AGE_S = 10.0


class Media(BaseModel):
    """``server`` is "srs", "embedded", or "unknown" while none has answered yet."""

    server: str = "unknown"
    version: str = ""
    srt: bool = False
    webrtc: bool = False
    hevc: bool = False


class MediaInfo:
    """Caches the answer for 10 s; keeps the last good one while the server is away."""

    def __init__(self, srs: SrsApi) -> None:
        self._srs = srs
        self._last = Media()
        self._asked_s = float("-inf")

    async def get(self) -> Media:
        now = time.monotonic()
        if now - self._asked_s < MAX_AGE_S and self._last.server != "unknown":
            return self._last
        self._asked_s = now
        try:
            version = await self._srs.version()
        except Upstream:
            return self._last
        can = version.capabilities
        self._last = Media(
            server="srs" if can is None else version.engine,
            version=version.version,
            srt=can is None or "srt" in can,
            webrtc=can is None or "webrtc" in can,
            hevc=can is None or "hevc" in can,
        )
        return self._last
