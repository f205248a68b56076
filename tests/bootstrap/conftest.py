"""A bootstrap of our own: ports that nobody uses, a scratch directory, whole output at hand."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..conftest import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
TCP = ("HTTP", "RTMP", "PLATFORM", "HOOKS", "FFMPEG", "SRS_API", "SRS_HTTP", "SRS_EXPORTER")
TCP += ("ENGINE_NOTIFY", "ENGINE_STAT", "PROMETHEUS", "NODE_EXPORTER", "RTMPS")


@dataclass
class Site:
    """One data directory and the variables that go with it."""

    data: Path
    env: dict[str, str] = field(default_factory=dict)
    checkout: Path = ROOT

    def command(self, *options: str, program: str = "bootstrap") -> list[str]:
        return [str(self.checkout / program), "--data", str(self.data), *options]

    def run(
        self, *options: str, program: str = "bootstrap", **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options, program=program),
            env={**self.environment, **env},
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )

    def kill_while_it_builds(self) -> None:
        """Begin an installation, and kill -9 all of it before its packages are there."""
        building = self.data / "releases" / ".building"
        with subprocess.Popen(
            self.command("--no-start", "--runtime", "process"),
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as run:
            wait_until((building / "release" / "venv").exists, "it builds", 300)
            assert run.poll() is None
            os.killpg(run.pid, signal.SIGKILL)
        assert building.exists()

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("STREAMSTEAD_")}
        return {**kept, **self.env}

    @property
    def env_file(self) -> Path:
        return self.data / "config" / ".env"

    def programs(self) -> dict[int, str]:
        """Return what runs for this directory: pid and command line."""
        found: dict[int, str] = {}
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"{self.data}/" in line:
                found[int(entry.parent.name)] = line
        return found

    def stop(self) -> None:
        program = self.data / "current" / "venv" / "bin" / "streamstead"
        if program.exists():
            subprocess.run([program, "stop", "--data", self.data], check=False, capture_output=True)


def ending(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """Return reason and advice; a failure ends with exactly these two lines."""
    assert done.returncode != 0, done.stdout
    reason, advice = done.stderr.splitlines()[-2:]
    assert reason.startswith("Reason: "), done.stderr
    assert advice.startswith("Advice: "), done.stderr
    assert done.stderr.count("Reason: ") == 1
    return reason.removeprefix("Reason: "), advice.removeprefix("Advice: ")


@pytest.fixture(scope="session")
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("./bootstrap installs packages and accounts: run the tests as root")


def new_site() -> Site:
    env = {f"STREAMSTEAD_{name}_PORT": str(free_port()) for name in TCP}
    for name in ("RTC", "SRT"):
        env[f"STREAMSTEAD_{name}_PORT"] = str(free_port(socket.SOCK_DGRAM))
    env["STREAMSTEAD_WEB_HTTP_PORT"] = env["STREAMSTEAD_WEB_HTTPS_PORT"] = "0"
    root = Path(tempfile.mkdtemp(prefix="ssb-", dir="/var/tmp"))
    root.chmod(0o755)
    return Site(root / "data", env)


@pytest.fixture
def site(as_root: None) -> Iterator[Site]:
    """A directory that holds nothing yet."""
    one = new_site()
    root = one.data.parent
    yield one
    one.stop()
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def built(as_root: None) -> Iterator[Site]:
    """A directory with a release in it and nothing started; its first run was killed."""
    one = new_site()
    one.checkout = one.data.parent / "checkout"
    # A copy, which a test may change, and which nobody else changes meanwhile.
    left_out = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "dist", "*.egg-info")
    shutil.copytree(ROOT, one.checkout, ignore=left_out, symlinks=True)
    (one.checkout / "ui" / ".npmrc").write_bytes((ROOT / "ui" / ".npmrc").read_bytes())
    one.kill_while_it_builds()
    done = one.run("--no-start", "--runtime", "process")
    assert done.returncode == 0, done.stdout + done.stderr
    yield one
    one.stop()
    shutil.rmtree(one.data.parent)
