"""What on_hls may name: a finished .ts below the HLS directory, and nothing else."""

import posixpath
from pathlib import Path
from typing import Any

from ..core.errors import Invalid
from .callback import Callback


class SegmentCheck:
    """Judges paths by their text alone: no disk is touched before the callback is answered."""

    def __init__(self, html: Path) -> None:
        self._root = str(html.absolute())

    def read(self, callback: Callback) -> dict[str, Any]:
        """Return the data of a ``segment.ready`` event: ``path`` (absolute), ``name``, ``seq_no``,
        ``duration_s``. Raises Invalid for a path that lies elsewhere or is no segment."""
        path = posixpath.normpath(posixpath.join(self._root, callback.file))
        if not path.startswith(self._root + "/") or not path.endswith(".ts"):
            raise Invalid(
                "the segment does not lie in the HLS directory",
                "Only the media server may report segments.",
                key="segment_outside",
            )
        return {
            "path": path,
            "name": posixpath.basename(path),
            "seq_no": callback.seq_no,
            "duration_s": callback.duration_s,
            "client_id": callback.client_id,
        }
