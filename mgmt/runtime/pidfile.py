"""Who a process is: its pid alone is reused, pid and start time and boot together are not."""

import json
import os
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from ...core.files import open_to_read, write_atomic


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What a pidfile holds. ``start_ticks`` is field 22 of ``/proc/<pid>/stat``."""

    pid: int
    start_ticks: int
    boot_id: str
    spec_hash: str
    started_ms: int


@cache
def boot_id() -> str:
    """Return the id of this boot: start ticks are counted from it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_ticks(pid: int) -> int | None:
    """Return when ``pid`` started, in clock ticks since boot; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name, in parentheses, may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def new_record(pid: int, spec_hash: str) -> ProcessRecord | None:
    """Describe a process that was just started; None when it has ended already."""
    ticks = start_ticks(pid)
    if ticks is None:
        return None
    return ProcessRecord(pid, ticks, boot_id(), spec_hash, int(time.time() * 1000))


def still_runs(record: ProcessRecord) -> bool:
    """Tell whether the very process of the record is alive, and not a stranger with its pid."""
    return record.boot_id == boot_id() and start_ticks(record.pid) == record.start_ticks


def write_pidfile(path: Path, record: ProcessRecord) -> None:
    if path.is_symlink() or (path.exists() and path.stat().st_uid != os.geteuid()):
        path.unlink()  # a new file keeps the owner of the old one
    write_atomic(path, json.dumps(asdict(record)) + "\n", 0o644)


def read_pidfile(path: Path) -> ProcessRecord | None:
    """Return what the file holds; None for an absent or damaged one, and for one that somebody else
    wrote: what it names is signalled by root."""
    try:
        with open_to_read(path) as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return None
            return ProcessRecord(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return None
