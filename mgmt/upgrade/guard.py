"""Begins runs, and sees to it that each is finished.

``<data>/upgrade/resume`` is there as long as a run is under way. It is a script that starts the
runner again from the release that began the run, unless it is at work. Whoever starts the manager
calls it first (the unit, the keeper, bootstrap), and the manager while it runs: so a killed runner,
a reboot or a new release that does not start at all leave nothing half done.
"""

import contextlib
import fcntl
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ...core.errors import NotFound, NotSupported
from ...core.files import sync_directory, write_atomic
from ...core.log import get_logger
from ...core.paths import DataDir
from ...core.settings import Settings
from ...core.version import VERSION
from ..cli.lifecycle import systemd_unit
from ..runtime.logfile import open_log
from .journal import Journal, Run, Wish, new_run
from .lock import UpgradeLock, running
from .place import Installed

log = get_logger(__name__)

_FORK = """
import os, subprocess, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK)
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                         start_new_session=True, cwd="/")
child.returncode = 0
"""
_SCRIPT = """#!/bin/sh
# Finishes an upgrade that was interrupted. Removed when there is nothing to be finished.
exec {python} -B -m streamstead.mgmt.upgrade.guard --data {data}
"""


def begin(settings: Settings, wish: Wish) -> Run:
    """Note a run and start the runner; return at once. Raises UpgradeRunning, NotFound, and
    NotSupported in the one-line image."""
    if settings.in_image:
        raise NotSupported(
            "this house runs from an image, which is renewed from outside",
            "Make or pull the newer image and start a container of it on the same /data.",
            key="upgrade_in_image",
        )
    data = settings.data
    journal, lock = Journal(data), UpgradeLock(data.upgrade)
    data.upgrade.mkdir(mode=0o700, exist_ok=True)
    release = Installed(data).current
    if not release:
        raise NotFound(f"nothing is installed in {data.root}", "Install it: ./bootstrap")
    run = new_run(wish, VERSION, release)
    with _one_at_a_time(data):
        busy = journal.read() is not None or lock.is_held()
        if not busy:
            _arm(data)
            journal.write(run)
    if busy:
        waiting = journal.read()
        if wish.force and waiting is not None and waiting.waits_for and not wish.dry_run:
            go_mark(data).touch()  # that one need not wait any longer
            return waiting
        resume(settings)
        raise running(lock.owner())
    _start_runner(settings)
    return run


def resume(settings: Settings) -> bool:
    """Start the runner when a run is under way and nobody is at it; return whether it was so."""
    lock = UpgradeLock(settings.data.upgrade)
    if Journal(settings.data).read() is None:
        disarm(settings.data)
        return False
    if lock.is_held() and not lock.end_hung():
        return False
    log.warning("upgrade.resumed")
    _start_runner(settings)
    return True


def go_mark(data: DataDir) -> Path:
    """There when a run that waits is told to go on."""
    return data.upgrade / "go"


def script(data: DataDir) -> Path:
    return data.upgrade / "resume"


def _arm(data: DataDir) -> None:
    """Leave the script that finishes what begins now."""
    text = _SCRIPT.format(python=shlex.quote(_own_python()), data=shlex.quote(str(data.root)))
    write_atomic(script(data), text, 0o700)


def disarm(data: DataDir) -> None:
    """Remove it, unless a run is under way."""
    with _one_at_a_time(data):
        if Journal(data).read() is None and script(data).exists():
            script(data).unlink(missing_ok=True)
            sync_directory(data.upgrade)


@contextlib.contextmanager
def _one_at_a_time(data: DataDir) -> Iterator[None]:
    fd = os.open(data.upgrade / "beginning", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _own_python() -> str:
    """The Python of the release that this is, not of whatever is current later."""
    return str(Path(sys.prefix).resolve() / "bin" / "python")


def _start_runner(settings: Settings) -> None:
    data = settings.data
    # It is opened by its name below, by others who look less closely.
    os.close(open_log(data.logs / "upgrade.log"))
    argv = [_own_python(), "-B", "-m", "streamstead.mgmt.upgrade.runner"]
    argv += ["--data", str(data.root)]
    unit = systemd_unit(settings)
    if unit is not None and _as_transient_unit(argv, unit, data):
        return
    # Twice away from us: it must be nobody's child, and outlive whoever began it.
    log_path = str(data.logs / "upgrade.log")
    command = [sys.executable, "-I", "-S", "-c", _FORK, log_path, *argv]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=30, env=_environment())


def _as_transient_unit(argv: list[str], unit: str, data: DataDir) -> bool:
    name = f"{unit.removesuffix('.service')}-upgrade-{time.time_ns() // 1_000_000:x}"
    command = ["systemd-run", "--quiet", "--collect", "--no-block", f"--unit={name}"]
    command += [f"--description=Upgrade of Streamstead ({data.root})"]
    # What kills it may be an accident; the journal knows when enough is enough.
    command += ["--property=Restart=on-failure", "--property=RestartSec=1"]
    command += [f"--property=StandardOutput=append:{data.logs}/upgrade.log"]
    command += ["--property=StandardError=inherit", "--property=UMask=0022"]
    command += [f"--setenv={name}={value}" for name, value in _environment().items()]
    done = subprocess.run([*command, "--", *argv], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        log.warning("upgrade.no_transient_unit", said=done.stderr.strip()[:200])
    return done.returncode == 0


def _environment() -> dict[str, str]:
    """Not what made this process special, such as the manager's own way to tell systemd."""
    own = ("STREAMSTEAD_", "NOTIFY_", "WATCHDOG_", "LISTEN_", "PYTHON", "INVOCATION_", "JOURNAL_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def main(argv: list[str] | None = None) -> int:
    """``python -m streamstead.mgmt.upgrade.guard --data DIR``: finish what was interrupted."""
    import argparse

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(argv)
    resume(Settings.load(given.data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
