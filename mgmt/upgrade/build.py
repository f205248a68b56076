"""Build a release by its own script, and let it speak before anything is switched."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ...core.errors import StreamsteadError
from ...core.files import write_atomic
from ...core.paths import DataDir
from ...core.redact import redact_text
from ..runtime.logfile import open_log
from ..runtime.pidfile import new_record, read_pidfile, still_runs
from .errors import UpgradeFailed

BUILD_S = 3000.0
ASK_S = 90.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def build_release(tree: Path, data: DataDir, tell: Callable[[str], None]) -> str:
    """Run ``auto/install-release`` of the tree; return the name of the release it built.

    What an earlier, interrupted run left building is ended first. Raises UpgradeFailed with the
    script's own words.
    """
    script = tree / "auto" / "install-release"
    if not script.exists():
        raise UpgradeFailed(
            f"{tree.name} has no auto/install-release, so it cannot be installed this way",
            "It is older than this way of upgrading: run its ./bootstrap.",
            key="release_too_old",
        )
    mark = data.upgrade / "building"
    end_builder(mark)
    lines: list[str] = []
    with open(open_log(data.logs / "upgrade.log"), "ab") as log:
        child = subprocess.Popen(
            ["/bin/bash", str(script), "--data", str(data.root)],
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        record = new_record(child.pid, "")
        if record is not None:
            write_atomic(mark, json.dumps(asdict(record)), 0o600)
        watchdog = _Watchdog(child)
        try:
            assert child.stdout is not None
            for raw in child.stdout:
                log.write(raw)
                line = redact_text(raw.decode(errors="replace").strip())
                lines = [*lines[-60:], line]
                if line:
                    tell(line)
        except OSError:  # a full disk must not leave a build behind
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            watchdog.cancel()
            mark.unlink(missing_ok=True)
            raise
        status = child.wait()
        watchdog.cancel()
    mark.unlink(missing_ok=True)
    if status == 0:
        for line in reversed(lines):
            if line.startswith("RELEASE="):
                return line.removeprefix("RELEASE=")
    raise _why(lines, status)


def end_builder(mark: Path) -> None:
    """End what an interrupted run left behind; it would hold the lock on the releases."""
    record = read_pidfile(mark)
    if record is not None and still_runs(record):
        os.killpg(record.pid, signal.SIGKILL)
    mark.unlink(missing_ok=True)


def spec_hashes(python: Path, data: DataDir) -> dict[str, str]:
    """Ask a release how it would run each program. Raises UpgradeFailed when it cannot even say
    so: with these settings it would not start."""
    return dict(json.loads(ask_release(python, "streamstead.mgmt.upgrade.specs", data)))


def ask_release(python: Path, module: str, data: DataDir, *words: str) -> str:
    """Run one of a release's modules; return what it prints. Raises UpgradeFailed."""
    argv = [str(python), "-B", "-m", module, "--data", str(data.root), *words]
    try:
        done = subprocess.run(
            argv,
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise UpgradeFailed(
            f"the new release does not answer: {type(exc).__name__}",
            "It stays beside; what ran goes on.",
            key="release_broken",
        ) from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no word"]
        raise UpgradeFailed(
            f"the new release does not work here: {redact_text(said[-1])[:300]}",
            "Nothing was switched; what ran goes on.",
            key="release_broken",
        )
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def environment() -> dict[str, str]:
    """What children get: nothing of ours, for the file of settings alone counts."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # pip and npm of a machine may have been told of a mirror by a file in the home folder.
    return {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": os.environ.get("HOME", "/root"), **kept}


class _Watchdog:
    """Ends a build that hangs."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        import threading

        self._child = child
        self._timer = threading.Timer(BUILD_S, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)

    def cancel(self) -> None:
        self._timer.cancel()


def _why(lines: list[str], status: int) -> StreamsteadError:
    """The script ends with one line of reason and one of advice."""
    found = {
        word: next((one.removeprefix(word) for one in reversed(lines) if one.startswith(word)), "")
        for word in ("Reason: ", "Advice: ")
    }
    reason = found["Reason: "] or f"the build ended with status {status}"
    return UpgradeFailed(
        f"the release could not be built: {reason}",
        found["Advice: "] or "Read logs/upgrade.log in the data directory.",
        key="release_broken",
    )
