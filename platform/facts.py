"""What the media server measures of each live stream: codecs, size, bitrates."""

import time
from dataclasses import dataclass

from pydantic import BaseModel

from ..core.errors import Upstream
from ..core.registry import StreamRegistry, rfc3339
from ..core.srs import SrsApi, SrsStream
from .bitrate import Bitrate

MAX_AGE_MS = 2_000
FORGET_MS = 30_000


class VideoFacts(BaseModel):
    codec: str
    profile: str
    level: str
    width: int
    height: int


class AudioFacts(BaseModel):
    codec: str
    profile: str
    sample_rate: int
    channels: int


class StreamFacts(BaseModel):
    """``*_kbps`` over about 10 s; None until there is something to compare."""

    video: VideoFacts | None
    audio: AudioFacts | None
    recv_kbps: int | None
    send_kbps: int | None
    facts_at_ms: int | None


class Viewers(BaseModel):
    total: int = 0
    rtmp: int = 0
    srt: int = 0
    webrtc: int = 0
    flv: int = 0
    hls: int = 0


class Stream(BaseModel):
    """A live stream. ``vhost`` to ``update`` are those of Oryx; times are ms since the epoch."""

    vhost: str
    app: str
    stream: str
    param: str
    server_id: str
    client_id: str
    update: str
    url: str
    protocol: str
    ip: str
    since_ms: int
    viewers: Viewers
    video: VideoFacts | None = None
    audio: AudioFacts | None = None
    recv_kbps: int | None = None
    send_kbps: int | None = None
    facts_at_ms: int | None = None


@dataclass(slots=True)
class _Sample:
    at_ms: int
    facts: StreamFacts
    bitrate: Bitrate


class Facts:
    """Asks the media server at most every 2 s, however many look."""

    def __init__(self, registry: StreamRegistry, srs: SrsApi) -> None:
        self._registry = registry
        self._srs = srs
        self._samples: dict[str, _Sample] = {}
        self._asked_ms = 0

    async def live(self) -> list[Stream]:
        """Return the live streams, oldest first, with the newest facts known of each."""
        publishers = await self._registry.publishers()
        if publishers:
            await self._refresh()
        counts = await self._registry.viewers()
        found = []
        for url, session in publishers.items():
            by_protocol = counts.get(url, {})
            sample = self._samples.get(url)
            fresh = sample is not None and sample.at_ms >= session.since_ms
            found.append(
                Stream(
                    vhost=session.vhost,
                    app=session.app,
                    stream=session.stream,
                    param=session.param,
                    server_id=session.server_id,
                    client_id=session.client_id,
                    update=rfc3339(session.since_ms),
                    url=url,
                    protocol=session.protocol.value,
                    ip=session.ip,
                    since_ms=session.since_ms,
                    viewers=Viewers(total=sum(by_protocol.values()), **by_protocol),
                    **(sample.facts.model_dump() if sample and fresh else {}),
                )
            )
        return sorted(found, key=lambda stream: stream.since_ms)

    async def _refresh(self) -> None:
        now = time.time_ns() // 1_000_000
        if now - self._asked_ms < MAX_AGE_MS:
            return
        self._asked_ms = now
        try:
            listed = await self._srs.streams()
        except Upstream:
            return  # the age of the facts shown tells it
        for stream in listed:
            # The list names the vhost by an id; only the default one exists in our configuration.
            self._note(stream.url.strip("/"), stream, now)
        for url, sample in list(self._samples.items()):
            if now - sample.at_ms > FORGET_MS:
                del self._samples[url]

    def _note(self, url: str, stream: SrsStream, now: int) -> None:
        if stream.video is None and stream.audio is None and not stream.publish.active:
            return  # a stream that is over stays listed for a while
        before = self._samples.get(url)
        bitrate = before.bitrate if before else Bitrate()
        bitrate.note(now, stream.recv_bytes, stream.send_bytes)
        recv, send = bitrate.kbps(now) or (None, None)
        video, audio = stream.video, stream.audio
        facts = StreamFacts(
            video=VideoFacts(**video.model_dump()) if video else None,
            audio=AudioFacts(
                codec=audio.codec,
                profile=audio.profile,
                sample_rate=audio.sample_rate,
                channels=audio.channel,
            )
            if audio
            else None,
            recv_kbps=recv,
            send_kbps=send,
            facts_at_ms=now,
        )
        self._samples[url] = _Sample(now, facts, bitrate)
