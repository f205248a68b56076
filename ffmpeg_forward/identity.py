"""Is the process with this number still the one that we started?

A number alone says nothing: the kernel gives it to a stranger later. The boot, the start time
and the whole command together do.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from ..core.files import write_atomic

_PROC = Path("/proc")


class Identity(BaseModel):
    """One process of one boot of this machine, as stored beside the child's files.

    The command is kept as a digest only: it may hold a stream key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    start_ticks: int
    """Clock ticks from boot to the process's start (``/proc/<pid>/stat``, field 22)."""
    boot_id: str
    command_sha256: str
    started_ms: int
    """Wall time of the start, ms since the epoch; for people only."""

    def is_alive(self) -> bool:
        """True only when boot, number, start time and command all match a running process."""
        return (
            self.boot_id == boot_id()
            and self.start_ticks == start_ticks(self.pid)
            and self.command_sha256 == _running_digest(self.pid)
        )

    def save(self, path: Path) -> None:
        write_atomic(path, self.model_dump_json())


def load_identity(path: Path) -> Identity | None:
    """Return what was saved; None when there is nothing, or nothing that can be read."""
    try:
        return Identity.model_validate_json(path.read_bytes())
    except (FileNotFoundError, PermissionError, ValidationError):
        return None


def command_digest(argv: Sequence[str]) -> str:
    """Return the SHA-256 of a command as the kernel shows it in ``/proc/<pid>/cmdline``."""
    raw = b"".join(arg.encode(errors="surrogateescape") + b"\0" for arg in argv)
    return hashlib.sha256(raw).hexdigest()


def boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Return when a process started; None when there is no such process."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name stands in brackets and may hold brackets and blanks itself.
    return int(stat.rpartition(")")[2].split()[19])


def _running_digest(pid: int) -> str | None:
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return hashlib.sha256(raw).hexdigest()
