"""Synthetic sources for the splicer: each frame says in its payload what it needs before it."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.ffmpeg_forward.splice.media import SlateParams
from streamstead.ffmpeg_forward.splice.splicer import Slate, Splicer
from streamstead.ffmpeg_forward.splice.tags import look

AAC_MS = 1024 / 44.1
TICK_MS = 20
"""So often something comes from encoders."""

ALONE = 2
"""The place of sound that has no picture of its own."""

AAC_HEADERS = (b"\xaf\x00\x12\x10", b"\xaf\x00\x11\x88")
"""44.1 kHz stereo, 48 kHz mono."""


class Sign(NamedTuple):
    """Which frame it is: of whom, which connection, which header, which GOP, which place in it."""

    name: str
    life: int
    header: int
    gop: int
    place: int

    def bytes(self) -> bytes:
        return ":".join(map(str, self)).encode()

    @classmethod
    def read(cls, raw: bytes) -> "Sign | None":
        try:
            name, *numbers = raw.decode().split(":")
            return cls(name, *map(int, numbers))
        except (ValueError, TypeError):
            return None


def video_header(sign: Sign) -> bytes:
    return b"\x17\x00\x00\x00\x00" + Sign(sign.name, sign.life, sign.header, 0, 0).bytes()


def picture(sign: Sign, stamp: int, cts_ms: int = 0) -> Message:
    first = b"\x27" if sign.place else b"\x17"
    body = first + b"\x01" + cts_ms.to_bytes(3, "big") + sign.bytes()
    return Message(VIDEO, stamp & 0xFFFFFFFF, body)


def sound(sign: Sign, stamp: int) -> Message:
    return Message(AUDIO, stamp & 0xFFFFFFFF, b"\xaf\x01" + sign.bytes())


@dataclass
class Encoder:
    """Makes what an encoder would have made until some moment; it begins at 0 of its own time."""

    name: str
    base: int = 0
    frame_ms: float = 40
    gop: int = 25
    has_video: bool = True
    has_audio: bool = True
    life: int = 1
    header: int = 1
    audio_header: int = 0
    _pictures: int = 0
    _sounds: int = 0
    _gops: int = 0
    _place: int = 0
    _pending: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        if self.has_video:
            self._pending.append(Message(VIDEO, 0, video_header(self._sign(0))))
        if self.has_audio:
            self._pending.append(Message(AUDIO, 0, AAC_HEADERS[self.audio_header]))

    def _sign(self, place: int) -> Sign:
        return Sign(self.name, self.life, self.header, self._gops, place)

    def new_header(self) -> None:
        self.header += 1
        self._place = 0
        self._pending.append(Message(VIDEO, 0, video_header(self._sign(0))))

    def leap(self, by_ms: int) -> None:
        """From here on its timestamps are others."""
        self.base += by_ms

    def skip(self, ms: float) -> None:
        """Lose what it would have made in so many ms; the next picture is a key frame."""
        self._pictures += round(ms / self.frame_ms)
        self._sounds += round(ms / AAC_MS)
        self._place = 0

    def until(self, end_ms: float) -> list[Message]:
        """Return what it makes up to this moment of its time, in the order of timestamps."""
        made, self._pending = self._pending, []
        while True:
            video_ms = self._pictures * self.frame_ms if self.has_video else float("inf")
            audio_ms = self._sounds * AAC_MS if self.has_audio else float("inf")
            if min(video_ms, audio_ms) > end_ms:
                return made
            if video_ms <= audio_ms:
                if self._place % self.gop == 0:
                    self._gops += 1
                    self._place = 0
                made.append(picture(self._sign(self._place), self.base + round(video_ms)))
                self._place += 1
                self._pictures += 1
            else:
                made.append(
                    sound(self._sign(1 if self.has_video else ALONE), self.base + round(audio_ms))
                )
                self._sounds += 1


PARAMS = SlateParams("avc", 640, 360, 25.0, "high", "3.1", "yuv420p", 44100, 2)


def make_slate(name: str = "slate", *, with_sound: bool = True) -> Slate:
    maker = Encoder(name, gop=50, has_audio=with_sound)
    messages = maker.until(1990)
    return Slate(params=PARAMS, messages=messages, loop_ms=2000)


class Decoder:
    """Plays the timeline as a player would, and insists on what a player needs.

    ``pictures`` and ``sounds`` are (timestamp, sign); the sign of silence is None.
    """

    def __init__(self) -> None:
        self.pictures: list[tuple[int, Sign]] = []
        self.sounds: list[tuple[int, Sign | None]] = []
        self.video_headers = 0
        self.audio_headers = 0
        self.data: list[Message] = []
        self._video_header = b""
        self._audio_header = b""

    def play(self, messages: list[Message]) -> None:
        for message in messages:
            seen = look(message)
            if message.kind == DATA:
                self.data.append(message)
            elif seen.header and message.kind == VIDEO:
                self._video_header = message.payload
                self.video_headers += 1
            elif seen.header:
                self._audio_header = message.payload
                self.audio_headers += 1
            elif message.kind == VIDEO:
                self._picture(message)
            else:
                self._sound(message)

    def _picture(self, message: Message) -> None:
        sign = Sign.read(message.payload[5:])
        assert sign is not None
        assert self._video_header == video_header(sign), "decoded with the header of another"
        if self.pictures:
            before, last = self.pictures[-1]
            assert message.timestamp > before
            if sign.place:
                assert last == sign._replace(place=sign.place - 1), "a picture before it is missing"
        else:
            assert sign.place == 0, "it begins with a key frame"
        self.pictures.append((message.timestamp, sign))

    def _sound(self, message: Message) -> None:
        sign = Sign.read(message.payload[2:])
        assert self._audio_header in AAC_HEADERS
        if self.sounds:
            assert message.timestamp > self.sounds[-1][0]
        if sign is not None and self.pictures:
            shown = self.pictures[-1][1]
            same = (shown.name, shown.life) == (sign.name, sign.life) or sign.place == ALONE
            assert same or shown.name == "slate", "sound of one with the picture of another"
        self.sounds.append((message.timestamp, sign))

    def shown(self) -> list[str]:
        """Return whose pictures were shown, one after the other."""
        found: list[str] = []
        for _, sign in self.pictures:
            if not found or found[-1] != sign.name:
                found.append(sign.name)
        return found

    def largest_gap_ms(self) -> int:
        stamps = [stamp for stamp, _ in self.pictures]
        return max((b - a for a, b in pairwise(stamps)), default=0)

    def largest_silence_ms(self) -> int:
        stamps = [stamp for stamp, _ in self.sounds]
        return max((b - a for a, b in pairwise(stamps)), default=0)


class Show:
    """A splicer with a clock of its own: ``run`` lets the time pass, asking when it wants to be."""

    def __init__(self, splicer: Splicer, start_ms: int = 50_000) -> None:
        self.splicer = splicer
        self.now_ms = start_ms
        self.start_ms = start_ms
        self.decoder = Decoder()
        self.asked = 0
        self.on_air: list[tuple[int, str | None]] = []
        self.live: dict[str, tuple[Encoder, int]] = {}
        self.latest: dict[int, int] = {}
        self.largest_lag_ms = 0
        self.largest_lead_ms = 0
        self._zero: int | None = None

    @property
    def time_ms(self) -> int:
        return self.now_ms - self.start_ms

    def connect(self, encoder: Encoder, *, cached_ms: int = 0) -> None:
        """Let it deliver in real time from now on, ``cached_ms`` of it at once."""
        self.live[encoder.name] = (encoder, self.now_ms - cached_ms)

    def freeze(self, name: str) -> None:
        del self.live[name]

    def disconnect(self, name: str) -> None:
        self.live.pop(name, None)
        self.splicer.ended(name, self.now_ms)

    def run(self, ms: int) -> None:
        end_ms = self.now_ms + ms
        while self.now_ms < end_ms:
            next_ms = self.splicer.next_ms(self.now_ms)
            tick_ms = self.now_ms // TICK_MS * TICK_MS + TICK_MS
            wake_ms = tick_ms if next_ms is None else min(tick_ms, next_ms)
            self.now_ms = max(self.now_ms + 1, min(wake_ms, end_ms))
            if self.now_ms == tick_ms:
                for name, (encoder, begun_ms) in self.live.items():
                    for message in encoder.until(self.now_ms - begun_ms):
                        self.splicer.feed(name, message, self.now_ms)
                next_ms = self.splicer.next_ms(self.now_ms)
            if next_ms is not None and next_ms <= self.now_ms:
                self.ask()

    def ask(self) -> list[Message]:
        self.asked += 1
        messages = self.splicer.due(self.now_ms)
        self.decoder.play(messages)
        if messages and self._zero is None:
            self._zero = self.now_ms
        if self._zero is not None:
            now = self.now_ms - self._zero
            for message in messages:
                self.largest_lead_ms = max(self.largest_lead_ms, message.timestamp - now)
            if self.decoder.pictures:
                self.largest_lag_ms = max(self.largest_lag_ms, now - self.decoder.pictures[-1][0])
        if not self.on_air or self.on_air[-1][1] != self.splicer.on_air:
            self.on_air.append((self.time_ms, self.splicer.on_air))
        return messages
