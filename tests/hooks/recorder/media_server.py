"""A media server as the recorder sees it: segments and a playlist below ``html``, callbacks."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SEGMENT_MS = 1000
WINDOW = 8


def make_pieces(folder: Path, count: int = 12, size: str = "160x90") -> list[Path]:
    """Make consecutive pieces of one picture with tone, 1 s and 10 frames each."""
    folder.mkdir(parents=True)
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi"),
            *("-i", f"testsrc=size={size}:rate=10:duration={count}"),
            *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={count}"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"),
            *("-sc_threshold", "0", "-c:a", "aac", "-f", "hls", "-hls_time", "1"),
            *("-hls_list_size", "0", "-hls_segment_filename", str(folder / "%04d.ts")),
            str(folder / "all.m3u8"),
        ],
        check=True,
        timeout=60,
    )
    return sorted(folder.glob("*.ts"))


@dataclass
class FakeServer:
    """Writes what SRS writes. ``now_ms`` is its clock and goes on with each segment."""

    html: Path
    pieces: list[Path]
    app: str = "live"
    stream: str = "cam"
    now_ms: int = 1_700_000_000_000
    seq: int = 0
    used: int = 0
    listed: list[tuple[int, str]] = field(default_factory=list)

    def write(self) -> dict[str, object]:
        """Finish one segment; return the callback that would tell of it."""
        folder = self.html / self.app
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.stream}-{self.now_ms}.ts"
        (folder / name).write_bytes(self.pieces[self.used % len(self.pieces)].read_bytes())
        callback = {
            "action": "on_hls",
            "client_id": "pub1",
            "vhost": "__defaultVhost__",
            "app": self.app,
            "stream": self.stream,
            "duration": SEGMENT_MS / 1000,
            "file": str(folder / name),
            "seq_no": self.seq,
        }
        self.listed.append((self.seq, name))
        for _, old in self.listed[:-WINDOW]:
            (folder / old).unlink(missing_ok=True)
        self.listed = self.listed[-WINDOW:]
        self._write_playlist(folder)
        self.seq += 1
        self.used += 1
        self.now_ms += SEGMENT_MS
        return callback

    def _write_playlist(self, folder: Path) -> None:
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{self.listed[0][0]}")
        for _, name in self.listed:
            lines += [f"#EXTINF:{SEGMENT_MS / 1000:.3f}, no desc", name]
        (folder / f"{self.stream}.m3u8").write_text("\n".join(lines) + "\n")
