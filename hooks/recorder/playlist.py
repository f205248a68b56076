"""Playlists of recordings: one that grows while it is under way, one that ends when it is over."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...core.files import write_atomic
from ..library.recording import PLAYLIST_FILE
from .segments import KeptSegment

LEAST_TARGET_S = 6
"""A growing playlist may not change its target duration: it begins with some room."""

_MODE = 0o644


def vod_playlist(segments: Sequence[KeptSegment]) -> str:
    """Return the playlist of a finished recording."""
    return (
        _head("VOD", target_s(segments, least=1))
        + "".join(_entry(one) for one in segments)
        + "#EXT-X-ENDLIST\n"
    )


def target_s(segments: Iterable[KeptSegment], least: int = LEAST_TARGET_S) -> int:
    """Return what no segment is longer than when rounded to whole seconds, as RFC 8216 wants."""
    return max([least, *(_rounded_s(one.ms) for one in segments)])


def _rounded_s(ms: int) -> int:
    return (ms + 500) // 1000


def _head(kind: str, target: int) -> str:
    return (
        "#EXTM3U\n#EXT-X-VERSION:3\n"
        f"#EXT-X-PLAYLIST-TYPE:{kind}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:0\n"
    )


def _entry(segment: KeptSegment) -> str:
    lead = "#EXT-X-DISCONTINUITY\n" if segment.discontinuity else ""
    return f"{lead}#EXTINF:{segment.ms / 1000:.3f},\n{segment.name}\n"


class EventPlaylist:
    """``index.m3u8`` of a recording under way. Entries are appended, so ten hours cost no more a
    segment than the first minute."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / PLAYLIST_FILE
        self._target = 0

    def rewrite(self, segments: Sequence[KeptSegment]) -> None:
        """Write all of it. Raises OSError."""
        self._target = target_s(segments)
        text = _head("EVENT", self._target) + "".join(_entry(one) for one in segments)
        write_atomic(self._path, text, _MODE)

    def fits(self, segment: KeptSegment) -> bool:
        """Tell whether it may be appended; else the whole list must be written again."""
        return self._target > 0 and _rounded_s(segment.ms) <= self._target

    def append(self, segment: KeptSegment) -> None:
        """Add one entry in one write. Raises OSError, also when the file is gone."""
        entry = _entry(segment).encode()
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            if os.write(fd, entry) != len(entry):
                raise OSError("the disk took only a part of the entry")
        finally:
            os.close(fd)


def write_vod(directory: Path, segments: Sequence[KeptSegment]) -> None:
    """Write the playlist of a finished recording. Raises OSError."""
    write_atomic(directory / PLAYLIST_FILE, vod_playlist(segments), _MODE)
