"""What a slate shows, as the first half of an FFmpeg command.

A still comes as a source of exactly one picture, so that it is drawn and converted once. Words
and fonts are given as files in the working directory: no letter of them is ever syntax.
"""

from dataclasses import dataclass
from pathlib import Path

from ..fonts import can_draw_text, find_font_for

CARD, PICTURE, CLIP = "card", "picture", "clip"
OWN_AUDIO = "own"
MAX_CLIP_S = 60
MAX_PIXELS = 50_000_000
"""Of any picture that is decoded: larger ones, which a few bytes can announce, would take more
memory than a small machine has."""

BACK_SOON = "Back soon"
PICTURE_DEMUXERS = {".png": "png_pipe", ".jpg": "jpeg_pipe", ".webp": "webp_pipe"}
CLIP_DEMUXERS = {".mp4": "mov", ".mov": "mov", ".webm": "matroska", ".mkv": "matroska"}

_GROUND = "0x0d1420"
# Dark at the top left, a little lighter at the bottom right; made small, as it is smooth.
_GROUND_SOURCE = (
    "color=c=black:s=64x36:r=1,format=gbrp,geq="
    "r='13+18*(0.35*X/W+0.65*Y/H)':g='20+26*(0.35*X/W+0.65*Y/H)':b='32+40*(0.35*X/W+0.65*Y/H)'"
)
_ACCENT, _TITLE_COLOUR, _SUBTITLE_COLOUR = "0x5b8def", "0xf2f5fa", "0x9fb0cc"
_MAX_TITLE, _MAX_SUBTITLE = 80, 120
_FILES = "-protocol_whitelist", "file"
_LETTER_WIDTH = 0.62
"""Of a bold letter, in parts of its height; those of East Asia are as wide as high."""


@dataclass(frozen=True, slots=True)
class SlateLook:
    """``kind``: card, picture or clip; ``path`` of the latter two, its suffix tells what it is.
    ``audio``: silent, or own, that of the clip."""

    kind: str = CARD
    title: str = ""
    subtitle: str = ""
    path: Path | None = None
    audio: str = "silent"


@dataclass(frozen=True, slots=True)
class Scene:
    """``inputs`` and ``graph`` make the video ``[v]`` of the size asked for; a still is one
    picture. ``audio_input``: the stream of the clip's own sound, or ""."""

    inputs: tuple[str, ...]
    graph: str
    still: bool
    audio_input: str = ""


def make_scene(look: SlateLook, width: int, height: int, directory: Path) -> Scene:
    """Prepare what is shown; ``directory`` is where the command will run. Blocks."""
    if look.kind == PICTURE:
        return _picture(look, width, height)
    if look.kind == CLIP:
        return _clip(look, width, height)
    return _card(look, width, height, directory)


def _card(look: SlateLook, width: int, height: int, directory: Path) -> Scene:
    title = _one_line(look.title, _MAX_TITLE)
    subtitle = _one_line(look.subtitle or BACK_SOON, _MAX_SUBTITLE)
    parts = [_GROUND_SOURCE, f"scale={width}:{height}:flags=bicubic"]
    middle = 0.44 if title else 0.5
    bar_width, bar_height = max(width // 12, 2), max(height // 180, 1)
    bar_at = round(height * (middle - 0.115))
    parts.append(
        f"drawbox=x={(width - bar_width) // 2}:y={bar_at}:w={bar_width}:h={bar_height}"
        f":color={_ACCENT}:t=fill"
    )
    if can_draw_text():
        if title:
            size = _fitting(title, width, height // 11)
            parts += _words(directory, "title", title, size, _TITLE_COLOUR, f"h*{middle}-text_h/2")
            size = _fitting(subtitle, width, height // 22)
            parts += _words(directory, "subtitle", subtitle, size, _SUBTITLE_COLOUR, "h*0.56")
        else:
            size = _fitting(subtitle, width, height // 13)
            parts += _words(directory, "title", subtitle, size, _TITLE_COLOUR, "(h-text_h)/2")
    graph = ",".join(parts)
    return Scene((), f"{graph},trim=end_frame=1[v]", still=True)


def _words(
    directory: Path, name: str, text: str, size: int, colour: str, y: str
) -> tuple[str, ...]:
    """Return the filter that writes a line, none when no font here has its letters."""
    font = find_font_for(text, bold=name == "title")
    if font is None:
        return ()
    (directory / f"{name}.font").symlink_to(font)
    (directory / f"{name}.txt").write_text(text)
    return (
        f"drawtext=fontfile={name}.font:textfile={name}.txt:expansion=none:fontcolor={colour}"
        f":fontsize={size}:x=(w-text_w)/2:y={y}",
    )


def _fitting(text: str, width: int, wanted: int) -> int:
    """Return a size of letters, in pixels, with which a line is not wider than the picture."""
    letters = sum(1.0 if ord(letter) >= 0x1100 else _LETTER_WIDTH for letter in text)
    return max(4, min(wanted, int(width * 0.86 / max(letters, 1.0))))


def _one_line(text: str, most: int) -> str:
    line = " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _picture(look: SlateLook, width: int, height: int) -> Scene:
    assert look.path is not None
    demuxer = PICTURE_DEMUXERS[look.path.suffix]
    graph = (
        f"[0:v]format=rgba,scale={width}:{height}:force_original_aspect_ratio=decrease[front];"
        f"color=c={_GROUND}:s={width}x{height}:r=1,format=rgba[ground];"
        "[ground][front]overlay=(W-w)/2:(H-h)/2:format=rgb,trim=end_frame=1[v]"
    )
    source = (*_FILES, "-max_pixels", str(MAX_PIXELS), "-f", demuxer, "-i", f"file:{look.path}")
    return Scene(source, graph, still=True)


def _clip(look: SlateLook, width: int, height: int) -> Scene:
    assert look.path is not None
    demuxer = CLIP_DEMUXERS[look.path.suffix]
    graph = (
        f"[0:v:0]scale={width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2:color=black,setsar=1[v]"
    )
    source = (*_FILES, "-max_pixels", str(MAX_PIXELS), "-f", demuxer)
    return Scene(
        (*source, "-t", str(MAX_CLIP_S), "-i", f"file:{look.path}"),
        graph,
        still=False,
        audio_input="0:a:0" if look.audio == OWN_AUDIO else "",
    )
