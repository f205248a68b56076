"""A Docker Engine of a test's own, that it may kill and start again."""

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import docker

from ...conftest import wait_until


class OwnEngine:
    """Without bridge and rules of a firewall; containers outlive it (``--live-restore``)."""

    def __init__(self, live_restore: bool = True) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ss-dockerd-", dir="/var/tmp"))
        self.address = f"unix://{self.root}/docker.sock"
        self._live_restore = live_restore
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = ["dockerd", "--host", self.address, "--data-root", str(self.root / "data")]
        argv += ["--exec-root", str(self.root / "exec"), "--pidfile", str(self.root / "pid")]
        argv += ["--bridge", "none", "--iptables=false", "--ip6tables=false"]
        argv += ["--live-restore"] if self._live_restore else []
        with (self.root / "log").open("ab") as log:
            self._child = subprocess.Popen(argv, stdout=log, stderr=log)
        wait_until(self.answers, "the engine answers", 60)

    def answers(self) -> bool:
        # By hand: the library leaves the socket of a refused connection to the garbage collector.
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            try:
                sock.connect(str(self.root / "docker.sock"))
                sock.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in sock.recv(64)
            except OSError:
                return False

    def client(self) -> Any:
        class Client(docker.DockerClient):  # type: ignore[misc]
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                self.close()

        return Client(base_url=self.address, timeout=30)

    def kill(self) -> None:
        """End the engine alone, as a crash does; containers and their shims go on."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()
        (self.root / "pid").unlink(missing_ok=True)

    def stop(self) -> None:
        assert self._child is not None
        self._child.terminate()
        self._child.wait(60)

    def remove(self) -> None:
        """Stop it with everything it runs, and leave nothing."""
        if self._child is not None and self._child.poll() is not None:
            self.start()
        with self.client() as client:
            for one in client.containers.list(all=True):
                one.remove(force=True)
        self.stop()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(str(self.root))), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.root, ignore_errors=True)
