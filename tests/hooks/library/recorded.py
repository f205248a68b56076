"""Recordings for tests: made by ffmpeg, laid down as the recorder does."""

import subprocess
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamstead.hooks.library.recording import (
    MP4_FILE,
    POSTER_FILE,
    RECORD_FILE,
    SPRITE_FILE,
    SPRITE_MAP_FILE,
    Kind,
    Mp4State,
    Recording,
    State,
)
from streamstead.hooks.recorder.playlist import write_vod
from streamstead.hooks.recorder.segments import Journal, KeptSegment, SegmentName, sha256_of

from ...conftest import need

SEGMENTS = 4
SEGMENT_MS = 2000
STARTED_MS = 1_700_000_000_000


def make_media(folder: Path) -> None:
    """Write ``<n>.ts``, the MP4 and the pictures of eight seconds; each second looks different."""
    folder.mkdir()
    ffmpeg = [need("ffmpeg"), "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    length = SEGMENTS * SEGMENT_MS / 1000
    encode = [*ffmpeg, "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={length}"]
    encode += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={length}"]
    encode += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50"]
    encode += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "hls", "-hls_time", "2"]
    encode += ["-hls_list_size", "0", "-hls_segment_filename", "%d.ts", "all.m3u8"]
    pack = [*ffmpeg, "-i", "all.m3u8", "-c", "copy", "-movflags", "+faststart", MP4_FILE]
    poster = [*ffmpeg, "-i", MP4_FILE, "-frames:v", "1", POSTER_FILE]
    tiles = "fps=0.5,scale=80:45,tile=4x1"
    sprite = [*ffmpeg, "-i", MP4_FILE, "-vf", tiles, "-frames:v", "1", SPRITE_FILE]
    for argv in (encode, pack, poster, sprite):
        subprocess.run(argv, cwd=folder, check=True, timeout=120)
    cues = [
        f"00:00:{n * 2:02}.000 --> 00:00:{n * 2 + 2:02}.000\n{SPRITE_FILE}#xywh={n * 80},0,80,45\n"
        for n in range(SEGMENTS)
    ]
    (folder / SPRITE_MAP_FILE).write_text("WEBVTT\n\n" + "\n".join(cues))


def lay_down(root: Path, media: Path, **changes: Any) -> Recording:
    """Put a recording with that media below ``root``; the library finds it when it is made."""
    id_ = str(uuid.uuid4())
    folder = root / id_
    folder.mkdir()
    segments = []
    for n in range(SEGMENTS):
        name = str(SegmentName(n, 100 + n, n, SEGMENT_MS, "ab12"))
        raw = (media / f"{n}.ts").read_bytes()
        (folder / name).write_bytes(raw)
        digest = sha256_of(folder / name)
        at_ms = STARTED_MS + (n + 1) * SEGMENT_MS
        segments.append(
            KeptSegment(n, name, 100 + n, n, SEGMENT_MS, len(raw), digest, "ab12", False, at_ms)
        )
        Journal(folder).append(segments[-1])
    write_vod(folder, segments)
    for name in (MP4_FILE, POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE):
        (folder / name).write_bytes((media / name).read_bytes())
    recording = Recording(
        id=id_,
        kind=Kind.LIVE,
        state=State.READY,
        app="live",
        stream="cam",
        started_ms=STARTED_MS,
        ended_ms=STARTED_MS + SEGMENTS * SEGMENT_MS,
        duration_ms=SEGMENTS * SEGMENT_MS,
        size_bytes=sum(one.bytes for one in segments),
        segments=SEGMENTS,
        playlist=True,
        mp4=Mp4State.READY,
        mp4_bytes=(folder / MP4_FILE).stat().st_size,
        poster=True,
        sprite=True,
        width=320,
        height=180,
        video_codec="h264",
        audio_codec="aac",
    )
    recording = replace(recording, **changes)
    (folder / RECORD_FILE).write_bytes(recording.to_json())
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return recording
