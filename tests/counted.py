"""An encoder whose every picture says which one it is, and who counts them afterwards.

The number of a frame stands in it as blocks, black or white, one a bit: compression does not hurt
them, and a program reads them in no time.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BITS = 16
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 64
RATE = 25
RUN_FRAMES = 8192
"""Each connection of the encoder begins its numbers at another multiple of this."""


def counting_picture(first: int) -> str:
    """Return the filter whose frame n shows the number ``first`` + n."""
    bit = f"mod(floor((N+{first})/pow(2,floor(X/{BLOCK}))),2)"
    return (
        f"nullsrc=size={WIDTH}x{HEIGHT}:rate={RATE},"
        f"geq=lum='if({bit},235,16)':cb=128:cr=128,format=yuv420p"
    )


class CountingEncoder(threading.Thread):
    """Publishes until ``stop``; connects again whenever the connection breaks, as encoders do."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._ends = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self.connections = 0

    def run(self) -> None:
        while not self._ends.is_set():
            self._child = subprocess.Popen(self._argv(), stdin=subprocess.DEVNULL)
            self.connections += 1
            self._child.wait()
            self._ends.wait(0.5)

    def _argv(self) -> list[str]:
        return [
            *("ffmpeg", "-hide_banner", "-loglevel", "fatal", "-nostdin", "-re"),
            *("-f", "lavfi", "-i", counting_picture(self.connections * RUN_FRAMES)),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(RATE)),
            *("-b:v", "300k", "-c:a", "aac", "-b:a", "64k", "-f", "flv", self._url),
        ]

    def stop(self) -> None:
        """End as an encoder that is switched off."""
        self._ends.set()
        while self.is_alive():
            child = self._child
            if child is not None and child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    child.terminate()
            self.join(0.5)


@contextmanager
def counting(url: str) -> Iterator[CountingEncoder]:
    encoder = CountingEncoder(url)
    encoder.start()
    try:
        yield encoder
    finally:
        encoder.stop()


class Witness(threading.Thread):
    """Keeps, beside and without the recorder, every segment that the media server writes."""

    def __init__(self, html: Path, stream: str, folder: Path) -> None:
        super().__init__(daemon=True)
        self._html, self._stream, self._folder = html, stream, folder
        self._ends = threading.Event()
        folder.mkdir()

    def run(self) -> None:
        while not self._ends.wait(0.2):
            self._look()

    def _look(self, ending: str = "") -> None:
        for path in self._html.glob(f"{self._stream}-*.ts{ending}"):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(path, self._folder / path.name.removesuffix(ending))

    def stop(self) -> list[Path]:
        """Return the segments in the order in which they were begun."""
        self._ends.set()
        self.join()
        self._look()
        self._look(".tmp")  # what an SRS that was killed had begun
        found = self._folder.glob("*.ts")
        return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))


def frame_numbers(files: Sequence[Path]) -> list[int]:
    """Decode files one after another and read the number in each picture."""
    found: list[int] = []
    for path in files:
        found += _numbers_in(path)
    return found


def _numbers_in(path: Path) -> list[int]:
    row = f"crop={WIDTH}:2:0:{HEIGHT // 2}"
    done = subprocess.run(
        [
            *("ffmpeg", "-v", "fatal", "-nostdin", "-i", str(path), "-map", "0:v:0?"),
            *("-vf", f"{row},format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"),
        ],
        capture_output=True,
        timeout=300,
        check=False,
    )
    size = WIDTH * 2
    pictures = [done.stdout[at : at + size] for at in range(0, len(done.stdout) - size + 1, size)]
    return [
        sum((picture[BLOCK * bit + BLOCK // 2] > 128) << bit for bit in range(BITS))
        for picture in pictures
    ]
