"""The socket's calls, on a supervisor without programs of its own making."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.api import Manager, create_app
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import MediaServer
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.unit import Unit


@pytest.fixture
def asked() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def client(
    settings: Settings, account: Account, asked: asyncio.Event
) -> AsyncIterator[httpx.AsyncClient]:
    runtime = ProcessRuntime(settings.data, account)
    supervisor = Supervisor({RuntimeName.PROCESS: runtime})
    spec = ServiceSpec("thing", ("x",), HealthCheck(HttpProbe("/", port=1)), order=1)
    files = ConfigFiles(spec, settings.data, account)
    supervisor.add(Unit(spec, runtime, files, supervisor.on_change))
    (settings.data.logs / "thing.log").write_text("one\n\x1b[31mtwo?secret=hidden\n")
    decision = Decision(RuntimeName.PROCESS, MediaServer.EMBEDDED, "no Docker Engine answers")
    app = create_app(Manager(supervisor, decision, HostEvents(settings.data.mgmt), asked.set))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mgmt") as made:
        yield made


async def test_status_names_runtime_reason_media_server_and_programs(
    client: httpx.AsyncClient,
) -> None:
    data = (await client.get("/v1/status")).json()["data"]
    assert data["runtime"] == "process"
    assert data["runtime_reason"] == "no Docker Engine answers"
    assert data["media_server"] == "embedded"
    [one] = data["services"]
    assert set(one) == {"name", "state", "since_ms", "restarts", "pid", "detail"}
    assert (one["name"], one["state"], one["pid"]) == ("thing", "starting", None)


async def test_healthz_names_the_service(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json()["data"]["service"] == "mgmt"


async def test_logs_are_plain_and_without_secrets(client: httpx.AsyncClient) -> None:
    data = (await client.get("/v1/services/thing/logs?lines=5")).json()["data"]
    assert data == {"lines": ["one", "two?secret=***"]}


@pytest.mark.parametrize(
    ("method", "path", "status", "key"),
    [
        ("GET", "/v1/nothing", 404, "unknown_path"),
        ("GET", "/v1/stop", 405, "method_not_allowed"),
        ("POST", "/v1/services/nobody/restart", 404, "not_found"),
        ("GET", "/v1/services/nobody/logs", 404, "not_found"),
        ("GET", "/v1/services/thing/logs?lines=0", 422, "invalid"),
        ("GET", "/v1/services/thing/logs?lines=x", 422, "invalid"),
    ],
)
async def test_wrong_requests_are_answered_in_the_envelope(
    client: httpx.AsyncClient, method: str, path: str, status: int, key: str
) -> None:
    reply = await client.request(method, path)
    assert reply.status_code == status
    body: dict[str, Any] = reply.json()
    assert body["code"] != 0
    assert body["data"]["key"] == key


async def test_stop_is_only_asked_for(client: httpx.AsyncClient, asked: asyncio.Event) -> None:
    reply = await client.post("/v1/stop")
    assert json.loads(reply.content) == {"code": 0, "data": None}
    assert asked.is_set()
