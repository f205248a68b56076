"""What is in a file or behind an address, as ffprobe tells it, with limits."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ...core.resolver import Resolve
from ..gently import MediaFailed, run_to_end
from .guard import Guard
from .url_policy import admit, secrets_of

LIMIT_S = 15.0
PROBE_BYTES = 5_000_000
PROBE_US = 5_000_000
FILE_FORMATS = "mov,matroska,webm,flv,mpegts,mp3,aac"
URL_FORMATS = "flv,live_flv,hls,mpegts,rtsp,sdp,mov,mp3,aac,mjpeg,mpjpeg"
URL_PROTOCOLS = "httpproxy,http,https,tls,tcp,udp,rtp,rtmp,rtmps,rtmpt,srt,crypto,data"

_FORMAT = ("start_time", "duration", "bit_rate", "nb_streams", "probe_score")
_VIDEO = ("codec_type", "codec_name", "profile", "width", "height", "pix_fmt", "level",
          "bit_rate", "start_time", "duration")  # fmt: skip
_AUDIO = ("codec_type", "codec_name", "profile", "sample_fmt", "sample_rate", "channels",
          "channel_layout", "bit_rate", "start_time", "duration")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """``told``: ``format``, ``video`` and ``audio`` in the words of Oryx, None where there is no
    such track. ``kbps`` 0: not known, as that of most live streams."""

    duration_ms: int = 0
    kbps: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def video_codec(self) -> str:
        return codec_name(self.told.get("video"))

    @property
    def audio_codec(self) -> str:
        return codec_name(self.told.get("audio"))


def codec_name(track: dict[str, Any] | None) -> str:
    """Return what a codec is called by ffprobe; empty for no track."""
    return str((track or {}).get("codec_name") or "")


async def facts_of_file(path: Path) -> SourceFacts:
    """Look into a file, as no playlist, whatever it is called. Raises MediaFailed."""
    only = ("-protocol_whitelist", "file", "-format_whitelist", FILE_FORMATS)
    return await _ask([*only, "-i", f"file:{path}"])


async def facts_of_url(
    url: str, *, allow_private: bool, film: bool, resolve: Resolve
) -> SourceFacts:
    """Look at what an address gives. Raises MediaFailed, Invalid, SourceUnreachable."""
    admitted = await admit(url, allow_private=allow_private, film=film, resolve=resolve)
    only = ("-protocol_whitelist", URL_PROTOCOLS, "-format_whitelist", URL_FORMATS)
    options = [*only, *admitted.options]
    if url.startswith("rtsp"):
        options += ["-rtsp_transport", "tcp"]
    options += ["-i", admitted.url]
    async with AsyncExitStack() as stack:
        env = None
        if admitted.through_guard:
            guard = await stack.enter_async_context(
                Guard.opened(resolve, allow_private=allow_private)
            )
            env = guard.env
        return await _ask(options, env, (*secrets_of(url), admitted.url))


async def _ask(
    options: list[str], env: dict[str, str] | None = None, secrets: tuple[str, ...] = ()
) -> SourceFacts:
    said = await run_to_end(
        [
            *("ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams"),
            *("-probesize", str(PROBE_BYTES), "-analyzeduration", str(PROBE_US)),
            *options,
        ],
        limit_s=LIMIT_S,
        secrets=secrets,
        env=env,
    )
    try:
        found = read_facts(orjson.loads(said))
    except (ValueError, TypeError, AttributeError):
        raise MediaFailed("ffprobe did not say what is in it") from None
    if not (found.video_codec or found.audio_codec):
        raise MediaFailed("there is neither video nor audio in it", "Choose another one.")
    return found


def read_facts(said: dict[str, Any]) -> SourceFacts:
    """Make facts of what ffprobe wrote. Raises ValueError, TypeError, AttributeError."""
    tracks = [one for one in said.get("streams", []) if one.get("codec_name")]
    pictures = [one for one in tracks if one.get("codec_type") == "video" and not _is_cover(one)]
    sounds = [one for one in tracks if one.get("codec_type") == "audio"]
    whole = said.get("format", {})
    told: dict[str, Any] = {
        "format": {name: whole[name] for name in _FORMAT if name in whole},
        "video": _part(pictures, _VIDEO),
        "audio": _part(sounds, _AUDIO),
    }
    told["format"] |= {"has_video": bool(pictures), "has_audio": bool(sounds)}
    duration = float(whole.get("duration") or 0)
    kbps = int(whole.get("bit_rate") or 0) // 1000
    if not kbps:
        kbps = sum(int(one.get("bit_rate") or 0) for one in (*pictures[:1], *sounds[:1])) // 1000
    return SourceFacts(round(duration * 1000), kbps, told)


def _is_cover(track: dict[str, Any]) -> bool:
    """Tell whether a picture belongs to a song."""
    return bool(track.get("disposition", {}).get("attached_pic"))


def _part(tracks: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any] | None:
    if not tracks:
        return None
    return {name: tracks[0][name] for name in names if name in tracks[0]}
