"""A machine with systemd in a container, without any network: a small Debian, installed once.

The one-line image (tests/image) is built on the same Debian: it has all packages of that, too.
"""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..e2e.images import BASE_TAR, _debootstrap

CACHE = BASE_TAR.parent
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "redis-server", "nginx-light",
    "libnginx-mod-rtmp", "ffmpeg", "iproute2", "prometheus", "prometheus-node-exporter",
    "tzdata", "openssl", "procps", "tini", "libnginx-mod-stream",
)  # fmt: skip
MASKED = (
    "getty.target", "console-getty.service", "systemd-udevd.service", "systemd-logind.service",
    "redis-server.service", "nginx.service", "prometheus.service",
    "prometheus-node-exporter.service",
)  # fmt: skip
BOOT = (
    "umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup; "
    "exec /lib/systemd/systemd --log-target=console"
)
TRUST = 'Acquire::https::CaInfo "/etc/host-certs/ca-certificates.crt";'
"""Of this machine, whose package sources are those that can be reached from here."""
RIGHTS = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]
RIGHTS += ["--security-opt", "apparmor=unconfined", "--stop-signal", "SIGRTMIN+3"]
SCRATCH = ["--tmpfs", "/run:exec", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec"]


def docker(*words: str | Path, timeout_s: float = 300) -> str:
    done = subprocess.run(
        ["docker", *map(str, words)], capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def image() -> str:
    """Return the name of the image; the file it is made from is kept for the next engine."""
    key = hashlib.sha256(" ".join((*PACKAGES, *MASKED)).encode()).hexdigest()[:12]
    name, kept = f"streamstead-test/systemd:{key}", CACHE / f"systemd-{key}.tar"
    found = subprocess.run(["docker", "image", "inspect", name], check=False, capture_output=True)
    if found.returncode == 0:
        return name
    if not kept.exists():
        _install(kept)
    docker("import", kept, name)
    return name


def _install(kept: Path) -> None:
    if not BASE_TAR.exists():
        _debootstrap()
    bare, container = "streamstead-test/debian:bare", "streamstead-test-systemd-build"
    docker("import", BASE_TAR, bare)
    subprocess.run(["docker", "rm", "-f", container], check=False, capture_output=True)
    script = (
        "printf 'exit 101' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && "
        f"printf '{TRUST}' >/tmp/apt.conf && export APT_CONFIG=/tmp/apt.conf && "
        "export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && "
        f"apt-get install -y -qq --no-install-recommends {' '.join(PACKAGES)} && apt-get clean && "
        f"rm -rf /var/lib/apt /usr/sbin/policy-rc.d && systemctl mask {' '.join(MASKED)} && "
        "systemctl set-default multi-user.target"
    )
    mounts: list[str] = []
    for path in ("/etc/apt", "/usr/share/keyrings"):
        mounts += ["-v", f"{path}:{path}:ro"]
    mounts += ["-v", "/etc/ssl/certs:/etc/host-certs:ro"]
    try:
        docker("run", "--name", container, "--network", "host", *mounts, bare, "sh", "-c", script,
               timeout_s=800)  # fmt: skip
        part = kept.with_suffix(".part")
        docker("export", "-o", part, container, timeout_s=300)
        part.rename(kept)
    finally:
        subprocess.run(["docker", "rm", "-f", container], check=False, capture_output=True)


class Machine:
    """One that runs; everything in it is done by ``docker exec``."""

    def __init__(self, name: str) -> None:
        self.name = name
        subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)
        docker("run", "-d", "--name", name, "--network", "none", *RIGHTS, *SCRATCH,
               "--entrypoint", "/bin/sh", image(), "-c", BOOT)  # fmt: skip
        self.wait_booted()

    def run(self, *words: str, timeout_s: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "exec", self.name, *words],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def must(self, *words: str, timeout_s: float = 300) -> str:
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:], self.logs())
        return done.stdout

    def start(self, *words: str) -> None:
        """Run something in the background."""
        docker("exec", "-d", self.name, *words)

    def copy(self, source: Path | str, target: str) -> None:
        docker("cp", source, f"{self.name}:{target}")

    def logs(self) -> str:
        return docker("logs", "--tail", "40", self.name)[-4000:]

    def wait_booted(self) -> None:
        self.wait(lambda: self.run("systemctl", "list-jobs").returncode == 0, "systemd answers")

    def reboot(self) -> None:
        docker("restart", "-t", "30", self.name)
        self.wait_booted()

    def cut_power(self) -> None:
        docker("kill", self.name)
        docker("start", self.name)
        self.wait_booted()

    def property(self, unit: str, name: str) -> str:
        return self.must("systemctl", "show", "-p", name, "--value", unit).strip()

    def wait(self, check: Callable[[], bool], what: str, timeout_s: float = 120) -> None:
        end = time.monotonic() + timeout_s
        while not check():
            assert time.monotonic() < end, (what, self.logs())
            time.sleep(0.2)

    def api(self, path: str, **body: Any) -> Any:
        """Call the house's API inside as the operator's program; returns ``data``."""
        script = (
            "import json, sys, urllib.request as u\n"
            "secret = [l.split('=', 1)[1].strip() for l in open(sys.argv[1] + '/config/.env')\n"
            "          if l.startswith('STREAMSTEAD_API_SECRET=')][0]\n"
            "base = 'http://127.0.0.1:2022/terraform/v1/'\n"
            "q = u.Request(base + sys.argv[2], sys.argv[3].encode(),\n"
            "  {'Authorization': 'Bearer ' + secret, 'Content-Type': 'application/json'})\n"
            "print(u.urlopen(q, timeout=60).read().decode())\n"
        )
        words = ("python3", "-c", script, "/var/lib/streamstead", path, json.dumps(body))
        return json.loads(self.must(*words))["data"]

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], check=False, capture_output=True)
