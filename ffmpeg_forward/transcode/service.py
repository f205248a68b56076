"""Transcoding as one thing: what its routes use."""

import asyncio
import time
from collections.abc import Mapping

from redis.exceptions import RedisError

from ...core.errors import Invalid, StreamsteadError
from ...core.house_grant import HouseGrants, Way
from ...core.registry import Session
from ...core.srs import SrsApi
from ..supervise import Command
from .argv import SOFTWARE, Encoder, ladder_command
from .guard import Estimate, Guard
from .hardware import HardwareEncoders
from .keeper import Keeper
from .ladder import Hardware, Ladder, Rendition
from .models import Transcode, TranscodeMachine
from .oryx import Oryx
from .store import LadderStore
from .variants import SourceFacts, describe
from .work import Work

_RETRY_S = 1.0


class Ladders:
    """Makes works of ladders."""

    def __init__(self, store: LadderStore, grants: HouseGrants, rtmp_port: int) -> None:
        self._store = store
        self._grants = grants
        self._rtmp_port = rtmp_port

    async def works(self, live: Mapping[str, Session], renditions: Mapping[str, str]) -> list[Work]:
        """Return what is wanted of enabled ladders; a rendition is never a source. Raises
        RedisError."""
        return [
            self.work(ladder)
            for ladder in await self._store.all()
            if ladder.enabled and ladder.url not in renditions
        ]

    def work(self, ladder: Ladder) -> Work:
        def build(encoder: Encoder) -> Command:
            return ladder_command(ladder, encoder, self._rtmp_port, self._grant)

        return Work(
            ladder.id,
            ladder.digest,
            ladder.url,
            ladder.rendition_urls,
            ladder.renditions,
            ladder.hardware,
            build,
        )

    def _grant(self, way: Way, url: str) -> str:
        return self._grants.make(way, url, time.time_ns() // 1_000_000)


class Sources:
    """What the media server knows of the streams that are transcoded."""

    def __init__(self, srs: SrsApi) -> None:
        self._srs = srs

    async def facts(self, url: str) -> SourceFacts | None:
        """Return them; None when the stream is not live or the media server does not answer."""
        try:
            streams = await self._srs.streams()
        except StreamsteadError:
            return None
        for one in streams:
            if one.url.strip("/") == url and one.video is not None:
                video = one.video
                return SourceFacts(
                    video.width, video.height, video.profile, video.level, video.codec
                )
        return None


class Transcoder:
    """The parts of transcoding, put together."""

    def __init__(
        self,
        store: LadderStore,
        keeper: Keeper,
        guard: Guard,
        hardware: HardwareEncoders,
        sources: Sources,
        oryx: Oryx,
    ) -> None:
        self.oryx = oryx
        self.store = store
        self.keeper = keeper
        self.guard = guard
        self._hardware = hardware
        self._sources = sources

    def show(self, ladder: Ladder) -> Transcode:
        """Return a ladder as the API tells of it."""
        how = self.keeper.how(ladder.id, enabled=ladder.enabled)
        return Transcode(
            id=ladder.id,
            app=ladder.app,
            stream=ladder.stream,
            label=ladder.label,
            enabled=ladder.enabled,
            renditions=list(ladder.renditions),
            hardware=ladder.hardware,
            state=how.state,
            since_ms=how.since_ms,
            cpu_percent=how.cpu_percent,
            speed=how.speed,
            problem=how.problem,
            master_url=f"/{ladder.url}.m3u8",
        )

    async def snapshot(self) -> list[Transcode]:
        """Return all of them. Raises RedisError."""
        return [self.show(ladder) for ladder in await self.store.all()]

    async def machine(self) -> TranscodeMachine:
        return TranscodeMachine(
            cores=self.guard.cores.usable,
            speed_1080p30=self.guard.speed_1080p30,
            hardware=list(await self._hardware.found()),
            free_percent=self.guard.free_percent(self.keeper.used),
        )

    async def estimate(
        self, url: str, renditions: list[Rendition], hardware: Hardware, instead_of: str
    ) -> Estimate:
        """Reckon what renditions of a stream would take. Raises NotSupported, Invalid."""
        if not renditions:
            raise Invalid("there is no rendition", "Add one.", key="transcode_empty")
        encoder = await self._hardware.encoder(hardware)
        return await self.guard.estimate(
            renditions,
            await self._sources.facts(url),
            self.keeper.used_without(instead_of),
            hardware=encoder is not None and encoder is not SOFTWARE,
        )


async def note_source(store: LadderStore, work: Work, facts: SourceFacts) -> None:
    """Tell players what is known of the renditions now that the source is there. Raises
    RedisError."""
    for ladder in await store.all():
        if ladder.id == work.id and ladder.digest == work.digest:
            await store.note(ladder, describe(ladder, facts))


async def protect(store: LadderStore, work: Work) -> None:
    """Return when it is written down whose rule protects what a work publishes: nothing is
    published before that."""
    while True:
        try:
            await store.protect(work.targets, work.source)
        except RedisError:
            await asyncio.sleep(_RETRY_S)
        else:
            return
