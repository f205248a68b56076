"""A house whose front really runs, and whose media server does in the tests that want it."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from streamstead.core.paths import share_dir
from streamstead.core.settings import Settings
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.front.office import FrontOffice
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House
from streamstead.mgmt.https.models import About, Provider
from streamstead.mgmt.https.pem import check_readable
from streamstead.mgmt.https.shelf import Shelf
from streamstead.mgmt.main import build
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.status import State

LIMIT_S = 60


@dataclass
class Kept:
    """A house with some of its programs running, and the office of its front."""

    house: House
    office: FrontOffice
    client: httpx.AsyncClient
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.house.settings

    def config(self) -> str:
        return (self.settings.data.config / "front" / "nginx.conf").read_text()

    async def running(self, name: str) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                state = {one.name: one.state for one in self.house.supervisor.status()}[name]
                if state is State.RUNNING:
                    return
                await asyncio.sleep(0.02)

    async def start(self, name: str) -> None:
        self.tasks.append(asyncio.create_task(self.house.supervisor.unit(name).run([])))
        await self.running(name)


def trusted_certificate(settings: Settings, folder: Path) -> None:
    """Put a certificate that a CA has signed on the shelf, as the current one."""
    ca, key, chain = folder / "ca", folder / "key.pem", folder / "chain.pem"
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run = {"check": True, "capture_output": True, "cwd": folder}
    subprocess.run(
        [*new, "-x509", "-keyout", f"{ca}.key", "-out", f"{ca}.crt", "-subj", "/CN=CA"], **run
    )  # type: ignore[call-overload]
    subprocess.run([*new, "-keyout", key, "-out", "csr", "-subj", "/CN=live.test"], **run)  # type: ignore[call-overload]
    (folder / "ext").write_text("subjectAltName=DNS:live.test\n")
    sign = ["openssl", "x509", "-req", "-in", "csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key"]
    sign += ["-CAcreateserial", "-days", "30", "-out", str(chain), "-extfile", "ext"]
    subprocess.run(sign, **run)  # type: ignore[call-overload]
    chain_text, key_text = chain.read_text(), key.read_text()
    facts = check_readable(chain_text, key_text)
    shelf = Shelf(settings.data.ssl)
    shelf.point_to(shelf.put(chain_text, key_text, About(provider=Provider.SSL, facts=facts)))


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page of three files; all templates are the real ones."""
    folder = tmp_path / "share"
    dist = folder / "ui" / "dist"
    dist.mkdir(parents=True)
    for name in ("index", "watch", "vod"):
        (dist / f"{name}.html").write_text(name)
    (folder / "containers").symlink_to(share_dir() / "containers")
    monkeypatch.setattr(Plan, "share", folder)
    return folder


@asynccontextmanager
async def open_kept(settings: Settings, media: MediaServer, folder: Path) -> AsyncIterator[Kept]:
    """Build a house around these settings; starts the front."""
    root = os.geteuid() == 0
    # As in life: root starts nginx, and its workers are another user who must reach the files.
    account = Account("nobody", 65534, 65534) if root else Account("", os.geteuid(), os.getegid())
    for path in (folder, *folder.parents):
        if root and path.stat().st_mode & 0o001 == 0:
            path.chmod(path.stat().st_mode | 0o011)
    prepare(settings.data, account)
    runtime = ProcessRuntime(settings.data, account)
    decision = Decision(RuntimeName.PROCESS, media, "a test")
    plan, supervisor = await build(settings, account, decision, {RuntimeName.PROCESS: runtime})
    house = House(plan, supervisor, HostEvents(settings.data.mgmt), lambda: None)
    base = f"http://127.0.0.1:{settings.http_port}"
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as client:
        kept = Kept(house, FrontOffice(house), client)
        try:
            await kept.start("front")
            yield kept
        finally:
            for task in kept.tasks:
                task.cancel()
            await asyncio.gather(*kept.tasks, return_exceptions=True)
            for name in ("front", "media"):
                await runtime.stop(name, 5)
            await runtime.close()


@pytest.fixture
def ports(settings: Settings, free_port: Callable[[], int]) -> Settings:
    """Settings with 80, 443 and RTMPS at ports of their own."""
    names = ("web_http_port", "web_https_port", "rtmps_port", "prometheus_port")
    return settings.model_copy(update={name: free_port() for name in names})


@pytest.fixture
async def kept(ports: Settings, share: Path, tmp_path: Path) -> AsyncIterator[Kept]:
    """With the embedded media server, which is not started."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    async with open_kept(ports, MediaServer.EMBEDDED, tmp_path) as made:
        yield made


def own_address() -> str:
    """Return an address of this machine that is not loopback; skip where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            pytest.skip("this machine has no address but loopback")
