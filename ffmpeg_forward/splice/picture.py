"""What the header of a video codec says of its pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """``fps`` is 0 where the header does not tell. ``profile`` in small letters, ``level`` as
    people write it ("4.1"); both are "" when unknown."""

    width: int = 0
    height: int = 0
    profile: str = ""
    level: str = ""
    pix_fmt: str = ""
    fps: float = 0.0


_LARGEST = 16384


def checked(picture: Picture) -> Picture:
    """Return the picture, without a size that no picture has."""
    if 0 < picture.width <= _LARGEST and 0 < picture.height <= _LARGEST:
        return picture
    return Picture(0, 0, picture.profile, picture.level, picture.pix_fmt, picture.fps)


def pixel_format(chroma: int, depth: int) -> str:
    """Return FFmpeg's name of planar pixels: ``chroma`` 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
    name = ("gray", "yuv420p", "yuv422p", "yuv444p")[chroma & 3]
    return f"{name}{depth}le" if depth > 8 else name
