"""Programs as the page asks for them, and host/exec as SRS-cloud's callers do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from .conftest import API, Page

EXEC = "/terraform/v1/host/exec"


class Manager:
    """Answers on the socket of mgmt; ``asked`` is what arrived, ``answers`` what it says."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        length = next(
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.lower().startswith("content-length")
        )
        self.asked.append((path, orjson.loads(await reader.readexactly(length))))
        status, answer = self.answers[path]
        body = orjson.dumps(answer)
        writer.write(
            b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
            % (status, len(body), body)
        )
        writer.close()


@pytest.fixture
async def manager(page: Page) -> AsyncIterator[Manager]:
    made = Manager()
    socket = page.services.settings.data.mgmt_socket
    socket.parent.mkdir(exist_ok=True)
    server = await asyncio.start_unix_server(made.serve, str(socket))
    async with server:
        await page.initialise()
        yield made


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "enabled": True, "can_disable": False, "kind": "process",
        "container": {"ID": "7", "State": "running", "Status": "Up 9 seconds"},
        "state": "running", "since_ms": 1, "restarts": 0, "pid": 7, "detail": "", "image": "",
        "digest": "", "version": "", "ports": [], "cpu_percent": 1.5, "memory_bytes": 10,
        "memory_limit_bytes": None, "pids": 1, "health": None, "last_exit": None,
        **more,
    }  # fmt: skip


async def test_programs_are_told_with_the_version_of_the_media_server(
    page: Page, manager: Manager
) -> None:
    manager.answers["/v1/containers"] = (200, {"code": 0, "data": [row("media"), row("redis")]})
    reply = await page.client.post(f"{API}/containers", json={"action": "query"})
    media, redis = reply.json()["data"]
    assert (media["version"], redis["version"]) == ("5.0.216", "")
    assert media["container"] == {"ID": "7", "State": "running", "Status": "Up 9 seconds"}
    assert manager.asked == [("/v1/containers", {"action": "query", "lines": 100, "force": False})]


async def test_the_audit_log_tells_what_was_done_to_a_program_and_no_looks(
    page: Page, manager: Manager
) -> None:
    manager.answers["/v1/containers"] = (200, {"code": 0, "data": []})
    for action in ("query", "restart"):
        await page.client.post(f"{API}/containers", json={"action": action, "name": "redis"})
    told = (await page.client.post(f"{API}/audit/query", json={})).json()["data"]["entries"]
    found = [one["target"] for one in told if one["what"] == "mgmt/containers"]
    assert found == ["action=restart name=redis"]


async def test_a_refusal_of_the_manager_reaches_the_caller_as_it_is(
    page: Page, manager: Manager
) -> None:
    said = {"message": "redis cannot be switched off", "help": "", "key": "service_needed"}
    manager.answers["/v1/containers"] = (409, {"code": 4008, "data": said})
    asked = {"action": "enabled", "name": "redis", "enabled": False}
    reply = await page.client.post(f"{API}/containers", json=asked)
    assert (reply.status_code, reply.json()) == (409, {"code": 4008, "data": said})


async def test_an_unknown_action_is_refused_before_anything_is_asked(
    page: Page, manager: Manager
) -> None:
    reply = await page.client.post(f"{API}/containers", json={"action": "destroy"})
    assert (reply.status_code, reply.json()["code"]) == (422, 1004)
    assert manager.asked == []


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ("startContainer", "mgmt/containers"),
        ("rmContainer", "mgmt/containers"),
        ("updateSslFile", "mgmt/ssl"),
        ("accessSsh", "mgmt/pubkey"),
    ],
)
async def test_host_exec_runs_no_commands_and_says_what_to_call(
    page: Page, manager: Manager, action: str, where: str
) -> None:
    reply = await page.client.post(EXEC, json={"action": action, "args": ["x", "--privileged"]})
    assert (reply.status_code, reply.json()["code"]) == (422, 1004)
    assert reply.json()["data"]["key"] == "host_exec_refused"
    assert where in reply.json()["data"]["help"]
    assert manager.asked == []


async def test_host_exec_asks_for_an_action_that_exists(page: Page, manager: Manager) -> None:
    missing = await page.client.post(EXEC, json={})
    assert (missing.status_code, missing.json()["code"]) == (422, 1000)
    unknown = await page.client.post(EXEC, json={"action": "rm -rf /"})
    assert (unknown.status_code, unknown.json()["data"]["key"]) == (422, "host_exec_unknown")


async def test_host_exec_answers_as_srs_cloud_did(page: Page, manager: Manager) -> None:
    manager.answers["/v1/containers"] = (200, {"code": 0, "data": [row("media")]})

    async def ask(action: str, *args: str) -> Any:
        reply = await page.client.post(EXEC, json={"action": action, "args": list(args)})
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    found = await ask("fetchContainer", "srs-server", "srs")
    assert found["all"] == found["running"] == row("media")["container"]
    assert await ask("queryContainers", "srs") == {
        "containers": [{"name": "media", "enabled": True, "container": row("media")["container"]}]
    }
    assert (await ask("queryVersion"))["version"].startswith("v")
    assert await ask("hostPlatform") == {"platform": "linux"}
    assert await ask("cwd") == {"cwd": str(page.services.data.root)}
    assert await ask("reloadEnv") is None
    address = await ask("ipv4")
    assert not address or address["family"] == "IPv4"
    manager.answers["/v1/containers"] = (404, {"code": 1003, "data": {"message": "none"}})
    assert await ask("fetchContainer", "nothing") == {"all": {}, "running": {}}


async def test_both_need_a_sign_in(page: Page, manager: Manager) -> None:
    page.client.cookies.clear()
    for path, asked in ((f"{API}/containers", "query"), (EXEC, "cwd")):
        reply = await page.client.post(path, json={"action": asked})
        assert reply.status_code == 401
