"""The timeline that goes out: timestamps that only grow, and headers before what needs them."""

from dataclasses import dataclass, field

from ...core.rtmp.amf import AmfValue, encode
from ...core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from . import aac
from .media import MediaInfo, usual_fps
from .tags import look

_CODEC_NUMBERS = {"h263": 2, "vp6": 4, "avc": 7, "aac": 10, "mp3": 2, "speex": 11}
_CODEC_NUMBERS |= {"alaw": 7, "ulaw": 8, "pcm": 3}
_FOURCC = {
    "hevc": b"hvc1",
    "av1": b"av01",
    "vp9": b"vp09",
    "vp8": b"vp08",
    "vvc": b"vvc1",
    "opus": b"Opus",
    "flac": b"fLaC",
    "ac3": b"ac-3",
    "eac3": b"ec-3",
}
_LONGEST_STEP_MS = 200
DEFAULT_FRAME_MS = 40.0
_MOST_SILENCE_MS = 5_000

DEFAULT_AUDIO_HEADERS = (Message(AUDIO, 0, aac.TAG + b"\0" + aac.config(44100, 2)),)
"""For silence where no sound was ever heard."""


@dataclass(slots=True)
class Track:
    """``last``: timestamp of the newest frame, -1 before the first. ``end``: when that one ends.
    ``shown``: when the latest picture is shown."""

    step_ms: float = DEFAULT_FRAME_MS
    last: int = -1
    end: float = 0.0
    shown: int = -1
    headers: tuple[Message, ...] = ()
    resend: bool = False


@dataclass(slots=True)
class _Silence:
    headers: tuple[Message, ...] = ()
    frame: bytes | None = None
    frame_ms: float = 0.0


@dataclass
class Timeline:
    """What was put on it waits in ``out`` until it is taken."""

    video: Track = field(default_factory=Track)
    audio: Track = field(default_factory=Track)
    out: list[Message] = field(default_factory=list)
    dropped: int = 0
    repaired: int = 0
    _metadata: bytes = b""
    _silence: _Silence = field(default_factory=_Silence)

    @property
    def begun(self) -> bool:
        return self.video.last >= 0 or self.audio.last >= 0

    def take(self) -> list[Message]:
        """Return what goes out now, in order."""
        out, self.out = self.out, []
        return out

    def joint(self) -> None:
        """From here on comes something else: headers are sent again."""
        self.video.resend = self.audio.resend = True

    def follows(self, cts_ms: int = 0) -> int:
        """Return the earliest timestamp for a key frame that is to follow what was sent.

        It is shown after everything before it, so with pictures out of order it comes later.
        """
        if not self.begun:
            return 0
        video = self.video
        at = self.audio.last + 1 if video.last < 0 else round(video.last + video.step_ms)
        if video.last >= 0:
            at = max(at, video.last + 1, round(video.shown + video.step_ms) - cts_ms)
        if 0 < self.audio.end - at < _LONGEST_STEP_MS:
            at = round(self.audio.end)
        return at

    def picture(self, message: Message, at: int, headers: tuple[Message, ...], cts_ms: int) -> None:
        """Put a frame of video at ``at`` ms, or right behind the last one."""
        track = self.video
        if at <= track.last:
            at = track.last + 1
            self.repaired += 1
        self._send_headers(track, headers, at)
        if track.last >= 0 and at - track.last <= _LONGEST_STEP_MS:
            track.step_ms += (at - track.last - track.step_ms) / 4
        track.last, track.end = at, at + track.step_ms
        track.shown = max(track.shown, at + cts_ms)
        self.out.append(Message(VIDEO, at, message.payload))

    def sound(self, message: Message, at: int, headers: tuple[Message, ...]) -> None:
        """Put a frame of audio at ``at`` ms; it is dropped where there is sound already."""
        track = self.audio
        frame_ms = self.frame_ms(headers)
        if at <= track.last:
            if track.last - at > frame_ms:
                self.dropped += 1
                return
            at = track.last + 1
            self.repaired += 1
        self._send_headers(track, headers, at)
        track.step_ms = frame_ms
        track.last, track.end = at, at + frame_ms
        self.out.append(Message(AUDIO, at, message.payload))

    def data(self, message: Message, at: int) -> None:
        self.out.append(Message(DATA, max(0, at), message.payload))

    def describe(self, info: MediaInfo) -> None:
        """Tell what follows is like, unless that was told already."""
        payload = encode("onMetaData", _members(info))
        if payload != self._metadata:
            self._metadata = payload
            self.out.append(Message(DATA, max(0, self.video.last, self.audio.last), payload))

    def frame_ms(self, headers: tuple[Message, ...]) -> float:
        """Return how long a frame of sound is."""
        silence = self._silence_for(headers)
        return silence.frame_ms or 23.0

    def can_be_silent(self, headers: tuple[Message, ...]) -> bool:
        return self._silence_for(headers).frame is not None

    def fill_silence(self, headers: tuple[Message, ...], until: float) -> None:
        """Put silent frames up to ``until``; ``headers`` are those of AAC."""
        silence = self._silence_for(headers)
        if silence.frame is None:
            return
        track = self.audio
        track.end = max(track.end, until - _MOST_SILENCE_MS)
        while track.end + silence.frame_ms <= until:
            # The end is kept exact: frames are no whole number of ms long.
            end = max(track.end, track.last + 1)
            at = max(track.last + 1, round(end))
            self._send_headers(track, headers, at)
            track.last, track.end = at, end + silence.frame_ms
            self.out.append(Message(AUDIO, at, silence.frame))

    def _silence_for(self, headers: tuple[Message, ...]) -> _Silence:
        silence = self._silence
        if silence.headers is headers:
            return silence
        found = _Silence(headers)
        if headers:
            seen = look(headers[0])
            known = aac.describe(headers[0].payload[seen.body :]) if seen.codec == "aac" else None
            frame = aac.silent_frame(known.layout) if known else None
            if known is not None:
                found.frame_ms = known.frame_ms
            if frame is not None:
                # The frame is written as the header is: plain, or with a FourCC.
                legacy = headers[0].payload[:1] == aac.TAG
                found.frame = (aac.TAG + b"\1" if legacy else b"\x91mp4a") + frame
        self._silence = found
        return found

    def _send_headers(self, track: Track, headers: tuple[Message, ...], at: int) -> None:
        if headers is track.headers and not track.resend:
            return
        if track.resend or [m.payload for m in headers] != [m.payload for m in track.headers]:
            self.out.extend(Message(header.kind, at, header.payload) for header in headers)
        track.headers, track.resend = headers, False


def _members(info: MediaInfo) -> dict[str, AmfValue]:
    found: dict[str, AmfValue] = {"encoder": "Streamstead"}
    if info.video_codec:
        found["videocodecid"] = _codec_number(info.video_codec)
        if info.width and info.height:
            found["width"], found["height"] = info.width, info.height
        if info.fps:
            found["framerate"] = round(usual_fps(info.fps), 3)
    if info.audio_codec:
        found["audiocodecid"] = _codec_number(info.audio_codec)
        found["audiosamplerate"], found["audiosamplesize"] = info.audio_rate, 16
        found["stereo"] = info.audio_channels > 1
    return found


def _codec_number(codec: str) -> int:
    return _CODEC_NUMBERS.get(codec) or int.from_bytes(_FOURCC.get(codec, b"\0"), "big")
