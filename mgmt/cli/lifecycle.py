"""Start and stop the whole house, with systemd or without."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, StreamsteadError
from ...core.files import read_plain
from ...core.settings import Settings
from ..keeper import read_keeper
from ..status import WELL
from .client import NotRunning, ask_manager, follow_manager

STOP_LIMIT_S = 60.0


def systemd_unit(settings: Settings) -> str | None:
    """Return the unit that runs this data directory; None without systemd.

    ``config/unit`` holds its name; the installer writes it.
    """
    try:
        name = read_plain(settings.data.config / "unit", ours=True).decode().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if name and Path("/run/systemd/system").is_dir() else None


def start(settings: Settings) -> str:
    """Start in the background unless it runs; return in words what was done."""
    try:
        ask_manager(settings, "GET", "/healthz")
    except NotRunning:
        pass
    else:
        return "already running"
    unit = systemd_unit(settings)
    if unit is not None:
        _systemctl("start", unit)
        return f"started by systemd as {unit}"
    # Isolated, and without site packages: the keeper needs neither, and stays small.
    keeper = Path(__file__).resolve().parent.parent / "keeper.py"
    command = [sys.executable, "-I", "-S", str(keeper), "--data", str(settings.data_dir)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ConfigError(f"the keeper does not start: {done.stderr.strip()}", "See its message.")
    return "started in the background"


def stop(settings: Settings) -> str:
    """Stop every program in order, then the manager; return in words what was done."""
    unit = systemd_unit(settings)
    if unit is not None:
        _systemctl("stop", unit)
        return f"stopped by systemd ({unit})"
    return stop_directly(settings)


def stop_directly(settings: Settings) -> str:
    """Stop without asking systemd."""
    try:
        ask_manager(settings, "POST", "/v1/stop")
    except NotRunning:
        return _stop_without_manager(settings)
    _wait_until_gone(settings)
    return "stopped"


def stop_for_unit(settings: Settings, unit: str) -> str:
    """Stop everything only when systemd stops the unit for good.

    systemd runs ExecStop before a restart too, and when the manager ended by itself; neither
    may end a live stream.
    """
    job = subprocess.run(
        ["systemctl", "list-jobs", "--no-legend", "--plain", unit],
        check=False,
        capture_output=True,
        text=True,
    )
    jobs = [line.split() for line in job.stdout.splitlines()]
    if any(len(words) >= 3 and words[2] == "stop" for words in jobs):
        return stop_directly(settings)
    return "services left running: the unit is not being stopped for good"


def wait_healthy(settings: Settings, seconds: float) -> dict[str, Any]:
    """Return the status once everything runs; raises StreamsteadError after ``seconds``."""
    deadline = time.monotonic() + seconds
    last: dict[str, Any] = {}
    while (left := deadline - time.monotonic()) > 0:
        for last in follow_manager(settings, min(left, 5.0)):
            services = last["services"]
            if all(one["state"] in WELL for one in services):
                return last
            if time.monotonic() > deadline:
                break
        time.sleep(0.1)
    if not last:
        raise NotRunning(
            f"the manager did not answer within {seconds:.0f} s",
            f"See {settings.data.logs / 'mgmt.log'}.",
        )
    services = last["services"]
    bad = [
        f"{s['name']} is {s['state']} ({s['detail']})" for s in services if s["state"] not in WELL
    ]
    raise StreamsteadError(
        f"not everything is healthy after {seconds:.0f} s: {'; '.join(bad)}",
        "Look at the program's own words: streamstead logs NAME.",
    )


def _stop_without_manager(settings: Settings) -> str:
    keeper = read_keeper(str(settings.data.run))
    if keeper is not None:
        os.kill(keeper, signal.SIGTERM)
        _wait_until_gone(settings)
    if not settings.data.run.is_dir():
        return "was not running"
    stopped = asyncio.run(_stop_programs(settings))
    return "stopped" if stopped else "was not running"


async def _stop_programs(settings: Settings) -> bool:
    """Stop what a dead manager left behind; return whether there was anything."""
    from ..lock import only_one
    from ..main import build, open_runtimes
    from ..runtime.account import house_account
    from ..runtime.choose import decide

    account = house_account(settings)
    with only_one(settings.data.run / "mgmt.lock"):
        decision = await asyncio.to_thread(decide, settings)
        runtimes = await open_runtimes(settings, account, decision)
        try:
            _, supervisor = await build(settings, account, decision, runtimes)
            found = await supervisor.anything_runs()
            await supervisor.stop_all()
        finally:
            for runtime in runtimes.values():
                await runtime.close()
    return found


def _wait_until_gone(settings: Settings) -> None:
    """Wait until no manager holds the lock and no keeper is there."""
    from ..lock import is_held

    deadline = time.monotonic() + STOP_LIMIT_S
    lock = settings.data.run / "mgmt.lock"
    while is_held(lock) or read_keeper(str(settings.data.run)) is not None:
        if time.monotonic() > deadline:
            raise StreamsteadError(
                f"it did not stop within {STOP_LIMIT_S:.0f} s",
                f"See {settings.data.logs / 'mgmt.log'}; then run `streamstead stop` again.",
            )
        time.sleep(0.05)


def _systemctl(verb: str, unit: str) -> None:
    done = subprocess.run(["systemctl", verb, unit], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise StreamsteadError(
            f"systemctl {verb} {unit} failed: {done.stderr.strip().splitlines()[-1:] or ''}",
            f"See: journalctl -u {unit} -n 50",
        )
