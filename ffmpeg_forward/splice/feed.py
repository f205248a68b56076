"""What has come from one source and was not sent yet."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from .clock import SourceClock
from .media import MediaMeter, metadata_of
from .tags import NEEDS_HEADER, Look, is_colour, look

MOST_SPAN_MS = 4_000
"""So much of a live source waits at most; then everything up to its next key frame is left out."""

MOST_BYTES = 32 << 20
MOST_DATA = 64
FILE_SPAN_MS = 60_000
"""So much of a file waits at most, however badly its reader obeys."""

AHEAD_MS = 2_500
"""So much of a file should wait."""

WITHOUT_PICTURE_MS = 1_500
PICTURE_LOST_MS = 5_000
"""Whose picture has not come for so long is a source of sound alone."""

_COVER = 2.5
"""So many frames may be missing before a source is lost, however far apart they are."""

_STEPS = 5
_LONGEST_FRAME_MS = 2_000


@dataclass(slots=True)
class Entry:
    """A frame that waits. ``at``: ms of the source's clock. ``headers``: what decodes it."""

    message: Message
    at: int
    came_ms: int
    order: int
    headers: tuple[Message, ...] = ()
    key: bool = False
    cts_ms: int = 0


class Feed:
    """One connection of a source, or one item of a list.

    Times of the queue are of the source's own clock; ``last_ms`` and ``queued_ms`` are when media
    came, and when some came that can be used.
    """

    def __init__(self, name: str, live: bool) -> None:
        self.name = name
        self.live = live
        self.video: deque[Entry] = deque()
        self.audio: deque[Entry] = deque()
        self.data: deque[Entry] = deque(maxlen=MOST_DATA)
        self.keys: deque[Entry] = deque()
        self.metadata: Message | None = None
        self.video_headers: tuple[Message, ...] = ()
        self.audio_headers: tuple[Message, ...] = ()
        self.meter = MediaMeter()
        self.last_ms: int | None = None
        self.queued_ms: int | None = None
        self.last_video_ms: int | None = None
        self.last_audio_ms: int | None = None
        self.first_ms: int | None = None
        self.ended = False
        self.on_air = self.was_on_air = False
        self.must_rejoin = False
        self.dropped = 0
        self._codec = ""
        self._audio_codec = ""
        self._awaits_key = True
        self._had_key = False
        self._leaves_out = False
        self._clock = SourceClock()
        self._steps: deque[int] = deque(maxlen=_STEPS)
        self._last_at = 0
        self._bytes = 0
        self._order = 0

    # What comes in.

    def take(self, message: Message, now_ms: int, keep_ms: int) -> Entry | None:
        """Return what was put in the queue, if anything. A source that is not on the air keeps
        what it could begin with, from a key frame ``keep_ms`` ago on."""
        seen = look(message)
        self.meter.take(message, seen, now_ms)
        self.last_ms = now_ms
        entry = None
        if seen.kind == "video":
            entry = self._take_video(message, seen, now_ms)
        elif seen.kind == "audio":
            entry = self._take_audio(message, seen, now_ms)
        elif seen.kind == "data":
            self._take_data(message, now_ms)
        if entry is not None:
            self.queued_ms = now_ms
            if self.first_ms is None:
                self.first_ms = now_ms
            self._bytes += len(message.payload)
            self._keep_small(now_ms, keep_ms)
        return entry

    def _take_video(self, message: Message, seen: Look, now_ms: int) -> Entry | None:
        if seen.header:
            if not self.video_headers or self.video_headers[0].payload != message.payload:
                self.video_headers = (message,)
                self._codec = seen.codec
                self._awaits_key = True
            return None
        if is_colour(seen):
            if self.video_headers and self.video_headers[-1].payload != message.payload:
                self.video_headers = (self.video_headers[0], message)
            return None
        if not seen.frame or (seen.codec in NEEDS_HEADER and seen.codec != self._codec):
            return None
        at = self._clock.place(VIDEO, message.timestamp, now_ms)
        self._steps.append(at - self._last_at)
        self._last_at = at
        if not seen.key and (self._awaits_key or self._leaves_out):
            self.dropped += self.on_air
            return None
        self.last_video_ms = now_ms
        self._awaits_key = False
        if self._leaves_out:
            self._leaves_out = False
            self.dropped += self._count()
            self.clear()
            self.must_rejoin = True
        headers = self.video_headers if seen.codec == self._codec else ()
        entry = Entry(message, at, now_ms, self._number(), headers, seen.key, seen.cts_ms)
        self.video.append(entry)
        if seen.key:
            self._had_key = True
            self.keys.append(entry)
        return entry

    def _take_audio(self, message: Message, seen: Look, now_ms: int) -> Entry | None:
        if seen.header:
            if not self.audio_headers or self.audio_headers[0].payload != message.payload:
                self.audio_headers = (message,)
                self._audio_codec = seen.codec
            return None
        if not seen.frame or (seen.codec in NEEDS_HEADER and seen.codec != self._audio_codec):
            return None
        at = self._clock.place(AUDIO, message.timestamp, now_ms)
        self.last_audio_ms = now_ms
        if self._leaves_out:
            self.dropped += 1
            return None
        headers = self.audio_headers if seen.codec == self._audio_codec else ()
        entry = Entry(message, at, now_ms, self._number(), headers)
        self.audio.append(entry)
        return entry

    def _take_data(self, message: Message, now_ms: int) -> None:
        if metadata_of(message.payload) is not None:
            self.metadata = _plain(message)
            self.data.append(Entry(self.metadata, self._clock.top, now_ms, self._number()))
        elif not message.payload[3:].startswith((b"|RtmpSampleAccess", b"onStatus")):
            self.data.append(Entry(message, self._clock.top, now_ms, self._number()))

    def _number(self) -> int:
        self._order += 1
        return self._order

    def _keep_small(self, now_ms: int, keep_ms: int) -> None:
        if self.live and not self.on_air:
            while len(self.keys) > 1 and self.keys[1].came_ms <= now_ms - keep_ms:
                self.cut(self.keys[1])
            if not self.keys:
                self._forget(self.audio, lambda entry: entry.came_ms <= now_ms - keep_ms)
        most_ms = MOST_SPAN_MS + keep_ms if self.live else FILE_SPAN_MS
        if self.span_ms() <= most_ms and self._bytes <= MOST_BYTES:
            return
        if not self.on_air:
            newest = self.keys[-1] if self.keys else None
            if self.live and newest is not None and newest is not self.keys[0]:
                self.cut(newest)
            elif self.live or newest is None:
                self.clear()
                self._awaits_key = True
            else:
                self._leaves_out = True
        elif len(self.keys) > 1 or (self.keys and self.keys[0] is not self.video[0]):
            # The picture goes on with the newest key frame.
            self.cut(self.keys[-1])
            self.must_rejoin = True
        elif self.video:
            self._leaves_out = True
        else:
            self._forget(self.audio, lambda entry: entry.at < self._clock.top - keep_ms)
            self.must_rejoin = True

    # What waits.

    @property
    def dry(self) -> bool:
        return not self.video and not self.audio

    def span_ms(self) -> int:
        """Return how much waits, of what has more."""
        return max((q[-1].at - q[0].at for q in (self.video, self.audio) if q), default=0)

    def room_ms(self) -> int:
        """Return how much more should come before what waits has been sent."""
        if self.span_ms() > 4 * AHEAD_MS or self._bytes > MOST_BYTES // 2:
            return 0
        spans = [
            queue[-1].at - queue[0].at if queue else 0
            for queue, last in ((self.video, self.last_video_ms), (self.audio, self.last_audio_ms))
            if last is not None
        ]
        return max(0, AHEAD_MS - min(spans, default=0))

    def patience_ms(self, lost_after_ms: int) -> int:
        """Return for how long nothing may come before it is lost; pictures may be seconds apart."""
        if len(self._steps) < _STEPS:
            return lost_after_ms
        usual_ms = min(sorted(self._steps)[_STEPS // 2], _LONGEST_FRAME_MS)
        return max(lost_after_ms, round(usual_ms * _COVER))

    def is_sound_alone(self, now_ms: int) -> bool:
        if not self.audio:
            return False
        if not self.live and self.last_video_ms is None:
            return self.ended or self.span_ms() >= WITHOUT_PICTURE_MS
        if self.last_video_ms is None:
            return now_ms - (self.first_ms or 0) >= WITHOUT_PICTURE_MS
        return self.live and now_ms - self.last_video_ms >= PICTURE_LOST_MS

    def is_able(self, now_ms: int) -> bool:
        """True when it could go on the air, if not now then with its next key frame."""
        return self._had_key or self.is_sound_alone(now_ms)

    def start(self, now_ms: int, need_ms: int, oldest_ms: int | None) -> Entry | None:
        """Return what to begin with: the newest key frame with ``need_ms`` of media behind it.

        None while there is none, or when it is older than ``oldest_ms``. A file begins at its
        beginning.
        """
        entries = self.audio if self.is_sound_alone(now_ms) else self.keys
        if not entries or (self.ended and self.live):
            return None
        if not self.live:
            ready = self.ended or self.span_ms() >= need_ms or now_ms - entries[0].came_ms >= 1000
            return entries[0] if ready else None
        newest_at = max(q[-1].at for q in (self.video, self.audio) if q)
        for entry in reversed(entries):
            age_ms = now_ms - entry.came_ms
            if max(age_ms, newest_at - entry.at) >= need_ms:
                return entry if oldest_ms is None or age_ms <= oldest_ms else None
        return None

    def next_start_ms(self, now_ms: int, need_ms: int) -> int | None:
        """Return when ``start`` may find something that it does not find yet."""
        if self.keys:
            return next(
                (key.came_ms + need_ms for key in self.keys if key.came_ms + need_ms > now_ms), None
            )
        if self.audio and self.first_ms is not None and self.last_video_ms is None:
            return max(self.first_ms + WITHOUT_PICTURE_MS, self.audio[0].came_ms + need_ms)
        return None

    def cut(self, first: Entry) -> None:
        """Forget everything before ``first``."""
        before = self._count()
        if first.message.kind == VIDEO:
            while self.video[0] is not first:
                self.pop(self.video)
        else:
            while self.video:
                self.pop(self.video)
            self._awaits_key = True
        self._forget(self.audio, lambda entry: entry.at < first.at)
        self._forget(self.data, lambda entry: entry.at < first.at)
        self.dropped += self.on_air * (before - self._count())

    def cut_to_key(self) -> None:
        """Forget pictures before the next key frame; wait for one when there is none."""
        while self.video and not self.video[0].key:
            self.pop(self.video)
        self._awaits_key = self._awaits_key or not self.video

    def pop(self, queue: deque[Entry]) -> Entry:
        entry = queue.popleft()
        self._bytes -= len(entry.message.payload) if queue is not self.data else 0
        if self.keys and entry is self.keys[0]:
            self.keys.popleft()
        return entry

    def clear(self) -> None:
        for queue in (self.video, self.audio, self.data, self.keys):
            queue.clear()
        self._bytes = 0

    def leave(self) -> None:
        """Go off the air: what was shown so far is of no use for coming back."""
        self.was_on_air = self.was_on_air or self.on_air
        self.on_air = self.must_rejoin = self._leaves_out = False
        self.clear()
        self._awaits_key = True

    def _count(self) -> int:
        return len(self.video) + len(self.audio)

    def _forget(self, queue: deque[Entry], useless: Callable[[Entry], bool]) -> None:
        while queue and useless(queue[0]):
            self.pop(queue)


def _plain(metadata: Message) -> Message:
    """Return metadata as servers send it, without what publishers put in front."""
    wrapped = b"\x02\x00\x0d@setDataFrame"
    payload = metadata.payload
    if not payload.startswith(wrapped):
        return metadata
    return Message(metadata.kind, metadata.timestamp, payload[len(wrapped) :])
