"""Which nginx is ours: what a shim writes down so that its successor can adopt it."""

import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson

from ..core.files import write_atomic

MODE = 0o600
_MACHINE_BOOT = Path("/proc/sys/kernel/random/boot_id")
# Fields of /proc/PID/stat behind the name, counted from the state.
_SESSION_FIELD, _START_FIELD = 3, 19


@dataclass(slots=True)
class Boot:
    """One life of nginx. The tokens are part of its configuration and live as long as the file.

    ``boot_id`` changes with every start of nginx and begins every client id;
    ``server_id`` never changes.
    """

    server_id: str
    notify_token: str
    control_token: str
    internal_token: str
    boot_id: str = ""
    config_sha256: str = ""
    pid: int = 0
    start_ticks: int = 0
    machine_boot: str = ""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; anything that is not whole is made anew."""
        try:
            return cls(**orjson.loads(path.read_bytes()))
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
            token = secrets.token_urlsafe
            return cls(f"vid-{secrets.token_hex(4)}", token(18), token(18), token(18))

    def save(self, path: Path) -> None:
        write_atomic(path, orjson.dumps(asdict(self)), MODE)

    def started(self, pid: int, config_sha256: str) -> None:
        """Note that nginx was started just now."""
        self.boot_id = secrets.token_hex(4)
        self.config_sha256 = config_sha256
        self.pid = pid
        self.start_ticks = start_ticks(pid) or 0
        self.machine_boot = machine_boot()

    def alive(self) -> bool:
        """Tell whether the very process we wrote down still runs: same number, same start."""
        return (
            self.pid > 0
            and self.machine_boot == machine_boot()
            and start_ticks(self.pid) == self.start_ticks
        )

    def survivors(self) -> list[int]:
        """Return the processes of our nginx's session; workers stay when their master is killed."""
        if self.pid <= 0 or self.machine_boot != machine_boot():
            return []
        found = []
        for entry in os.scandir("/proc"):
            facts = _stat_fields(int(entry.name)) if entry.name.isdigit() else None
            if (
                facts is not None
                and int(facts[_SESSION_FIELD]) == self.pid
                and int(facts[_START_FIELD]) >= self.start_ticks
            ):
                found.append(int(entry.name))
        return found


def machine_boot() -> str:
    return _MACHINE_BOOT.read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Return when a process was started (clock ticks since boot); None for none or a zombie."""
    facts = _stat_fields(pid)
    return None if facts is None else int(facts[_START_FIELD])


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may hold anything, even spaces and parentheses.
    found = text.rpartition(")")[2].split()
    return None if found[0] in "ZX" else found
