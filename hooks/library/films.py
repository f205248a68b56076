"""Uploads that become films of virtual live channels instead of recordings."""

import asyncio
from pathlib import Path

from ...core.media_limits import MediaLimitStore
from ...core.vlive_files import check_quota, extension_of, take_in, used_bytes
from .tus import FileUpload, UploadFolder

PURPOSE = "vlive"


class Films:
    """``root``: where films lie (core/vlive_files.py)."""

    def __init__(self, root: Path, uploads: UploadFolder, limits: MediaLimitStore) -> None:
        self._root = root
        self._uploads = uploads
        self._limits = limits

    async def check(self, size: int, filename: str) -> None:
        """Raise Invalid for a file that cannot be played, QuotaFull, RedisError, OSError."""
        extension_of(filename)
        quota = (await self._limits.get()).quota_bytes
        check_quota(await asyncio.to_thread(self._taken), size, quota)

    def _taken(self) -> int:
        """Return what films take, and what those on their way will take."""
        coming = (one for one in self._uploads.all() if one.purpose == PURPOSE and not one.done)
        return used_bytes(self._root) + sum(one.size for one in coming)

    def take_in(self, upload: FileUpload) -> None:
        """Put a whole file where channels find it, under the upload's id; done again it changes
        nothing. Blocks. Raises OSError."""
        take_in(self._uploads.part(upload), self._root, upload.id, upload.filename)
