"""The manager seen from outside: ask it, end it, start it again by the current release."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, StreamsteadError
from ...core.files import is_there
from ...core.log import get_logger
from ...core.settings import Settings
from ..cli.client import ask_manager
from ..cli.lifecycle import systemd_unit
from ..keeper import read_keeper
from ..lock import is_held, only_one
from ..runtime.logfile import tail
from .errors import UpgradeFailed

log = get_logger(__name__)

END_S = 60.0
POLL_S = 0.1
MOST_RESTARTS = 4
UNITS = Path("/etc/systemd/system")


class ManagerLink:
    """The manager of one data directory, run by systemd or by a keeper."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._data = settings.data
        self.unit = systemd_unit(settings)

    def ask(self, path: str, timeout_s: float = 5.0) -> Any:
        """Return ``data`` of a GET. Raises StreamsteadError."""
        return ask_manager(self._settings, "GET", path, timeout_s)

    def release(self) -> str | None:
        """Return the release the manager runs from; None while none answers."""
        try:
            return str(self.ask("/v1/upgrade/release")["release"])
        except (StreamsteadError, KeyError, TypeError):
            return None

    def services(self) -> list[dict[str, Any]] | None:
        """Return the state of every program; None while the manager does not answer."""
        try:
            found: list[dict[str, Any]] = self.ask("/v1/status")["services"]
        except (StreamsteadError, KeyError, TypeError):
            return None
        return found

    def given_up(self) -> bool:
        """Tell whether the manager does not run, and would not if it was started once more."""
        if self.unit is None:
            failed = is_there(self._data.run / "manager-failed")
            return failed or read_keeper(str(self._data.run)) is None
        argv = ["systemctl", "show", "-p", "ActiveState,NRestarts", self.unit]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        facts = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        restarts = facts.get("NRestarts", "0")
        return facts.get("ActiveState") == "failed" or int(restarts or 0) >= MOST_RESTARTS

    def last_words(self) -> str:
        """Return what a manager that ended said to people."""
        # What is for people stands beside the lines of JSON.
        lines = tail(self._data.logs / "mgmt.log", 20)
        plain = [one for one in lines if one.strip() and one[0] not in "{ "]
        return " ".join(plain[-2:])[:300] or "it left no word"

    def restart(self, release: Path) -> None:
        """Start the manager anew, by what is current; what it runs goes on. ``release``: current's
        folder. Raises UpgradeFailed."""
        if self.unit is not None:
            self._write_unit(release)
            self._systemctl("reset-failed", must=False)
            self._systemctl("restart", "--no-block")
            return
        if not self._keeper_in_front():
            self._end()
            self.start(release)
        else:
            self._signal_manager()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """End the manager, and let none start while the body runs. The caller starts the next."""
        until = time.monotonic() + END_S
        while True:
            self._end() if self.unit is None and not self._keeper_in_front() else (
                self._signal_manager()
            )
            try:
                with only_one(self._data.run / "mgmt.lock"):
                    yield
                return
            except ConfigError:
                if time.monotonic() > until:
                    raise UpgradeFailed(
                        "the manager does not end", "Look at logs/mgmt.log.", key="manager_stuck"
                    ) from None
                time.sleep(POLL_S)

    def start(self, release: Path) -> None:
        """Start the manager by what is current, unless somebody else does so. Raises
        UpgradeFailed."""
        if self.unit is not None:
            self._write_unit(release)
            self._systemctl("reset-failed", must=False)
            self._systemctl("restart", "--no-block")
        elif not self._keeper_in_front():
            (self._data.run / "manager-failed").unlink(missing_ok=True)
            python = self._data.root / "current" / "venv" / "bin" / "python"
            argv = [str(python), "-m", "streamstead.mgmt.keeper", "--data", str(self._data.root)]
            try:
                subprocess.run(argv, cwd="/", check=True, capture_output=True, timeout=30)
            except (OSError, subprocess.SubprocessError) as exc:
                raise UpgradeFailed(
                    f"the manager of {release.name} could not be started: {exc}",
                    "Look at logs/mgmt.log.",
                    key="manager_start",
                ) from None

    def _keeper_in_front(self) -> bool:
        keeper = read_keeper(str(self._data.run))
        try:
            words = Path(f"/proc/{keeper}/cmdline").read_bytes().split(b"\0") if keeper else []
        except OSError:
            return False
        return b"--foreground" in words

    def _end(self) -> None:
        """End keeper and manager; what they run goes on."""
        keeper = read_keeper(str(self._data.run))
        if keeper is not None:
            _terminate(keeper)
        else:
            self._signal_manager()
        until = time.monotonic() + END_S
        run = str(self._data.run)
        while is_held(self._data.run / "mgmt.lock") or read_keeper(run) is not None:
            if time.monotonic() > until:
                raise UpgradeFailed(
                    "the manager does not end", "Look at logs/mgmt.log.", key="manager_stuck"
                )
            time.sleep(POLL_S)

    def _signal_manager(self) -> None:
        pid = self._pid()
        if pid is not None:
            _terminate(pid)

    def _pid(self) -> int | None:
        """Return who listens on the socket."""
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(3)
                probe.connect(str(self._data.mgmt_socket))
                size = struct.calcsize("3i")
                raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        except OSError:
            return None
        return int(struct.unpack("3i", raw)[0])

    def _write_unit(self, release: Path) -> None:
        """Give systemd the unit as this release wants it."""
        assert self.unit is not None
        template = release / "containers" / "systemd" / "streamstead.service.j2"
        path = UNITS / self.unit
        if not template.exists() or not path.exists():
            return
        text = template.read_text(encoding="utf-8")
        text = text.replace("{{ data }}", str(self._data.root)).replace("{{ unit }}", self.unit)
        if path.read_text(encoding="utf-8").strip() != text.strip():
            path.write_text(text.strip() + "\n", encoding="utf-8")
            subprocess.run(["systemctl", "daemon-reload"], check=False, capture_output=True)

    def _systemctl(self, *words: str, must: bool = True) -> None:
        assert self.unit is not None
        argv = ["systemctl", *words, self.unit]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if must and done.returncode != 0:
            raise UpgradeFailed(
                f"systemctl {words[0]} failed: {done.stderr.strip()[:200]}",
                f"See: journalctl -u {self.unit} -n 50",
                key="manager_start",
            )


def _terminate(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
