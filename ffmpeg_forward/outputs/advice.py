"""What a platform may dislike about a stream, before the viewers find out."""

from collections.abc import Iterator

from ..models import MediaFacts
from .models import Advice
from .presets import Preset

_CODECS = {"avc": "H.264", "hevc": "H.265 (HEVC)", "av1": "AV1", "vp9": "VP9"}
_RATES = (44100, 48000)
_ROOM = 1.1
"""Rates and times are measured over some seconds: a tenth above the limit is none."""


def advise(preset: Preset, media: MediaFacts | None, size_changed: bool = False) -> list[Advice]:
    """Return what is worth saying, the worst first; nothing while nothing is known."""
    if media is None:
        return []
    found = [*_video(preset, media), *_audio(preset, media), *_rate(preset, media)]
    if size_changed:
        found.append(
            _say(
                "output_size_changed",
                "the size of the picture has changed while it was live",
                f"{preset.label} may show a broken picture until the output begins anew; keep one "
                "size in the encoder, or send a programme with normalising on.",
            )
        )
    return sorted(found, key=lambda one: one.level != "warning")


def _video(preset: Preset, media: MediaFacts) -> Iterator[Advice]:
    if not media.video_codec:
        if media.audio_codec:
            yield _say(
                "output_no_video",
                "there is no picture, only sound",
                f"{preset.label} may show nothing; send a picture, too.",
            )
        return
    if media.video_codec not in preset.codecs:
        name = _CODECS.get(media.video_codec, media.video_codec)
        yield _say(
            "output_codec",
            f"{preset.label} does not take {name}",
            "Set the encoder to H.264, or send a transcoded stream instead.",
        )
    if preset.max_gop_s and media.gop_ms > preset.max_gop_s * 1000 * _ROOM:
        yield _say(
            "output_key_frames",
            f"key frames are {media.gop_ms / 1000:.1f} s apart, {preset.label} wants at most "
            f"{preset.max_gop_s} s",
            "Set the key frame interval of the encoder to 2 s.",
        )
    if media.b_frames:
        yield _say(
            "output_b_frames",
            "the video has B-frames",
            "They cost delay, and some platforms stutter; the profile baseline or 0 B-frames in "
            "the encoder avoids them.",
            "info",
        )
    if media.pix_fmt and media.pix_fmt not in ("yuv420p", "yuvj420p", "nv12"):
        yield _say(
            "output_pixel_format",
            f"the colours are written as {media.pix_fmt}, which many players cannot show",
            "Set the encoder to 4:2:0, 8 bit (NV12 or yuv420p).",
        )


def _audio(preset: Preset, media: MediaFacts) -> Iterator[Advice]:
    if not media.audio_codec:
        yield _say(
            "output_no_audio",
            "there is no sound",
            f"{preset.label} may refuse or hide a stream without sound; send at least silence.",
        )
        return
    if media.audio_codec not in ("aac", "mp3") and preset.group != "custom":
        yield _say(
            "output_audio_codec",
            f"{preset.label} does not take {media.audio_codec} sound",
            "Set the encoder to AAC.",
        )
    if media.audio_rate and media.audio_rate not in _RATES:
        yield _say(
            "output_sample_rate",
            f"the sound has {media.audio_rate} samples a second",
            "Most platforms want 44100 or 48000; set one of them in the encoder.",
        )


def _rate(preset: Preset, media: MediaFacts) -> Iterator[Advice]:
    kbps = media.video_kbps + media.audio_kbps
    if preset.max_kbps and kbps > preset.max_kbps * _ROOM:
        yield _say(
            "output_bitrate",
            f"{kbps} kbit/s are sent, {preset.label} takes at most {preset.max_kbps}",
            "Lower the bitrate of the encoder, or send a transcoded stream instead.",
        )


def _say(key: str, message: str, help_: str, level: str = "warning") -> Advice:
    return Advice.model_validate({"key": key, "message": message, "help": help_, "level": level})
