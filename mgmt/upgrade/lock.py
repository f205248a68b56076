"""Who is at work on an upgrade: one process at a time.

The kernel keeps the lock, so it is taken at once or not at all, and a process that died, or a
machine that lost its power, holds none. What the file says is for people and for the one case the
kernel cannot see: an owner that lives and does nothing any more.
"""

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ...core.errors import StreamsteadError
from ..runtime.pidfile import boot_id, start_ticks
from .errors import UpgradeRunning

STEP_LIMIT_S = 3600.0
"""The longest step; an owner that says nothing for so long is taken for hung."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock; ``expires_ms``: until when it has promised to say something again."""

    pid: int
    start_ticks: int
    boot_id: str
    run: str
    expires_ms: int

    @property
    def alive(self) -> bool:
        return self.boot_id == boot_id() and start_ticks(self.pid) == self.start_ticks

    @property
    def expired(self) -> bool:
        return time.time() * 1000 > self.expires_ms


class UpgradeLock:
    """``<data>/upgrade/lock``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._fd = -1

    @contextlib.contextmanager
    def held(self, run: str) -> Iterator[None]:
        """Hold it while the body runs. Raises UpgradeRunning."""
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise running(self.owner()) from None
            self.renew(run)
            yield
            os.ftruncate(self._fd, 0)
        finally:
            os.close(self._fd)
            self._fd = -1

    def renew(self, run: str) -> None:
        """Promise to say something again within ``STEP_LIMIT_S``. Only while it is held."""
        ticks = start_ticks(os.getpid()) or 0
        owner = Owner(os.getpid(), ticks, boot_id(), run, int((time.time() + STEP_LIMIT_S) * 1000))
        os.pwrite(self._fd, (json.dumps(asdict(owner)) + "\n").encode().ljust(400), 0)

    def is_held(self) -> bool:
        """Tell whether a living process holds it."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def owner(self) -> Owner | None:
        """Return what the last owner wrote."""
        try:
            return Owner(**json.loads(self._path.read_text(encoding="utf-8").strip("\0 \n")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def end_hung(self) -> bool:
        """Kill an owner whose promise has expired; return whether there was one."""
        owner = self.owner()
        if owner is None or not owner.expired or not owner.alive or not self.is_held():
            return False
        with contextlib.suppress(ProcessLookupError):
            fd = os.pidfd_open(owner.pid)
            try:
                # Whoever has the pid now is looked at again: the number may have been reused.
                if start_ticks(owner.pid) == owner.start_ticks:
                    signal.pidfd_send_signal(fd, signal.SIGKILL)
            finally:
                os.close(fd)
        return True


def running(owner: Owner | None) -> StreamsteadError:
    """Return the refusal of a second one."""
    who = f" (process {owner.pid})" if owner is not None else ""
    return UpgradeRunning(
        f"an upgrade is at work already{who}",
        "Wait until it has ended; `streamstead releases` shows how far it is.",
    )
