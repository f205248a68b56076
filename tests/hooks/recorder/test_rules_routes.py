"""The API of what is recorded, with real stores; nobody captures anything."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.events import EventStream
from streamstead.core.registry import Kind, Protocol, Session, StreamRegistry
from streamstead.core.settings import Settings
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.record_rules import RecordRules
from streamstead.hooks.recorder.disk import DiskMeter
from streamstead.hooks.recorder.guard import Guard
from streamstead.hooks.recorder.main import create_api
from streamstead.hooks.recorder.retention_store import RetentionStore
from streamstead.hooks.recorder.rules_store import RulesStore

PREFIX = "/terraform/v1/"
SECRET = "the-api-secret-of-a-program"
MONDAY_NOON = 1_906_718_400_000
"""3 June 2030, 12:00 UTC."""

CAM = {"app": "live", "stream": "cam"}


class Recording:
    """What is under way, as the test says."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def recording_of(self, url: str) -> str | None:
        return self.ids.get(url)


@dataclass
class Api:
    client: httpx.AsyncClient
    rules: RulesStore
    registry: StreamRegistry
    capture: Recording
    redis: Redis
    path: Path
    headers: dict[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {SECRET}"})

    async def good(self, path: str, **body: Any) -> Any:
        reply = await self.client.post(PREFIX + path, json=body, headers=self.headers)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        assert reply.json()["code"] == 0
        return reply.json()["data"]

    async def bad(self, path: str, **body: Any) -> tuple[int, str]:
        reply = await self.client.post(PREFIX + path, json=body, headers=self.headers)
        assert reply.json()["code"] != 0, f"{path}: {reply.text}"
        return reply.status_code, reply.json()["data"]["key"]

    async def publish(self) -> None:
        await self.registry.found(
            Session(
                client_id="p1",
                kind=Kind.PUBLISH,
                protocol=Protocol.RTMP,
                vhost="__defaultVhost__",
                app="live",
                stream="cam",
                url="live/cam",
                ip="192.0.2.1",
                since_ms=1,
            ),
            1,
        )


@pytest.fixture
async def api(redis: Redis, settings: Settings) -> AsyncIterator[Api]:
    data = settings.data
    for folder in (data.record, data.spool, data.library):
        folder.mkdir()
    app, events = create_api(), EventStream(redis)
    state = app.state
    state.settings, state.redis, state.events = settings, redis, events
    state.clock = lambda: MONDAY_NOON
    state.authenticator = Authenticator(AdminStore(redis), b"k" * 32, SECRET)
    state.registry = StreamRegistry(redis)
    state.rules = RulesStore(redis, data.record_rules, events, state.clock)
    state.capture = Recording()
    state.retention = RetentionStore(redis)
    state.catalogue = await Catalogue.open(data.record, data.library / "library.sqlite")
    guard = Guard(
        data.record, state.retention.limits, state.rules.set_disk_full, events, state.clock
    )
    state.disk = DiskMeter(
        guard, state.catalogue, data.spool, data.library / "disk.json", lambda: 5.0, state.clock
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://recorder"
    ) as client:
        yield Api(client, state.rules, state.registry, state.capture, redis, data.record_rules)
    await state.catalogue.close()


async def test_nothing_is_told_or_changed_without_signing_in(api: Api) -> None:
    api.headers = {}
    for path in ("rules/query", "retention/query", "disk", "schedules/list", "start"):
        body = CAM if path == "start" else {}
        assert (await api.bad(f"recordings/{path}", **body))[0] == 401
    for path in ("record/apply", "dvr/apply", "vod/apply"):
        assert (await api.bad(f"hooks/{path}", all=True))[0] == 401


async def test_rules_are_changed_one_by_one_and_count_at_once(api: Api) -> None:
    assert await api.good("recordings/rules/query") == {
        "record_all": False,
        "dvr_all": False,
        "vod_all": False,
        "globs": [],
        "grace_s": 30,
        "on_codec_change": "split",
        "max_length_s": 0,
        "max_size_mb": 0,
        "mp4": True,
        "thumbnails": True,
        "upload_all": False,
        "upload_what": "all",
        "post_copy_dir": "",
    }
    changed = await api.good("recordings/rules/update", record_all=True, grace_s=0)
    assert (changed["record_all"], changed["grace_s"], changed["mp4"]) == (True, 0, True)
    changed = await api.good("recordings/rules/update", mp4=False, globs=[" live/* ", "", "x"])
    assert (changed["record_all"], changed["mp4"]) == (True, False)
    assert changed["globs"] == ["live/*", "x"]
    assert RecordRules.load(api.path) == api.rules.current
    assert api.capture.woken == 2


@pytest.mark.parametrize(
    "body",
    [
        {"grace_s": -1},
        {"grace_s": 3601},
        {"on_codec_change": "explode"},
        {"max_length_s": -5},
        {"upload_what": "some"},
        {"globs": "live/*"},
        {"globs": ["x" * 501]},
        {"globs": ["x"] * 101},
        {"post_copy_dir": "relative"},
        {"post_copy_dir": "/etc"},
        {"unknown": 1},
    ],
)
async def test_a_wrong_rule_changes_nothing(api: Api, body: dict[str, Any]) -> None:
    assert (await api.bad("recordings/rules/update", **body, record_all=True))[0] == 422
    assert api.rules.current == RecordRules()


async def test_copies_go_to_a_directory_of_their_own_only(api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    named = {"postProcess": "post-cp-file", "postCpDir": str(folder)}
    assert await api.good("hooks/record/post-processing", **named) is None
    assert api.rules.current.post_copy_dir == str(folder)
    assert await api.redis.hget("SRS_RECORD_PATTERNS", "post-cp-file") == str(folder)
    for wrong in (str(api.path.parent), str(folder / "absent"), "/"):
        refused = await api.bad("hooks/record/post-processing", **named | {"postCpDir": wrong})
        assert refused == (422, "copy_dir_invalid")
    assert (await api.bad("hooks/record/post-processing", postProcess="rm", postCpDir=""))[0] == 422
    await api.good("hooks/record/post-processing", **named | {"postCpDir": ""})
    assert api.rules.current.post_copy_dir == ""


async def test_the_switches_of_srs_cloud_and_oryx(api: Api) -> None:
    for kind, key in (("record", "RECORD"), ("dvr", "DVR"), ("vod", "VOD")):
        assert await api.good(f"hooks/{kind}/apply", all=True) is None
        assert await api.redis.hget(f"SRS_{key}_PATTERNS", "all") == "true"
        assert (await api.bad(f"hooks/{kind}/apply", all="yes"))[0] == 422
        assert (await api.bad(f"hooks/{kind}/apply", all=1))[0] == 422
    await api.good("hooks/record/globs", globs=["/live/*", ""])
    assert await api.redis.hget("SRS_RECORD_PATTERNS", "globs") == '["/live/*"]'
    rules = await api.good("recordings/rules/query")
    assert (rules["record_all"], rules["dvr_all"], rules["vod_all"]) == (True, True, True)


async def test_a_stream_has_a_choice_of_its_own(api: Api) -> None:
    assert await api.good("recordings/stream/query", **CAM) == {
        "mode": "default",
        "target_id": None,
        "wanted": False,
        "why": "off",
        "recording_id": None,
        "manual": None,
    }
    api.capture.ids["live/cam"] = "r1"
    changed = await api.good("recordings/stream/update", **CAM, mode="on", target_id="")
    assert (changed["mode"], changed["target_id"], changed["wanted"]) == ("on", "", True)
    assert (changed["why"], changed["recording_id"]) == ("stream", "r1")
    changed = await api.good("recordings/stream/update", **CAM, mode="default")
    assert (changed["mode"], changed["target_id"], changed["why"]) == ("default", "", "off")
    await api.good("recordings/stream/update", **CAM, target_id=None)
    assert api.rules.current.streams == {}
    assert await api.bad("recordings/stream/update", app="vod", stream="x", mode="on") == (
        422,
        "app_reserved",
    )


async def test_by_hand_a_live_stream_is_recorded_or_not(api: Api) -> None:
    assert await api.bad("recordings/start", **CAM) == (409, "stream_not_live")
    assert await api.bad("recordings/stop", **CAM) == (409, "stream_not_live")
    await api.publish()
    started = await api.good("recordings/start", **CAM)
    assert (started["wanted"], started["why"], started["manual"]) == (True, "manual", "on")
    await api.good("recordings/rules/update", record_all=True)
    stopped = await api.good("recordings/stop", **CAM)
    assert (stopped["wanted"], stopped["why"], stopped["manual"]) == (False, "manual", "off")
    assert RecordRules.load(api.path).manual == {"live/cam": "off"}


async def test_a_recording_whose_publisher_has_just_left_can_be_stopped(api: Api) -> None:
    api.capture.ids["live/cam"] = "r1"
    assert (await api.good("recordings/stop", **CAM))["manual"] == "off"


async def test_on_a_full_disk_nothing_is_begun_by_hand(api: Api) -> None:
    await api.publish()
    await api.rules.set_disk_full(True)
    assert await api.bad("recordings/start", **CAM) == (409, "disk_full")
    assert (await api.good("recordings/stream/query", **CAM))["manual"] is None


EVENING = {
    "label": "Evening",
    "glob": "/live/*",
    "days": [4, 0, 4],
    "start": "18:30",
    "end": "01:00",
    "zone": "Europe/Berlin",
}


async def test_schedules_are_made_changed_and_taken_away(api: Api) -> None:
    made = await api.good("recordings/schedules/create", **EVENING)
    half_past_four_utc = MONDAY_NOON + 4 * 3_600_000 + 30 * 60_000
    assert made == EVENING | {
        "id": made["id"],
        "glob": "live/*",
        "days": [0, 4],
        "enabled": True,
        "next_ms": half_past_four_utc,
    }
    changed = await api.good("recordings/schedules/update", id=made["id"], enabled=False)
    assert (changed["enabled"], changed["next_ms"], changed["start"]) == (False, None, "18:30")
    changed = await api.good(
        "recordings/schedules/update", id=made["id"], enabled=True, start="11:00", zone="UTC"
    )
    assert changed["next_ms"] == MONDAY_NOON + 4 * 86_400_000 - 3_600_000
    assert (await api.good("recordings/stream/query", **CAM))["why"] == "schedule"
    assert (await api.good("recordings/schedules/list"))["schedules"] == [changed]
    assert await api.good("recordings/schedules/remove", id=made["id"]) is None
    assert (await api.good("recordings/schedules/list"))["schedules"] == []
    for verb in ("update", "remove"):
        gone = await api.bad(f"recordings/schedules/{verb}", id=made["id"])
        assert gone == (404, "schedule_unknown")


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"zone": "Mars/Olympus"}, "zone_unknown"),
        ({"zone": "../../etc/passwd"}, "zone_unknown"),
        ({"zone": "/etc/localtime"}, "zone_unknown"),
        ({"start": "24:00"}, "invalid"),
        ({"end": "7:30"}, "invalid"),
        ({"days": []}, "invalid"),
        ({"days": [7]}, "invalid"),
        ({"glob": ""}, "invalid"),
        ({"label": ""}, "invalid"),
    ],
)
async def test_a_schedule_that_means_nothing_is_refused(
    api: Api, wrong: dict[str, Any], key: str
) -> None:
    assert await api.bad("recordings/schedules/create", **EVENING | wrong) == (422, key)
    assert api.rules.current.schedules == ()


async def test_there_is_an_end_to_schedules(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamstead.hooks.recorder.schedule_routes.MAX_SCHEDULES", 3)
    for _ in range(3):
        await api.good("recordings/schedules/create", **EVENING)
    refused = await api.bad("recordings/schedules/create", **EVENING)
    assert refused == (409, "too_many_schedules")


async def test_retention_is_for_ever_until_somebody_says_otherwise(api: Api) -> None:
    assert await api.good("recordings/retention/query") == {
        "local_days": 0,
        "local_max_gb": 0,
        "min_free_percent": 0,
        "warn_percent": 10,
        "stop_percent": 5,
        "after_upload": "keep",
        "after_upload_days": 7,
        "bucket_days": 0,
        "streams": {},
    }
    streams = {"/live/cam": {"local_days": 3}, "live/b": {"bucket_days": 0}, "live/c": {}}
    changed = await api.good(
        "recordings/retention/update", local_days=30, after_upload="days", streams=streams
    )
    assert changed["streams"] == {
        "live/cam": {"local_days": 3},
        "live/b": {"bucket_days": 0},
    }
    changed = await api.good("recordings/retention/update", bucket_days=9)
    assert (changed["local_days"], changed["after_upload"]) == (30, "days")
    assert len(changed["streams"]) == 2


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"warn_percent": 5}, "warn_below_stop"),
        ({"stop_percent": 10}, "warn_below_stop"),
        ({"stop_percent": 0}, "invalid"),
        ({"local_days": -1}, "invalid"),
        ({"after_upload": "burn"}, "invalid"),
        ({"streams": {"cam": {"local_days": 1}}}, "name_invalid"),
        ({"streams": {"live/../x": {"local_days": 1}}}, "name_invalid"),
        ({"streams": {"live/cam": {"days": 1}}}, "unknown_field"),
    ],
)
async def test_retention_that_means_nothing_is_refused(
    api: Api, wrong: dict[str, Any], key: str
) -> None:
    assert await api.bad("recordings/retention/update", **wrong) == (422, key)


async def test_the_disk_is_told_as_it_is(api: Api) -> None:
    disk = await api.good("recordings/disk")
    assert disk["total_bytes"] > disk["free_bytes"] > 0
    assert (disk["level"], disk["stopped"], disk["full_in_days"]) == ("ok", [], None)
    assert (disk["spool_bytes"], disk["record_bytes"]) == (0, 0)
