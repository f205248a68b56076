"""What is shown while no source has media: one loop of tags, again and again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from .media import SlateParams
from .tags import look


@dataclass(frozen=True)
class Slate:
    """``messages``: the headers and one loop of ``loop_ms``, timestamps from 0, the first picture
    a key frame. ``silence``: one silent frame for where the loop has no sound.

    Raises ValueError when there is no picture to begin with.
    """

    params: SlateParams
    messages: Sequence[Message] = field(repr=False)
    loop_ms: int
    silence: Message | None = field(default=None, repr=False)
    video_headers: tuple[Message, ...] = field(init=False, repr=False)
    audio_headers: tuple[Message, ...] = field(init=False, repr=False)
    frames: tuple[Message, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        looks = [(message, look(message)) for message in self.messages]
        frames = tuple(message for message, seen in looks if seen.frame)
        pictures = [seen for message, seen in looks if seen.frame and message.kind == VIDEO]
        if not pictures or not pictures[0].key:
            raise ValueError("a slate begins with a key frame")
        if self.loop_ms <= frames[-1].timestamp:
            raise ValueError("the loop of a slate is longer than its last timestamp")
        headers = {
            kind: tuple(m for m, seen in looks if seen.header and m.kind == kind)[-1:]
            for kind in (VIDEO, AUDIO)
        }
        object.__setattr__(self, "video_headers", headers[VIDEO])
        object.__setattr__(self, "audio_headers", headers[AUDIO])
        object.__setattr__(self, "frames", frames)

    @property
    def frame_ms(self) -> float:
        return 1000 / self.params.fps if self.params.fps > 0 else 40.0


class SlatePlayer:
    """Plays a slate from ``base`` ms of the timeline on. ``with_sound`` may change at any time."""

    def __init__(self, slate: Slate, base: int, with_sound: bool) -> None:
        self.slate = slate
        self.with_sound = with_sound
        self._base = base
        self._next = 0

    def head(self) -> tuple[int, Message]:
        """Return (when it is due in ms of the timeline, the next message)."""
        while not self.with_sound and self._message.kind == AUDIO:
            self.pop()
        return self._base + self._message.timestamp, self._message

    def pop(self) -> None:
        self._next += 1
        if self._next == len(self.slate.frames):
            self._next = 0
            self._base += self.slate.loop_ms

    @property
    def _message(self) -> Message:
        return self.slate.frames[self._next]
