"""A house of one container (Redis, by its real spec) on an engine of its own."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt import house as house_module
from streamstead.mgmt.api import Manager, create_app
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.containers.part import open_part
from streamstead.mgmt.containers.state import Programs
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.docker import DockerRuntime
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.plan import build_specs
from streamstead.mgmt.state_file import StateFile
from streamstead.mgmt.status import ServiceStatus
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.unit import Unit

from ..conftest import rootfs
from .engine import OwnEngine


@dataclass(slots=True)
class OneProgram:
    """A manager of a single program, with its API."""

    house: House
    api: httpx.AsyncClient
    name: str

    @property
    def status(self) -> ServiceStatus:
        return self.house.supervisor.unit(self.name).status

    @property
    def told(self) -> list[str]:
        return [one["type"] for one in self.house.events.after(0)]

    async def ask(self, action: str, **more: Any) -> Any:
        """Return the answer's data; the error's, as it is, when it is refused."""
        asked = {"action": action, "name": self.name, **more}
        return (await self.api.post("/v1/containers", json=asked)).json()["data"]

    async def row(self) -> dict[str, Any]:
        [row] = await self.ask("query")
        return dict(row)


Open = Callable[..., Any]


@pytest.fixture
async def open_house(
    settings: Settings, account: Account, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Open]:
    """Open managers of one program; opened again it is the next manager of the same house."""
    stack = AsyncExitStack()

    async def open_one(name: str = "redis", docker_host: str = "", **more: object) -> OneProgram:
        def only(plan: Plan) -> list[ServiceSpec]:
            return [spec for spec in build_specs(plan) if spec.name == name]

        monkeypatch.setattr(house_module, "build_specs", only)
        given = settings.model_copy(update={"docker_host": docker_host, **more})
        kind = RuntimeName.DOCKER if docker_host else RuntimeName.PROCESS
        runtimes: dict[RuntimeName, Any] = {
            RuntimeName.PROCESS: ProcessRuntime(given.data, account)
        }
        if docker_host:
            runtimes[RuntimeName.DOCKER] = DockerRuntime(given, account)
        folder = given.data.mgmt
        folder.mkdir(exist_ok=True)
        for sub in ("config/redis", "config/prometheus", "run/redis", "prometheus"):
            (given.data.root / sub).mkdir(parents=True, exist_ok=True)
        programs = StateFile(folder, "programs", Programs).read()
        plan = Plan(given, account, kind, MediaServer.EMBEDDED, programs=programs)
        supervisor = Supervisor(runtimes)
        [spec] = only(plan)
        files = ConfigFiles(spec, given.data, account)
        unit = Unit(spec, runtimes[spec.runtime], files, supervisor.on_change)
        supervisor.add(unit)
        house = House(plan, supervisor, HostEvents(folder), lambda: None)
        part = open_part(house)
        decision = Decision(kind, MediaServer.EMBEDDED, "a test")
        manager = Manager(supervisor, decision, house.events, house.request_stop)
        transport = httpx.ASGITransport(create_app(manager, part.routes))
        api = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://mgmt", timeout=60)
        )
        tasks = [asyncio.ensure_future(one) for one in (supervisor.run(), *part.loops)]

        async def end() -> None:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            for runtime in runtimes.values():
                await runtime.close()

        stack.push_async_callback(end)
        if kind is RuntimeName.PROCESS:
            stack.push_async_callback(runtimes[kind].stop, name, 5)
        return OneProgram(house, api, name)

    yield open_one
    await stack.aclose()


@pytest.fixture(scope="module")
def own_engine(engine: Any) -> Iterator[OwnEngine]:
    """``engine`` is asked for only to skip where no container can run."""
    made = OwnEngine()
    made.start()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def layer() -> bytes:
    """The files of an image that has Redis."""
    found = [shutil.which(p) for p in ("sh", "sleep", "redis-server", "prometheus-node-exporter")]
    return rootfs([Path(path) for path in found if path])


@pytest.fixture
def redis_image(own_engine: OwnEngine, layer: bytes) -> Iterator[str]:
    """A local image with Redis; containers of the test are removed with it."""
    name = f"streamstead-test-one:{os.getpid()}"
    repository, tag = name.split(":")
    with own_engine.client() as client:
        client.api.import_image_from_data(layer, repository=repository, tag=tag)
    yield name
    if not own_engine.answers():
        own_engine.start()
    with own_engine.client() as client:
        for one in client.containers.list(all=True, ignore_removed=True):
            one.remove(force=True)
        client.images.prune(filters={"dangling": False})
