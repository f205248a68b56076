"""The routes of the storages, with real stores and a real S3 server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.hooks.library.recording import UploadState
from streamstead.hooks.recorder.main import create_api
from streamstead.hooks.storage.check import Step
from streamstead.hooks.storage.routes import MAX_TRIALS
from streamstead.hooks.storage.targets import MAX_TARGETS, StorageTarget, StorageTargetStore

from ...storage_server import ACCESS_KEY, REGION, SECRET_KEY, SeaweedFS

API_SECRET = "the-api-secret-of-a-program"
MASTER_KEY = b"k" * 32
PREFIX = "/terraform/v1/storage/targets/"


@dataclass
class Around:
    """What the routes tell others, and what others answer."""

    changed: list[str] = field(default_factory=list)
    health: list[tuple[str, Step | None]] = field(default_factory=list)
    recordings: list[SimpleNamespace] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)

    def target_changed(self, target_id: str) -> None:
        self.changed.append(target_id)

    async def note_health(self, target_id: str, fault: Step | None) -> None:
        self.health.append((target_id, fault))

    async def work(self, **equals: str) -> list[SimpleNamespace]:
        return [one for one in self.recordings if one.target_id == equals["target_id"]]

    async def default_changed(self, target_id: str) -> None:
        self.defaults.append(target_id)


@dataclass
class Api:
    client: httpx.AsyncClient
    around: Around
    targets: StorageTargetStore
    trials: asyncio.Semaphore

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {API_SECRET}"}
        return await self.client.post(PREFIX + path, json=body, headers=headers)

    async def good(self, path: str, body: dict[str, Any] | None = None) -> Any:
        reply = await self.post(path, body or {})
        assert reply.status_code == 200, reply.text
        assert SECRET_KEY not in reply.text
        return reply.json()["data"]

    async def bad(self, path: str, body: dict[str, Any]) -> str:
        reply = await self.post(path, body)
        assert reply.json()["code"] != 0, reply.text
        assert SECRET_KEY not in reply.text
        return str(reply.json()["data"]["key"])


@pytest.fixture
async def api(redis: Redis) -> AsyncIterator[Api]:
    around = Around()
    app = create_api()
    state = app.state
    state.clock = lambda: 1_000
    state.authenticator = Authenticator(AdminStore(redis), MASTER_KEY, API_SECRET)
    state.targets = StorageTargetStore(redis, MASTER_KEY, around.default_changed)
    state.trials = asyncio.Semaphore(MAX_TRIALS)
    state.uploads = state.catalogue = around
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://recorder") as client:
        yield Api(client, around, state.targets, state.trials)


def _fields(**changes: Any) -> dict[str, Any]:
    return {
        "label": "My bucket",
        "provider": "seaweedfs",
        "endpoint": "http://127.0.0.1:8333",
        "region": REGION,
        "bucket": "videos",
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    } | changes


async def test_nobody_sees_storages_without_signing_in(api: Api) -> None:
    for path in ("list", "create", "update", "remove", "set_default", "test"):
        reply = await api.client.post(PREFIX + path, json={})
        assert reply.status_code == 401, path


async def test_a_storage_is_made_and_its_keys_are_never_told_again(api: Api, redis: Redis) -> None:
    made = await api.good("create", _fields())
    assert made["is_default"]
    assert made["secret_set"]
    assert made["path_style"], "as its provider's usual servers need it"
    assert made["access_key_hint"] == f"…{ACCESS_KEY[-4:]}"
    assert "access_key" not in made
    assert "secret_key" not in made
    assert made["health"] == {"ok": None, "key": "", "message": "", "at_ms": 0}
    stored = await redis.hgetall(StorageTargetStore.KEY)
    assert SECRET_KEY not in str(stored)
    assert api.targets.secret(await api.targets.get(made["id"])) == SECRET_KEY
    assert (await api.good("list"))["targets"] == [made]
    assert api.around.defaults == [made["id"]]


async def test_a_change_keeps_what_is_not_named_and_forgets_how_the_old_one_did(api: Api) -> None:
    made = await api.good("create", _fields())
    await api.targets.change(made["id"], lambda one: replace(one, health_ok=False, health_key="k"))
    changed = await api.good("update", {"id": made["id"], "prefix": "tv", "enabled": False})
    assert changed == made | {"prefix": "tv", "enabled": False}
    assert api.targets.secret(await api.targets.get(made["id"])) == SECRET_KEY
    await api.good("update", {"id": made["id"], "access_key": "new", "secret_key": "other"})
    assert api.targets.secret(await api.targets.get(made["id"])) == "other"
    assert api.around.changed == [made["id"]] * 2


async def test_changes_at_the_same_time_all_count(api: Api) -> None:
    made = await api.good("create", _fields())

    def add(letter: str) -> Any:
        def edit(target: StorageTarget) -> StorageTarget:
            return replace(target, prefix=target.prefix + letter)

        return api.targets.change(made["id"], edit)

    await asyncio.gather(*(add(letter) for letter in "abcdef"))
    assert sorted((await api.targets.get(made["id"])).prefix) == list("abcdef")


async def test_the_default_moves_on_when_it_is_removed(api: Api) -> None:
    first = await api.good("create", _fields())
    second = await api.good("create", _fields(label="Second"))
    assert not second["is_default"]
    await api.good("set_default", {"id": second["id"]})
    await api.good("remove", {"id": second["id"]})
    assert [one["is_default"] for one in (await api.good("list"))["targets"]] == [True]
    await api.good("remove", {"id": first["id"]})
    assert (await api.good("list"))["targets"] == []
    assert api.around.defaults == [first["id"], second["id"], first["id"], ""]
    assert await api.bad("set_default", {"id": first["id"]}) == "storage_unknown"
    assert await api.bad("remove", {"id": first["id"]}) == "storage_unknown"


async def test_a_storage_that_holds_recordings_is_not_forgotten(api: Api) -> None:
    made = await api.good("create", _fields())
    held = SimpleNamespace(target_id=made["id"], upload=UploadState.VERIFIED)
    api.around.recordings.append(held)
    assert await api.bad("remove", {"id": made["id"]}) == "target_in_use"
    held.upload = UploadState.NONE
    await api.good("remove", {"id": made["id"]})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"endpoint": "http://169.254.169.254/"}, "storage_address"),
        ({"endpoint": "ftp://host"}, "invalid"),
        ({"endpoint": ""}, "endpoint_missing"),
        ({"bucket": "../other"}, "invalid"),
        ({"bucket": ""}, "invalid"),
        ({"region": "a/b"}, "invalid"),
        ({"unknown": 1}, "unknown_field"),
        ({"delivery": "pigeon"}, "invalid"),
    ],
)
async def test_what_can_never_work_is_refused(api: Api, changes: dict[str, Any], key: str) -> None:
    reply = await api.post("create", _fields(**changes))
    assert (reply.status_code, reply.json()["data"]["key"]) == (422, key)


async def test_there_is_an_end_to_storages(api: Api) -> None:
    for _ in range(MAX_TARGETS):
        await api.good("create", _fields())
    assert await api.bad("create", _fields()) == "too_many_storages"


async def test_providers_are_known_with_their_addresses(api: Api) -> None:
    presets = {one["provider"]: one for one in (await api.good("list"))["presets"]}
    assert list(presets) == [
        "aws", "tencent", "aliyun", "r2", "b2", "wasabi", "spaces", "minio", "seaweedfs", "other",
    ]  # fmt: skip
    for one in presets.values():
        form = one["endpoint_form"].format(region="xx-1", account="acc")
        assert form == "" or form.startswith("https://"), one
        assert one["help"]
    made = await api.good(
        "create", _fields(provider="tencent", endpoint="", region="ap-beijing", path_style=False)
    )
    assert made["endpoint"] == "https://cos.ap-beijing.myqcloud.com"


async def test_a_storage_is_tried_before_and_after_it_is_saved(
    api: Api, seaweed: SeaweedFS, bucket: str
) -> None:
    fields = _fields(endpoint=seaweed.endpoint, bucket=bucket)
    tried = await api.good("test", fields)
    assert tried["ok"], tried
    assert api.around.health == []

    made = await api.good("create", fields)
    assert (await api.good("test", {"id": made["id"]}))["ok"]
    assert api.around.health == [(made["id"], None)]

    changed = await api.good("test", {"id": made["id"], "bucket": "never-made"})
    assert not changed["ok"]
    assert [one["key"] for one in changed["steps"] if one["ok"] is False] == ["storage_no_bucket"]
    assert len(api.around.health) == 1, "what is not saved says nothing about what is"

    assert await api.bad("test", {"provider": "other", "bucket": "b"}) == "invalid"
    assert await api.bad("test", {"id": "nobody"}) == "storage_unknown"
    assert await api.bad("test", fields | {"endpoint": "http://[fe80::1]"}) == "storage_address"


async def test_only_so_many_are_tried_at_once(api: Api) -> None:
    for _ in range(MAX_TRIALS):
        await api.trials.acquire()
    assert await api.bad("test", _fields()) == "rate_limited"
