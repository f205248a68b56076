"""All files of logs together stay below a limit, whoever writes them."""

import asyncio
from pathlib import Path

from ...core.log import get_logger
from ..runtime import logfile
from .files import list_files

log = get_logger(__name__)

EVERY_S = 60.0
MAX_TOTAL = 200_000_000


async def keep_bounded(folder: Path) -> None:
    """Rotate and remove; never returns. The runtime rotates what it runs much more often; this is
    for all others, such as our own log, which nobody else rotates while we live."""
    while True:
        await asyncio.to_thread(bound, folder)
        await asyncio.sleep(EVERY_S)


def bound(folder: Path, max_total: int = MAX_TOTAL, max_bytes: int = logfile.MAX_BYTES) -> None:
    """Rotate what is too large, then remove the oldest files until the rest is small enough; what
    is written to now is only ever rotated."""
    for files in list_files(folder).values():
        try:
            if files[0].number == 0 and logfile.rotate(files[0].path, max_bytes):
                log.info("log.rotated", name=files[0].service)
        except OSError as exc:
            log.warning("log.not_rotated", name=files[0].service, error=exc.strerror or str(exc))
    kept = []
    total = 0
    for files in list_files(folder).values():
        for file in files:
            facts = file.path.stat()
            total += facts.st_size
            if file.number > 0:
                kept.append((facts.st_mtime, facts.st_size, file.path))
    for _, size, path in sorted(kept):
        if total <= max_total:
            return
        path.unlink(missing_ok=True)
        total -= size
        log.info("log.removed", file=path.name, bytes=size)
