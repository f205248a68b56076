"""Which letters FFmpeg can draw on this machine. The relays use it: standard library only."""

import functools
import shutil
import subprocess
from pathlib import Path

FFMPEG = "ffmpeg"
_PROBE_TIMEOUT_S = 10.0
_FONT_DIRS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_GOOD_FONTS = ("DejaVuSansMono-Bold.ttf", "LiberationMono-Bold.ttf", "DejaVuSans-Bold.ttf")
_WORDS = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf")
_BOLD_WORDS = ("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "NotoSans-Bold.ttf", *_WORDS)
_EAST_ASIAN = ("CJK", "wqy-", "DroidSansFallback", "SourceHan", "uming", "ukai")
_FIRST_EAST_ASIAN = 0x2E80
_FONT_FILES = (".ttf", ".ttc", ".otf")


def find_font(roots: tuple[Path, ...] = _FONT_DIRS) -> Path | None:
    """Return a font file for a clock, one with digits of equal width if there is one."""
    found = _fonts(roots, (".ttf",))
    for name in _GOOD_FONTS:
        if name in found:
            return found[name]
    return next(iter(found.values()), None)


def find_font_for(text: str, bold: bool, roots: tuple[Path, ...] = _FONT_DIRS) -> Path | None:
    """Return a font file for words; None when there is none with the letters of ``text``."""
    found = _fonts(roots, _FONT_FILES)
    if any(ord(letter) >= _FIRST_EAST_ASIAN for letter in text):
        names = [name for name in found if any(part in name for part in _EAST_ASIAN)]
        names.sort(key=lambda name: ("Bold" in name) is not bold)
        return found[names[0]] if names else None
    for name in _BOLD_WORDS if bold else _WORDS:
        if name in found:
            return found[name]
    return next(iter(found.values()), None)


def _fonts(roots: tuple[Path, ...], kinds: tuple[str, ...]) -> dict[str, Path]:
    paths = (path for root in roots for path in sorted(root.rglob("*")))
    return {path.name: path for path in paths if path.suffix in kinds}


def can_draw_text(ffmpeg: str = FFMPEG) -> bool:
    """Tell whether an FFmpeg was built with the text filter. False when it cannot be asked."""
    return b"drawtext AVOptions" in about(ffmpeg, "-h", "filter=drawtext")


def about(ffmpeg: str, *question: str) -> bytes:
    """Return what an FFmpeg says of itself; b"" when it cannot be asked. Blocks."""
    path = shutil.which(ffmpeg)
    try:
        return _told(path, question) if path else b""
    except (OSError, subprocess.TimeoutExpired):
        return b""


# Only answers are kept, by the program's path: a missing FFmpeg may be there a minute later.
@functools.cache
def _told(path: str, question: tuple[str, ...]) -> bytes:
    return subprocess.run(
        [path, "-hide_banner", *question],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PROBE_TIMEOUT_S,
        check=False,
    ).stdout
