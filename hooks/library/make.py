"""What is to be made before a recording is finished that nobody has recorded here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..recorder.child import MediaFailed
from .buckets import Buckets
from .catalogue import Catalogue
from .clip import make_clip, read_job
from .convert import convert
from .import_bucket import fetch, read_order
from .own_files import find_original
from .recording import Kind, Mp4State, Recording, State


class Maker:
    """``room`` returns how many bytes may be written to the disk now."""

    def __init__(
        self, root: Path, catalogue: Catalogue, buckets: Buckets, room: Callable[[], int]
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._buckets = buckets
        self._room = room

    async def __call__(self, recording: Recording, directory: Path) -> dict[str, Any]:
        """Return what changes in a clip, an upload or an import; it may be done again.

        Raises StreamsteadError or OSError when it cannot be done now.
        """
        job = read_job(directory)
        if job is not None:
            try:
                return await make_clip(job, directory, self._root, self._catalogue, self._buckets)
            except MediaFailed as exc:
                return {
                    "state": State.FAILED,
                    "mp4": Mp4State.FAILED,
                    "problem": exc.key,
                    "problem_text": f"the clip could not be made: {exc.message}",
                    "problem_help": "Delete it, and cut it again.",
                }
        order = read_order(directory)
        if order is not None:
            return await fetch(order, recording, directory, self._buckets, self._room)
        is_file = recording.kind is not Kind.IMPORT or find_original(directory) is not None
        return await convert(directory, self._room) if is_file else {}
