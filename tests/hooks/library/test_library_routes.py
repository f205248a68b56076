"""The API of the library in the recorder as it is put together; nothing is captured meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.epoch import StoreEpoch
from streamstead.core.play_rules import PlayKind, PlayRule, PlayRuleStore, recording_url
from streamstead.core.settings import Settings
from streamstead.hooks.library import compat
from streamstead.hooks.library.recording import (
    RECORD_FILE,
    Hole,
    HoleReason,
    Kind,
    Mp4State,
    Recording,
    State,
    UploadState,
)
from streamstead.hooks.recorder.main import open_recorder

from .shelf import Disk, fill_up, id_of, make, small_disk

__all__ = ["small_disk"]

PREFIX = "/terraform/v1/"


@dataclass
class Api:
    client: httpx.AsyncClient
    disk: Disk
    state: Any
    headers: dict[str, str] = field(default_factory=dict)

    async def good(self, path: str, **body: Any) -> Any:
        reply = await self.client.post(PREFIX + path, json=body, headers=self.headers)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        assert reply.json()["code"] == 0
        return reply.json()["data"]

    async def bad(self, path: str, **body: Any) -> tuple[int, int, str]:
        reply = await self.client.post(PREFIX + path, json=body, headers=self.headers)
        return reply.status_code, reply.json()["code"], reply.json()["data"]["key"]

    async def add(self, *recordings: Recording) -> None:
        for one in recordings:
            (self.disk.root / one.id).mkdir()
            await self.state.catalogue.add(one)


@pytest.fixture
async def api(redis: Redis, settings: Settings) -> AsyncIterator[Api]:
    settings.data.master_key.write_bytes(b"k" * 32)
    settings.data.record.mkdir()
    settings.data.record.rmdir()
    disk = Disk(settings.data_dir)
    async with open_recorder(settings) as running:
        app: Any = running.listeners[0].app
        headers = {"authorization": f"Bearer {settings.api_secret.get_secret_value()}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://recorder") as client:
            yield Api(client, disk, app.state, headers)
        for loop in running.loops:
            loop.close()  # type: ignore[attr-defined]


async def test_nothing_is_told_or_changed_without_signing_in(api: Api) -> None:
    await api.add(make(1))
    api.headers = {}
    bodies: dict[str, dict[str, Any]] = {
        "recordings/query": {},
        "recordings/get": {"id": id_of(1)},
        "recordings/update": {"id": id_of(1), "title": "mine"},
        "recordings/delete": {"ids": [id_of(1)], "confirm": 1},
        "recordings/retry": {"id": id_of(1), "what": "mp4"},
        "recordings/end": {"id": id_of(1)},
        "recordings/streams": {},
        "recordings/summary": {},
        "hooks/record/query": {},
        "hooks/record/files": {},
        "hooks/record/remove": {"uuid": id_of(1)},
        "hooks/record/end": {"uuid": id_of(1)},
        "hooks/dvr/query": {},
        "hooks/dvr/files": {},
        "hooks/vod/query": {},
        "hooks/vod/files": {},
    }
    for path, body in bodies.items():
        assert (await api.bad(path, **body))[0] == 401, path
    assert (await api.state.catalogue.get(id_of(1))).title == ""


async def test_a_recording_is_shown_as_it_is(api: Api, redis: Redis, settings: Settings) -> None:
    one = make(
        1,
        title="Evening",
        tags=("a",),
        ended_ms=2_000_000,
        duration_ms=90_000,
        size_bytes=700,
        segments=9,
        playlist=True,
        mp4=Mp4State.READY,
        mp4_bytes=650,
        width=320,
        height=180,
        video_codec="h264",
        holes=(Hole(5, 6, HoleReason.LOST, "two segments"),),
        target_id="t",
        upload=UploadState.VERIFIED,
        problem="mp4_failed",
        problem_text="it broke",
        problem_help="Try again.",
    )
    await api.add(one)
    shown = await api.good("recordings/get", id=one.id)
    assert shown == {
        "id": one.id,
        "kind": "live",
        "state": "ready",
        "app": "live",
        "stream": "cam1",
        "url": "live/cam1",
        "title": "Evening",
        "tags": ["a"],
        "keep": False,
        "started_ms": 1_000_001,
        "ended_ms": 2_000_000,
        "duration_ms": 90_000,
        "size_bytes": 700,
        "segments": 9,
        "mp4": "ready",
        "mp4_bytes": 650,
        "has_playlist": True,
        "has_poster": False,
        "has_sprite": False,
        "width": 320,
        "height": 180,
        "video_codec": "h264",
        "audio_codec": "",
        "holes": [{"at_ms": 5, "missing_ms": 6, "reason": "lost", "detail": "two segments"}],
        "end_reason": None,
        "source_id": None,
        "local": True,
        "in_bucket": True,
        "target_id": "t",
        "upload": "verified",
        "uploaded_bytes": 0,
        "upload_bytes": 0,
        "problem": {"key": "mp4_failed", "message": "it broke", "help": "Try again."},
        "access": "private",
        "delete_at_ms": None,
        "play_url": f"/vod/{one.id}",
    }
    await StoreEpoch(redis, settings.data.store_id).ensure()
    public = PlayRule(PlayKind.PUBLIC)
    await PlayRuleStore(redis).change(recording_url(one.id), lambda _: public)
    page = await api.good("recordings/query")
    assert page["recordings"] == [shown | {"access": "public"}]
    assert await api.bad("recordings/get", id=id_of(9)) == (404, 1003, "recording_unknown")
    assert (await api.bad("recordings/get", id="../../etc"))[0] == 422


async def test_pages_filters_streams_and_counts(api: Api) -> None:
    await api.add(*(make(number) for number in range(5)))
    await api.add(make(6, kind=Kind.CLIP, app="", stream="", title="Öl", tags=("x",)))
    await api.add(make(7, state=State.FAILED, upload=UploadState.WAITING, size_bytes=5))
    first = await api.good("recordings/query", limit=4, sort="started", order="asc")
    rest = await api.good("recordings/query", cursor=first["cursor"], limit=4, order="asc")
    ids = [one["id"] for one in first["recordings"] + rest["recordings"]]
    assert ids == [id_of(number) for number in (0, 1, 2, 3, 4, 6, 7)]
    assert (first["total"], rest["total"], rest["cursor"]) == (7, 7, None)
    found = await api.good("recordings/query", search="öl", tag="x", kind="clip")
    assert [one["id"] for one in found["recordings"]] == [id_of(6)]
    assert (await api.bad("recordings/query", cursor="x"))[2] == "cursor"
    assert (await api.bad("recordings/query", limit=201))[0] == 422
    counts = {
        one["stream"]: one["count"] for one in (await api.good("recordings/streams"))["streams"]
    }
    assert counts == {"cam0": 2, "cam1": 3, "cam2": 1}
    assert await api.good("recordings/summary") == {
        "count": 7,
        "local_bytes": 5,
        "bucket_count": 0,
        "recording": 0,
        "uploading": 1,
        "failed": 1,
    }


async def test_a_recording_is_named_tagged_and_kept(api: Api) -> None:
    await api.add(make(1))
    body = {"id": id_of(1), "title": "  The   concert ", "tags": ["a", "b", "a"], "keep": True}
    changed = await api.good("recordings/update", **body)
    assert (changed["title"], changed["tags"], changed["keep"]) == ("The concert", ["a", "b"], True)
    assert api.disk.stored(make(1)).title == "The concert"
    await api.good("recordings/update", id=id_of(1), tags=[])
    assert api.disk.stored(make(1)).tags == ()
    assert api.disk.stored(make(1)).title == "The concert"
    for wrong in ({"tags": ["a|b"]}, {"tags": [" "]}, {"title": "x" * 201}, {"state": "ready"}):
        assert (await api.bad("recordings/update", id=id_of(1), **wrong))[0] == 422


async def test_several_are_deleted_when_their_number_is_confirmed(api: Api) -> None:
    await api.add(make(1), make(2), make(3))
    ids = [id_of(1), id_of(2), id_of(9)]
    assert (await api.bad("recordings/delete", ids=ids, confirm=2))[2] == "not_confirmed"
    assert (await api.bad("recordings/delete", ids=[], confirm=0))[0] == 422
    answer = await api.good("recordings/delete", ids=ids, confirm=3)
    assert answer["deleted"] == ids[:2]
    assert [(one["id"], one["key"]) for one in answer["refused"]] == [(ids[2], "recording_unknown")]
    assert api.disk.stored(make(1)).state is State.DELETING
    listed = await api.good("recordings/query")
    assert [one["id"] for one in listed["recordings"]] == [id_of(3)]


async def test_work_is_asked_for_again(api: Api) -> None:
    await api.add(
        make(1, mp4=Mp4State.FAILED, problem="mp4_failed", poster=True, sprite=True),
        make(2, local=False, target_id="t", upload=UploadState.FAILED),
        make(3, state=State.DELETING),
    )
    again = await api.good("recordings/retry", id=id_of(1), what="mp4")
    assert (again["state"], again["mp4"], again["problem"]) == ("finishing", "waiting", None)
    again = await api.good("recordings/retry", id=id_of(1), what="thumbnails")
    assert (again["has_poster"], again["has_sprite"]) == (False, False)
    assert (await api.good("recordings/retry", id=id_of(2), what="upload"))["upload"] == "waiting"
    assert (await api.bad("recordings/retry", id=id_of(2), what="mp4"))[2] == "recording_not_local"
    assert (await api.bad("recordings/retry", id=id_of(1), what="upload"))[2] == "no_target"
    assert (await api.bad("recordings/retry", id=id_of(3), what="mp4"))[2] == "recording_busy"
    assert (await api.bad("recordings/end", id=id_of(1)))[2] == "recording_not_running"


async def test_a_full_disk_is_told_in_words(small_disk: Disk, api: Api) -> None:
    await api.state.catalogue.close()
    api.state.catalogue = await type(api.state.catalogue).open(small_disk.root, small_disk.db)
    api.disk = small_disk
    await api.add(make(1))
    fill_up(small_disk)
    refused = await api.bad("recordings/update", id=id_of(1), title="no room")
    assert refused == (409, 4008, "disk_full")
    assert (await api.good("recordings/query"))["total"] == 1


async def test_the_lists_of_srs_cloud_reach_every_recording(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compat, "_PAGE", 7)
    await api.add(*(make(number) for number in range(30)))
    everything = await api.good("hooks/record/files")
    assert [one["uuid"] for one in everything] == [id_of(number) for number in range(29, -1, -1)]
    first = await api.good("hooks/record/files", limit=10)
    rest = await api.good("hooks/record/files", cursor=first[-1]["uuid"])
    assert first + rest == everything
    assert await api.good("hooks/record/files", cursor=id_of(0)) == []
    assert await api.bad("hooks/record/files", cursor="x") == (422, 1004, "recording_unknown")
    assert await api.good("hooks/dvr/files") == await api.good("hooks/vod/files") == []


async def test_files_have_the_fields_of_srs_cloud(api: Api) -> None:
    wants = ("record", "dvr", "vod")
    under_way = make(1, state=State.RECORDING, wants=wants, segments=3, duration_ms=6_500)
    over = make(
        2,
        wants=wants,
        started_ms=1_700_000_000_000,
        ended_ms=1_700_000_060_000,
        duration_ms=60_000,
        segments=30,
        size_bytes=1_000,
        mp4=Mp4State.READY,
        mp4_bytes=900,
        width=320,
        height=180,
        upload=UploadState.VERIFIED,
        target_id="gone",
    )
    await api.add(under_way, over, make(3, wants=wants, state=State.DELETING, problem="disk"))
    plain = {
        "uuid": over.id,
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam2",
        "progress": False,
        "update": "2023-11-14T22:14:20Z",
        "nn": 30,
        "duration": 60.0,
        "size": 1_000,
    }
    recorded = await api.good("hooks/record/files")
    assert recorded[0] | {"update": ""} == plain | {"update": ""}
    assert recorded[0]["update"].startswith("2023-11-14T22:14:20")
    assert (recorded[1]["progress"], recorded[1]["duration"], len(recorded)) == (True, 6.5, 2)
    places = {"bucket": "", "region": ""}
    assert (await api.good("hooks/dvr/files"))[0] == recorded[0] | places
    ready, begun = await api.good("hooks/vod/files")
    media = f"/terraform/v1/hooks/vod/hls/{over.id}/index.mp4"
    task = {
        "url": media,
        "bitrate": 120,
        "height": 180,
        "width": 320,
        "size": 900,
        "duration": 60.0,
        "md5": "",
    }
    assert ready == recorded[0] | {"file": over.id, "media": media, "task": task}
    assert begun == recorded[1] | {"file": "", "media": ""}


async def test_switches_are_told_as_srs_cloud_tells_them(api: Api, settings: Settings) -> None:
    assert await api.good("hooks/record/query") == {
        "all": False,
        "home": str(settings.data.record),
        "globs": [],
        "processCpDir": "",
    }
    assert await api.good("hooks/dvr/query") == {"all": False, "secret": False}
    assert await api.good("hooks/vod/query") == {
        "all": False,
        "secret": False,
        "service": False,
        "storage": False,
    }


async def test_one_is_removed_by_its_uuid(api: Api) -> None:
    await api.add(make(1))
    assert await api.bad("hooks/record/remove") == (422, 1000, "field_missing")
    assert await api.bad("hooks/record/remove", uuid="x") == (422, 1004, "recording_unknown")
    assert await api.bad("hooks/record/end", uuid=id_of(8)) == (422, 1004, "recording_unknown")
    assert await api.good("hooks/record/remove", uuid=id_of(1)) is None
    task = asyncio.create_task(api.state.remover.run())
    try:
        async with asyncio.timeout(30):
            while (api.disk.root / id_of(1) / RECORD_FILE).exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
