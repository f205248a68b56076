"""The one-line image: built without a network, and run as its README says."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ..conftest import free_port, wait_until
from ..e2e.house import API, PASSWORD, Api
from ..systemd.machine import docker

LIMITS = (
    "--read-only", "--tmpfs", "/tmp", "--security-opt", "no-new-privileges", "--cap-drop", "ALL",
    "--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE", "--cap-add", "FOWNER", "--cap-add", "KILL",
    "--cap-add", "NET_BIND_SERVICE", "--cap-add", "SETGID", "--cap-add", "SETUID",
)  # fmt: skip
"""The least that it works with, as the README says."""
HEALTHY_S = 300
NETWORK = "streamstead-test-image"


def build(archive: Path, base: str, name: str, folder: Path) -> None:
    """Build it from a packed release, whose packages are in there."""
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "-xf", archive], check=True)
    (tree,) = folder.iterdir()
    dockerfile = tree / "containers/streamstead/Dockerfile"
    docker("build", "--network", "none", "--build-arg", f"BASE={base}", "-t", name,
           "-f", dockerfile, tree, timeout_s=800)  # fmt: skip


def build_with_srs(tree: Path, image: str, srs: str, name: str) -> None:
    args = ("--build-arg", f"STREAMSTEAD={image}", "--build-arg", f"SRS={srs}")
    docker("build", "--network", "none", *args, "-t", name, "-f", tree / "Dockerfile.srs", tree)


@dataclass
class OneContainer:
    """A container of it, its volume, and the ports of this machine that lead to it."""

    name: str
    image: str
    http: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)
    rtmp: int = field(default_factory=free_port)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    @property
    def volume(self) -> str:
        return f"{self.name}-data"

    def run(self, volume: str = "") -> None:
        """What the README says, in a network of its own and with other ports outside."""
        published = {self.http: 2022, self.web: 80, self.rtmp: 1935}
        ports = [word for port in published.items() for word in ("-p", "{}:{}".format(*port))]
        words = ["--restart", "unless-stopped", "--stop-timeout", "60"]
        words += ["-v", f"{volume or self.volume}:/data", *ports, *LIMITS]
        # Of the test's own: where the ports are published, and to see sooner that it is well.
        words += ["--network", NETWORK, "--health-interval", "2s"]
        docker("run", "-d", "--name", self.name, *words, self.image)
        self.wait_healthy()

    def wait_healthy(self) -> None:
        end = time.monotonic() + HEALTHY_S
        while self.inspect()["State"]["Health"]["Status"] != "healthy":
            assert time.monotonic() < end, ("it is not healthy", self.logs()[-4000:])
            time.sleep(0.5)

    def inspect(self) -> dict[str, Any]:
        found = json.loads(docker("inspect", self.name))
        return dict(found[0])

    def exec(self, *words: str, stdin: str = "") -> str:
        argv = ["docker", "exec", "-i", self.name, *words]
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def logs(self) -> str:
        done = subprocess.run(
            ["docker", "logs", self.name], capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    def setup_path(self) -> str:
        """Return what ``docker logs`` says to open first, without the address."""
        said = re.compile(r"^ +Page +http://[0-9.]+:2022(/mgmt/setup#code=\S+)", re.MULTILINE)
        wait_until(lambda: said.search(self.logs()) is not None, "the address of the page is told")
        found = said.search(self.logs())
        assert found is not None
        return found[1]

    @contextmanager
    def api(self) -> Iterator[Api]:
        """Sign in with the password, through the published port."""
        with httpx.Client(base_url=self.base + API, timeout=60, trust_env=False) as client:
            reply = client.post("/mgmt/login", json={"password": PASSWORD})
            assert reply.status_code == 200, reply.text
            yield Api(client)

    def unreaped(self) -> list[str]:
        """Return who has ended in there without anybody having noticed."""
        script = "cat /proc/[0-9]*/stat 2>/dev/null || true"
        lines = self.exec("sh", "-c", script).splitlines()
        return [line for line in lines if line.rpartition(")")[2].split()[0] == "Z"]

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], check=False, capture_output=True)
