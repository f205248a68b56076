"""Keep every finished segment that a recording wants, before its callback is answered.

A hard link is one system call, costs no space until the media server removes its own name of the
file, and survives whatever happens to us next. What wants recording is decided without Redis: from
a copy of the rules on disk. The recorder takes the segments from here when it can.
"""

import asyncio
import hashlib
import os
import re
import stat
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import Counter
from watchfiles import awatch

from ..core.errors import Invalid
from ..core.files import copy_durably
from ..core.log import get_logger
from ..core.paths import DataDir
from .callback import Callback
from .record_rules import RecordRules
from .segment import SegmentCheck

log = get_logger(__name__)

LAST_RESERVE_PERCENT = 2
"""With less free space nothing more is kept, even while nobody else looks at the disk: a full one
would end the live streams."""

TELL_MS = 60_000
THREADS = 2
"""So a disk that hesitates holds up segments, not publishers."""

_SEGMENT = re.compile(r"(.+)-(\d{1,15})\.ts")
_MAX_NUMBER = 10**15 - 1
_KEPT = re.compile(r"(\d{16})-\d+-\d+-\d+-[0-9A-Za-z]+\.ts")
_TAG = re.compile(r"[0-9A-Za-z]{1,16}")

_LOOK_MS = 200
"""Between looks whether the rules have changed: the library wakes up so often."""

_RESULTS = Counter("streamstead_spool_segments", "Segments to be recorded", ["result"])


def run_tag(client_id: str) -> str:
    """Return a short name of a publish session that may stand in a file's name."""
    if _TAG.fullmatch(client_id):
        return client_id
    return hashlib.sha256(client_id.encode(errors="replace")).hexdigest()[:12]


def spooled_name(order: int, source: int, seq: int, ms: int, run: str) -> str:
    """Return ``<order:016d>-<source>-<seq>-<ms>-<run>.ts``."""
    seq, ms = (min(max(0, one), _MAX_NUMBER) for one in (seq, ms))
    return f"{order:016d}-{source}-{seq}-{ms}-{run}.ts"


Report = Callable[[str, str], Awaitable[None]]


async def _tell_nobody(_url: str, _key: str) -> None:
    return


class Spool:
    """``take`` is called for every on_hls; ``watch_rules`` is an endless loop."""

    def __init__(
        self, data: DataDir, clock: Callable[[], int], refused: Report = _tell_nobody
    ) -> None:
        """``refused`` is told (stream, key of the reason) of forged segments, once a minute."""
        self._check = SegmentCheck(data.html)
        self._html = data.html
        self._root = data.spool
        self._rules_file = data.record_rules
        self._clock = clock
        self._refused = refused
        self._told_ms = -TELL_MS
        self._rules = RecordRules.load(data.record_rules)
        self._last_order = _newest_order(data.spool)
        self._threads = ThreadPoolExecutor(THREADS, "spool")

    def close(self) -> None:
        self._threads.shutdown()

    async def watch_rules(self) -> None:
        """Read the rules again whenever their file changes; never returns."""
        name = self._rules_file.name
        async for _ in awatch(
            self._rules_file.parent,
            watch_filter=lambda _, path: path.endswith(f"/{name}"),
            recursive=False,
            debounce=_LOOK_MS,
            step=_LOOK_MS,
        ):
            self._rules = RecordRules.load(self._rules_file)

    async def take(self, callback: Callback) -> dict[str, Any]:
        """Keep the segment if it is to be recorded; return the data of its ``segment.ready``.

        Raises Invalid for a path that is not this stream's segment: ``segment_outside``,
        ``segment_foreign``, ``segment_not_regular``. Trouble with the disk is logged only: the
        recorder finds the segment in the playlist as long as it lies there.
        """
        try:
            return await self._take(callback)
        except Invalid as exc:
            now = self._clock()
            if now - self._told_ms >= TELL_MS:
                self._told_ms = now
                await self._refused(callback.url, exc.key)
            raise

    async def _take(self, callback: Callback) -> dict[str, Any]:
        segment = self._check.read(callback)
        if self._rules.decide(callback.url, self._clock()).record:
            # Names are taken here, in the order of the callbacks.
            self._last_order = max(self._last_order + 1, self._clock())
            await asyncio.get_running_loop().run_in_executor(
                self._threads, self._keep, callback, segment, self._last_order
            )
        return segment

    def _keep(self, callback: Callback, segment: dict[str, Any], order: int) -> None:
        match = _SEGMENT.fullmatch(segment["name"])
        path = Path(segment["path"])
        home = self._html / callback.app
        ours = match is not None and match[1] == callback.stream and path.parent == home
        if match is None or not ours or home.resolve() != self._html.resolve() / callback.app:
            raise Invalid(
                "the segment does not belong to this stream",
                "Only the media server may report segments.",
                key="segment_foreign",
            )
        name = spooled_name(
            order,
            int(match[2]),
            callback.seq_no,
            round(callback.duration_s * 1000),
            run_tag(callback.client_id),
        )
        folder = self._root / callback.app / callback.stream
        try:
            if _free_percent(self._root) < LAST_RESERVE_PERCENT:
                _RESULTS.labels("disk_full").inc()
                log.error("segment.not_kept", stream=callback.url, reason="the disk is full")
                return
            link_segment(path, folder / name)
        except OSError as exc:
            _RESULTS.labels("failed").inc()
            log.error("segment.not_kept", stream=callback.url, reason=exc.strerror)
        else:
            _RESULTS.labels("kept").inc()


def link_segment(source: Path, target: Path) -> None:
    """Give a regular file of the media server a second name; on another file system, copy it.

    Raises Invalid (``segment_not_regular``) for anything but a regular file with the owner of its
    directory or of this process; OSError.
    """
    try:
        _link(source, target)
    except FileNotFoundError:
        # The first of its stream; or the segment is gone, which the second try tells.
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _link(source, target)


def _link(source: Path, target: Path) -> None:
    try:
        # A symbolic link is linked itself, not what it points at, and is found out below.
        os.link(source, target, follow_symlinks=False)
    except OSError as exc:
        if isinstance(exc, FileNotFoundError | FileExistsError) or not _other_disk(source, target):
            raise
        _check_regular(source, source.parent)
        copy_durably(source, target)
        return
    try:
        _check_regular(target, source.parent)
    except Invalid:
        with suppress(OSError):
            target.unlink()
        raise


def _other_disk(source: Path, target: Path) -> bool:
    return source.parent.stat().st_dev != target.parent.stat().st_dev


def _check_regular(path: Path, home: Path) -> None:
    found = path.lstat()
    owners = (os.geteuid(), home.stat().st_uid)
    if not stat.S_ISREG(found.st_mode) or found.st_uid not in owners:
        raise Invalid(
            "the segment is no file of the media server",
            "Only the media server may report segments.",
            key="segment_not_regular",
        )


def _free_percent(path: Path) -> float:
    found = os.statvfs(path)
    return 100 * found.f_bavail / found.f_blocks if found.f_blocks else 100


def _newest_order(root: Path) -> int:
    """Return the greatest order of what lies in the spool: names go on from there, whatever the
    clock says."""
    newest = 0
    for _, _, names in os.walk(root):
        for name in names:
            match = _KEPT.fullmatch(name)
            if match is not None:
                newest = max(newest, int(match[1]))
    return newest
