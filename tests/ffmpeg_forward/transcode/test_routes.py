"""The API of transcodes, with real stores and nothing that runs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.srs import SrsApi
from streamstead.ffmpeg_forward.main import create_api
from streamstead.ffmpeg_forward.transcode.hardware import HardwareEncoders
from streamstead.ffmpeg_forward.transcode.service import Sources, Transcoder

from .conftest import MASTER_KEY, Stage

SECRET = "the-api-secret-of-a-program"
RUNG = {"name": "small", "width": 96, "height": 54, "video_kbps": 60}


def media_server(request: httpx.Request) -> httpx.Response:
    one = {"id": "1", "name": "cam", "vhost": "v", "app": "live", "url": "/live/cam"}
    video = {"codec": "H264", "profile": "High", "level": "3.1", "width": 640, "height": 360}
    return httpx.Response(200, json={"code": 0, "streams": [one | {"video": video}]})


@dataclass
class Api:
    client: httpx.AsyncClient
    stage: Stage

    async def call(self, path: str, **body: Any) -> Any:
        reply = await self.client.post(path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    async def refusal(self, path: str, **body: Any) -> str:
        reply = await self.client.post(path, json=body)
        assert reply.status_code >= 400, reply.text
        return str(reply.json()["data"]["key"])


@pytest.fixture
async def api(stage: Stage) -> AsyncIterator[Api]:
    keeper = stage.start()
    app = create_api()
    app.state.clock = lambda: 1_000
    app.state.authenticator = Authenticator(AdminStore(stage.redis), MASTER_KEY, SECRET)
    async with (
        httpx.AsyncClient(
            transport=httpx.MockTransport(media_server), base_url="http://srs"
        ) as srs,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://house/terraform/v1/ffmpeg/transcode/",
            headers={"Authorization": f"Bearer {SECRET}"},
        ) as client,
    ):
        hardware = HardwareEncoders(root=Path("/nonexistent"))
        sources = Sources(SrsApi(srs))
        app.state.transcoder = Transcoder(
            stage.store, keeper, stage.guard, hardware, sources, stage.oryx
        )
        yield Api(client, stage)


async def test_a_ladder_is_made_changed_and_removed(api: Api) -> None:
    made = await api.call("create", app="live", stream="cam", renditions=[RUNG], label="mine")
    assert (made["state"], made["enabled"], made["problem"]) == ("off", False, None)
    assert made["master_url"] == "/live/cam.m3u8"
    assert made["renditions"][0] | RUNG == made["renditions"][0]
    assert (await api.call("start", id=made["id"]))["state"] == "waiting"
    assert (await api.call("stop", id=made["id"]))["state"] == "off"
    wider = RUNG | {"width": 160}
    changed = await api.call("update", id=made["id"], renditions=[wider], label="")
    assert (changed["renditions"][0]["width"], changed["label"]) == (160, "")
    listed = await api.call("list")
    assert listed["transcodes"] == [changed]
    machine = listed["machine"]
    assert (machine["cores"], machine["hardware"], machine["free_percent"]) == (2, [], 90)
    assert machine["speed_1080p30"] > 0
    await api.call("remove", id=made["id"])
    assert (await api.call("list"))["transcodes"] == []
    assert await api.refusal("start", id=made["id"]) == "transcode_unknown"


async def test_a_wrong_ladder_is_refused_with_a_reason(api: Api) -> None:
    wrong = RUNG | {"width": 97}
    refused = await api.refusal("create", app="live", stream="cam", renditions=[wrong])
    assert refused == "transcode_size_odd"
    await api.call("create", app="live", stream="cam", renditions=[RUNG])
    again = await api.refusal("create", app="live", stream="cam", renditions=[RUNG])
    assert again == "transcode_exists"
    assert await api.refusal("create", app="s", stream="x", renditions=[RUNG]) == "app_reserved"
    many = [RUNG | {"name": f"r{n}"} for n in range(9)]
    refused = await api.refusal("create", app="live", stream="x", renditions=many)
    assert refused == "transcode_too_many_renditions"


async def test_the_cost_is_told_before_anything_runs(api: Api) -> None:
    told = await api.call("estimate", app="live", stream="cam", renditions=[RUNG])
    assert (told["ok"], told["free_percent"], len(told["per"])) == (True, 90, 1)
    # The media server knows how large this one is; of another one it is guessed.
    other = await api.call("estimate", app="live", stream="x", renditions=[RUNG])
    assert 0 < told["percent"] < other["percent"]
    refused = await api.refusal("estimate", app="live", stream="cam", renditions=[])
    assert refused == "transcode_empty"


async def test_nobody_is_let_in_without_signing_in(api: Api) -> None:
    for path in ("list", "estimate", "create", "update", "remove", "start", "stop", "query"):
        reply = await api.client.post(path, json={}, headers={"Authorization": ""})
        assert reply.status_code in (401, 422), path


async def test_oryx_finds_what_it_knows(api: Api) -> None:
    idle = await api.call("task")
    assert idle == {
        "uuid": "",
        "enabled": False,
        "input": "",
        "output": "",
        "frame": {"log": "", "update": ""},
    }
    asked = {
        "all": False,
        "vcodec": "libx264",
        "acodec": "aac",
        "vbitrate": 60,
        "abitrate": 32,
        "vprofile": "baseline",
        "vpreset": "ultrafast",
        "achannels": 0,
        "server": "rtmp://localhost/live",
        "secret": "trans?secret=0123456789abcdef",
    }
    shown = await api.call("apply", **asked)
    assert shown == asked | {"secret": "trans?***cdef"}
    # Sent back as it was shown, the key stays what it is.
    await api.call("apply", **(shown | {"vbitrate": 70}))
    kept = await api.stage.oryx.store.get()
    assert (kept.secret, kept.vbitrate) == (asked["secret"], 70)
    assert await api.call("query") == shown | {"vbitrate": 70}
    assert await api.refusal("apply", **(asked | {"vcodec": "x"})) == "transcode_codec"
