"""One pull of a stream from nginx, shared by all its FLV viewers."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol

from ..core.log import get_logger
from ..core.rtmp import chunk
from ..core.rtmp.amf import AmfError
from ..core.rtmp.chunk import ChunkError, Message
from .flv_tag import Tag, Tracks, announced_tracks, is_audio_header, is_video_header, tag_of

MAX_GOP_BYTES = 8 << 20
TRACKS_WAIT_S = 5.0
"""How long the first viewer waits for a picture that nobody announced, or that does not come.

nginx gives sound at once, but the picture only from the next key frame on.
"""
LINGER_S = 10.0
"""A pull without viewers stays for a moment: a page that is reloaded starts at once."""

Pull = Callable[[str, str], AsyncGenerator[Message, None]]

log = get_logger(__name__)


class Viewer(Protocol):
    def start(self, audio: bool, video: bool, tags: list[Tag]) -> None: ...
    def send(self, tag: Tag, entry: bool) -> None: ...
    def finish(self) -> None: ...


class Hub:
    """Keeps the headers and the pictures since the last key frame, so that viewers start at once.

    ``entry`` of a tag says that a viewer may begin with it: a key frame, or any sound when there
    is no picture.
    """

    def __init__(self, app: str, stream: str, pull: Pull) -> None:
        self.app = app
        self.stream = stream
        self._pull = pull
        self._viewers: set[Viewer] = set()
        self._waiting: set[Viewer] = set()
        self._meta: Tag | None = None
        self._video: Tag | None = None
        self._audio: Tag | None = None
        self._gop: list[Tag] = []
        self._gop_bytes = 0
        self._has_audio = False
        self._announced: Tracks | None = None
        self._known = False
        self.idle_since: float | None = None
        self.pulled_bytes = 0

    @property
    def headers(self) -> list[Tag]:
        return [tag for tag in (self._meta, self._video, self._audio) if tag is not None]

    def add(self, viewer: Viewer) -> None:
        self.idle_since = None
        if self._known:
            self._start(viewer)
        else:
            self._waiting.add(viewer)

    def discard(self, viewer: Viewer) -> None:
        self._waiting.discard(viewer)
        self._viewers.discard(viewer)
        if not self._viewers and not self._waiting:
            self.idle_since = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Pull until the stream ends or the task is cancelled; viewers are finished in any case."""
        timer: asyncio.TimerHandle | None = None
        try:
            async with aclosing(self._pull(self.app, self.stream)) as messages:
                async for message in messages:
                    self.pulled_bytes += len(message.payload)
                    self._take(message)
                    if timer is None:
                        loop = asyncio.get_running_loop()
                        timer = loop.call_later(TRACKS_WAIT_S, self._tracks_known)
        except (OSError, TimeoutError, ChunkError, AmfError) as exc:
            log.info("engine.pull_ended", url=f"/{self.app}/{self.stream}", reason=str(exc))
        finally:
            if timer is not None:
                timer.cancel()
            for viewer in self._viewers | self._waiting:
                viewer.finish()

    def _take(self, message: Message) -> None:
        if message.kind not in (chunk.AUDIO, chunk.VIDEO, chunk.DATA) or not message.payload:
            return
        tag = tag_of(message)
        self._has_audio = self._has_audio or message.kind == chunk.AUDIO
        if message.kind == chunk.DATA:
            self._meta = tag
            self._announced = announced_tracks(message.payload) or self._announced
        elif is_video_header(message):
            self._video = tag
            self._drop_gop()
        elif is_audio_header(message):
            self._audio = tag
        else:
            self._take_media(tag)
            self._look_at_tracks()
            return
        # Who starts just now gets it among the headers.
        already = list(self._viewers)
        self._look_at_tracks()
        for viewer in already:
            viewer.send(tag, False)

    def _look_at_tracks(self) -> None:
        """Let the waiting viewers begin once everything that was announced has shown itself."""
        wanted = self._announced or Tracks(audio=True, video=True)
        if (self._has_audio or not wanted.audio) and (self._video or not wanted.video):
            self._tracks_known()

    def _take_media(self, tag: Tag) -> None:
        if tag.is_video and self._video is None:
            return
        entry = tag.is_key if self._video is not None else not tag.is_video
        if tag.is_key:
            self._drop_gop()
        if self._video is not None and (self._gop or tag.is_key):
            self._keep(tag)
        for viewer in list(self._viewers):
            viewer.send(tag, entry)

    def _keep(self, tag: Tag) -> None:
        self._gop_bytes += len(tag.raw)
        if self._gop_bytes > MAX_GOP_BYTES:
            # New viewers wait for the next key frame rather than get half a picture.
            self._drop_gop()
            return
        self._gop.append(tag)

    def _drop_gop(self) -> None:
        self._gop = []
        self._gop_bytes = 0

    def _tracks_known(self) -> None:
        if self._known:
            return
        self._known = True
        for viewer in self._waiting:
            self._start(viewer)
        self._waiting = set()

    def _start(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)
        tags = [*self.headers, *self._gop]
        wanted = self._announced or Tracks(audio=False, video=False)
        audio = self._has_audio or wanted.audio
        viewer.start(audio, self._video is not None or wanted.video, tags)
