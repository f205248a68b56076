"""An installation whose releases are links to this checkout and whose manager is a stand-in; Redis,
keeper, guard and runner are the real ones."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from streamstead.core.settings import Settings
from streamstead.mgmt.keeper import read_keeper
from streamstead.mgmt.upgrade.guard import begin
from streamstead.mgmt.upgrade.journal import Journal, Origin, Run, Wish
from streamstead.mgmt.upgrade.lock import UpgradeLock
from streamstead.mgmt.upgrade.place import Installed

from ...conftest import wait_until
from .conftest import Signer

STAND_IN = Path(__file__).parent / "fake_manager.py"
ROOT = Path(__file__).resolve().parent.parent.parent.parent
NEVER_S = 60.0

INSTALL = """#!/bin/bash
# Builds a release the cheap way: a copy of the one that runs.
set -e
data=$2 here=$(dirname "$(dirname "$0")")
if [ -e "$here/broken" ]; then
  printf 'Reason: it does not compile.\\nAdvice: mend it.\\n'
  exit 3
fi
[ ! -e "$here/fills" ] || {{ head -c 400M /dev/zero >"$data/releases/.filled"; }}
rm -rf "$data/releases/{name}"
cp -a "$data/releases/$(basename "$(readlink "$data/current")")" "$data/releases/{name}"
for mark in wont-start sick deaf no-way-back; do
  rm -f "$data/releases/{name}/$mark"
  [ ! -e "$here/$mark" ] || touch "$data/releases/{name}/$mark"
done
echo RELEASE={name}
"""


class FakeHouse:
    """One data directory with release 1.0.0-a running."""

    def __init__(self, settings: Settings, media_pid: int) -> None:
        self.settings, self.data = settings, settings.data
        self.journal, self.installed = Journal(self.data), Installed(self.data)
        lines = [f"STREAMSTEAD_{name.upper()}={_plain(value)}" for name, value in settings
                 if name != "data_dir" and _plain(value)]  # fmt: skip
        self.data.env_file.write_text("\n".join(lines) + "\n")
        for folder in (self.data.mgmt, self.data.upgrade, self.data.releases):
            folder.mkdir(mode=0o700)
        (self.data.config / "runtime.json").write_text(
            '{"runtime": "process", "media_server": "embedded", "reason": "a test"}'
        )
        (self.data.root / "media.pid").write_text(str(media_pid))
        self.make_release("1.0.0-a")
        self.installed.switch("1.0.0-a")
        (self.data.config / "keep-me").write_text("as it was")

    def make_release(self, name: str, *marks: str) -> Path:
        """Make one whose Python finds this checkout, and whose manager is the stand-in."""
        release = self.data.releases / name
        venv, ours = release / "venv", Path(sys.prefix)
        (venv / "bin").mkdir(parents=True)
        shutil.copy(ours / "pyvenv.cfg", venv)
        (venv / "lib").symlink_to(ours / "lib")
        (venv / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
        program = venv / "bin" / "streamstead"
        program.write_text(
            f'#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -B {STAND_IN} "$@"\n'
        )
        program.chmod(0o755)
        for mark in (*marks, "complete"):
            (release / mark).touch()
        return release

    def start(self) -> None:
        python = self.data.root / "current" / "venv" / "bin" / "python"
        argv = [str(python), "-m", "streamstead.mgmt.keeper", "--data", str(self.data.root)]
        subprocess.run(argv, check=True, cwd="/", env=self.environment)
        wait_until(self.answers, "the stand-in answers")

    def answers(self) -> bool:
        return self.release_that_answers() is not None

    def release_that_answers(self) -> str | None:
        from streamstead.mgmt.upgrade.manager_link import ManagerLink

        return ManagerLink(self.settings).release()

    @property
    def environment(self) -> dict[str, str]:
        return {k: v for k, v in os.environ.items() if not k.startswith("STREAMSTEAD_")}

    def archive(self, signer: Signer, name: str, *marks: str) -> Path:
        """Make a signed archive that builds the release ``name``."""
        version = name.rpartition("-")[0]
        tree = self.data.root / f"tree-{name}"
        (tree / "auto").mkdir(parents=True)
        (tree / "auto" / "install-release").write_text(INSTALL.format(name=name))
        (tree / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
        (tree / "release.json").write_text(json.dumps({"version": version}))
        for mark in marks:
            (tree / mark).touch()
        path = self.data.root / f"streamstead-{version}.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            tar.add(tree, tree.name)
        signer.sign_file(path)
        return path

    def trust(self, signer: Signer) -> None:
        (self.data.mgmt / "upgrade.json").write_text(json.dumps({"keys": [signer.public]}))

    def publish(self, archive: Path, signer: Signer) -> None:
        """Enter an archive into an index, and let the house look there."""
        version = archive.name.removeprefix("streamstead-").removesuffix(".tar.gz")
        entry = {
            "version": version,
            "url": archive.name,
            "bytes": archive.stat().st_size,
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        }
        index = {"format": 1, "made_ms": 1, "stable": version, "latest": version}
        path = archive.with_name("index.json")
        path.write_text(json.dumps(index | {"releases": [entry]}))
        signer.sign_file(path)
        chosen = {"keys": [signer.public], "url": str(path)}
        (self.data.mgmt / "upgrade.json").write_text(json.dumps(chosen))

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line from the release that is current, as an operator does."""
        python = self.installed.python(self.installed.current)
        code = "import sys; from streamstead.mgmt.cli.main import main; sys.exit(main())"
        argv = [str(python), "-B", "-c", code, *words, "--data", str(self.data.root)]
        return subprocess.run(
            argv, cwd="/", env=self.environment, capture_output=True, text=True,
            timeout=NEVER_S * 3, check=False,
        )  # fmt: skip

    def upgrade(self, path: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return self.ask("upgrade", "--from", str(path), "--healthy-wait", "5", *words)

    def begin(self, archive: Path) -> Run:
        """Begin an upgrade to a signed archive, and do not wait for it."""
        path = str(archive)
        return begin(self.settings, Wish(origin=Origin.ARCHIVE, path=path, healthy_s=5))

    def kill_runner_at(self, step: str) -> str:
        """Kill -9 whoever works on the run as soon as it has come to ``step``; return where it
        was."""
        lock = UpgradeLock(self.data.upgrade)
        until = time.monotonic() + NEVER_S
        while time.monotonic() < until:
            run = self.journal.read()
            reached = [s.name for s in run.steps if s.state != "waiting"] if run else []
            owner = lock.owner()
            if step in reached and owner is not None and owner.alive:
                os.kill(owner.pid, signal.SIGKILL)
                return reached[-1]
            time.sleep(0.001)  # no step is shorter; the one who is to come to it needs the machine
        raise AssertionError(f"the run never came to {step}")

    def resume(self) -> None:
        """Do what a boot, the keeper and the manager do."""
        script = self.data.upgrade / "resume"
        if script.exists():
            subprocess.run([script], check=True, env=self.environment, cwd="/")

    def wait_ended(self) -> Run:
        """Return the run that was under way, or the last one, when it has ended."""
        wait_until(lambda: self.journal.read() is None, "the run has ended", NEVER_S)
        last = self.journal.last()
        assert last is not None
        return last

    def wait_idle(self) -> None:
        wait_until(lambda: not UpgradeLock(self.data.upgrade).is_held(), "the runner has ended")

    def whole(self, release: str) -> None:
        """Assert that the house is all of this release: nothing half, nothing left over."""
        self.wait_idle()
        assert self.installed.current == release
        wait_until(lambda: self.release_that_answers() == release, f"{release} runs")
        assert (self.data.config / "keep-me").read_text() == "as it was"
        left = {path.name for path in self.data.upgrade.iterdir()}
        usual = {"last.json", "lock", "beginning", "snapshots", "previous", "known.json"}
        assert not left - usual, left - usual

    def stop(self) -> None:
        for pid in (read_keeper(str(self.data.run)), *_processes_of(self.data.root)):
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _processes_of(root: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        pid = int(path.parent.name)
        if f"{root}\0".encode() in words and b"redis-server" not in words and pid != os.getpid():
            found.append(pid)
    return found


def _plain(value: Any) -> str:
    if hasattr(value, "get_secret_value"):
        return str(value.get_secret_value())
    return "" if value is None else str(value)
