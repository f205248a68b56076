"""A house with the front alone (real nginx, real manager parts), a CA and a name server."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from streamstead.core.settings import Settings
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House
from streamstead.mgmt.https.desk import Desk
from streamstead.mgmt.https.models import WantCertificate
from streamstead.mgmt.https.renewal import Renewal
from streamstead.mgmt.https.shelf import Shelf
from streamstead.mgmt.https.swap import fingerprint_served
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import FrontDoors, MediaServer, Plan
from streamstead.mgmt.services.plan import build_specs
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.unit import Unit

from ...conftest import free_port, need
from .authority import Authority
from .name_server import NameServer


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of the manager: it starts children in ways of its own."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    server = NameServer(free_port())
    yield server
    server.close()


@pytest.fixture(scope="module")
def web_port() -> int:
    """Where nginx listens and the CA comes to; one for a module, as the CA is."""
    return free_port()


@pytest.fixture(scope="module")
def authority(
    tmp_path_factory: pytest.TempPathFactory, names: NameServer, web_port: int
) -> Iterator[Authority]:
    need("pebble")
    ca = Authority(tmp_path_factory.mktemp("ca"), web_port, names.address)
    yield ca
    ca.stop()


class FrontOnly(Supervisor):
    """Keeps nginx and lets the other programs be."""

    async def change(self, specs: Sequence[ServiceSpec]) -> None:
        await super().change([spec for spec in specs if spec.name == "front"])


@dataclass
class Place:
    """What a test works with. ``seen``: every other certificate that clients were shown."""

    house: House
    desk: Desk
    renewal: Renewal
    seen: list[str] = field(default_factory=list)

    async def served(self) -> str:
        """Return what new connections are shown, once no old worker of nginx takes any."""
        shown: list[str] = []
        while len(shown) < 5 or len(set(shown[-5:])) > 1:
            await asyncio.sleep(0.04)
            shown.append(await self._shown())
        return shown[-1]

    async def _shown(self) -> str:
        return await fingerprint_served(self.house.plan.doors.https, "live.example.org")

    async def watch(self) -> None:
        """Note what new connections are shown, again and again; a refused one fails the test."""
        while True:
            found = await self._shown()
            if not self.seen or self.seen[-1] != found:
                self.seen.append(found)
            await asyncio.sleep(0.02)

    async def request(self, domain: str, **more: Any) -> None:
        await self.desk.request(WantCertificate(domain=domain, **more))

    def told(self) -> list[str]:
        """The types of what was told."""
        return [one["type"] for one in self.house.events.after(0)]


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that workers of nginx reach: pytest shuts its own to others at every start."""
    folder = Path(tempfile.mkdtemp(prefix="ss-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def settings(reachable: Path, settings: Settings, names: NameServer) -> Settings:
    """Of a house whose CA is not there; ``authority`` changes that."""
    gone = f"https://127.0.0.1:{free_port()}/dir"
    return settings.model_copy(
        update={
            "data_dir": reachable / "data",
            "acme_server": gone,
            "acme_staging_server": gone,
            "acme_dns": names.address,
        }
    )


@pytest.fixture
def with_authority(settings: Settings, authority: Authority, web_port: int) -> Settings:
    return settings.model_copy(
        update={
            "acme_server": authority.directory,
            "acme_staging_server": authority.directory,
            "acme_ca_bundle": authority.bundle,
            "acme_http_port": web_port,
        }
    )


@pytest.fixture
async def open_place(
    web_port: int, until: Callable[..., Any]
) -> AsyncIterator[Callable[[Settings], Any]]:
    """Return a function that opens a house by its settings; it is closed after the test."""
    need("nginx")
    tasks: list[asyncio.Task[None]] = []
    runtimes: list[ProcessRuntime] = []

    async def open_one(settings: Settings, ipv6: bool = True) -> Place:
        root = os.geteuid() == 0
        account = Account("nobody", 65534, 65534) if root else Account("", os.geteuid(), 0)
        prepare(settings.data, account)
        plan = Plan(
            settings,
            account,
            RuntimeName.PROCESS,
            MediaServer.EMBEDDED,
            FrontDoors(http=web_port, https=free_port()),
            ipv6=ipv6,
            certificate=Shelf(settings.data.ssl).current,
        )
        runtime = ProcessRuntime(settings.data, account)
        runtimes.append(runtime)
        supervisor = FrontOnly({RuntimeName.PROCESS: runtime})
        spec = next(spec for spec in build_specs(plan) if spec.name == "front")
        files = ConfigFiles(spec, settings.data, account)
        supervisor.add(Unit(spec, runtime, files, supervisor.on_change))
        house = House(plan, supervisor, HostEvents(settings.data.mgmt), lambda: None)
        desk = Desk(house)
        loops = (supervisor.run(), desk.jobs.run())
        tasks.extend(asyncio.get_running_loop().create_task(loop) for loop in loops)
        await until(lambda: supervisor.status()[0].state == "running")
        return Place(house, desk, Renewal(desk))

    yield open_one
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for runtime in runtimes:
        await runtime.stop("front", 5)
        await runtime.close()


@pytest.fixture
async def place(open_place: Callable[[Settings], Any], with_authority: Settings) -> Place:
    """A house whose CA answers."""
    found: Place = await open_place(with_authority)
    return found
