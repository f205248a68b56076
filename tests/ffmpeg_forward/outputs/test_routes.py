"""The API of outputs: what can be set, and that a key is never told again."""

from typing import Any

import httpx
import pytest

from streamstead.core.errors import Conflict
from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.presets import PRESETS
from streamstead.ffmpeg_forward.outputs.store import MAX_OUTPUTS, OutputStore

from .conftest import API, SECRET, House, destination

CAM = relay_name("live/cam")


async def test_an_output_is_told_with_everything_but_its_key(house: House) -> None:
    made = await house.create(label=" My channel ", schedule=None)
    assert made["label"] == "My channel"
    assert made["server"] == "rtmps://a.rtmps.youtube.com:443/live2"
    assert (made["key_hint"], made["has_key"]) == ("…9876", True)
    assert made["source"] == {"kind": "stream", "app": "live", "stream": "cam", "programme": ""}
    assert (made["state"], made["problem"], made["advice"], made["media"]) == (
        "waiting",
        None,
        [],
        None,
    )
    listed = await house.post("outputs/list")
    assert listed["outputs"] == [{**made, "since_ms": listed["outputs"][0]["since_ms"]}]
    assert [one["id"] for one in listed["presets"]] == [one.id for one in PRESETS]


async def test_the_key_is_in_no_reply_and_not_to_be_read_in_the_store(house: House) -> None:
    made = await house.create(platform="custom", server=f"rtmp://u:{SECRET}@h.example/app/{SECRET}")
    await house.post("outputs/update", id=made["id"], label="other")
    await house.post("outputs/duplicate", id=made["id"])
    await house.post("forward/secret")
    await house.post("forward/streams")
    await house.post("outputs/list")
    await house.post(
        "outputs/create",
        status=422,
        platform="custom",
        source={"kind": "programme"},
        server=f"http://{SECRET}",
        key=SECRET,
    )
    assert SECRET not in "".join(house.replies)
    stored = {
        **await house.redis.hgetall(OutputStore.KEY),
        **await house.redis.hgetall(OutputStore.ORYX),
    }
    assert stored
    assert SECRET not in str(stored)


async def test_only_who_is_signed_in_may_ask(house: House) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app), base_url="http://ffmpeg"
    ) as stranger:
        for path in ("list", "create", "update", "remove", "start", "stop", "log", "test"):
            assert (await stranger.post(f"{API}/outputs/{path}", json={})).status_code in (401, 422)
        assert (await stranger.post(f"{API}/outputs/list", json={})).status_code == 401
        assert (await stranger.get(f"{API}/live")).status_code == 401
        assert (await stranger.post(f"{API}/forward/secret", json={})).status_code == 401


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"platform": "nowhere"}, "platform_unknown"),
    ({"platform": "custom"}, "output_no_server"),
    ({"server": "ftp://x/y"}, "output_bad_server"),
    ({"key": "a b"}, "output_bad_key"),
    ({"source": {"kind": "programme"}}, "output_no_source"),
    ({"source": {"kind": "stream", "app": "live", "stream": ""}}, "output_no_source"),
    ({"source": {"kind": "stream", "app": "..", "stream": "x"}}, "name_invalid"),
    (
        {"schedule": {"days": [0], "start": "10:00", "end": "11:00", "zone": "No/where"}},
        "zone_unknown",
    ),
    ({"schedule": {"days": [], "start": "10:00", "end": "11:00"}}, "invalid"),
    ({"schedule": {"days": [7], "start": "10:00", "end": "11:00"}}, "invalid"),
    ({"schedule": {"days": [1], "start": "24:00", "end": "11:00"}}, "invalid"),
    ({"nonsense": 1}, "unknown_field"),
]


async def test_what_can_never_work_is_refused_by_name(house: House) -> None:
    base = {"platform": "youtube", "source": {"kind": "stream", "app": "live", "stream": "cam"}}
    for body, key in IMPOSSIBLE:
        found = await house.post("outputs/create", status=422, **base | body)
        assert found["key"] == key, body
    assert (await house.post("outputs/list"))["outputs"] == []


async def test_an_output_that_would_feed_itself_is_refused(house: House) -> None:
    port = house.services.settings.rtmp_port
    found = await house.post(
        "outputs/create",
        status=422,
        platform="custom",
        server=f"rtmp://localhost:{port}/live",
        key="cam",
        source={"kind": "stream", "app": "live", "stream": "cam"},
    )
    assert found["key"] == "output_loop"


async def test_an_update_changes_what_it_names_and_nothing_else(house: House) -> None:
    made = await house.create()
    shown = await house.post(
        "outputs/update",
        id=made["id"],
        label="Later",
        server=made["server"],
        give_up_after=5,
        schedule={"days": [4, 5, 4], "start": "20:00", "end": "22:00", "zone": "Europe/Berlin"},
    )
    assert shown["schedule"] == {
        "days": [4, 5],
        "start": "20:00",
        "end": "22:00",
        "zone": "Europe/Berlin",
    }
    changed = {"label", "give_up_after", "schedule", "state", "since_ms"}
    assert {name for name in made if shown[name] != made[name]} <= changed
    assert house.services.outputs.address(house.stored(made["id"])).key == SECRET
    shown = await house.post("outputs/update", id=made["id"], schedule=None, key="brand-new-key")
    assert (shown["schedule"], shown["key_hint"]) == (None, "…-key")
    shown = await house.post("outputs/update", id=made["id"], key="")
    assert (shown["has_key"], shown["key_hint"]) == (False, "")


async def test_a_change_of_one_output_leaves_the_others_as_they_are(house: House) -> None:
    first, second = await house.create(), await house.create(platform="twitch")
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    before = {one.id: one for one in house.relays.wanted[CAM].destinations}
    await house.post("outputs/update", id=first["id"], key="another-key-1234")
    await house.until(
        lambda: {one.id: one for one in house.relays.wanted[CAM].destinations} != before
    )
    after = {one.id: one for one in house.relays.wanted[CAM].destinations}
    assert after[second["id"]] == before[second["id"]]
    assert after[first["id"]].url.endswith("/another-key-1234")
    assert ("drop", CAM) not in house.relays.calls


async def test_several_are_started_and_stopped_at_once_or_none_of_them(house: House) -> None:
    ids = [(await house.create(enabled=False))["id"] for _ in range(3)]
    found = await house.post("outputs/start", ids=ids)
    assert [one["state"] for one in found["outputs"]] == ["waiting"] * 3
    missing = await house.post("outputs/stop", status=404, ids=[ids[0], "nobody"])
    assert missing["key"] == "output_unknown"
    assert (await house.output(ids[0]))["enabled"]
    found = await house.post("outputs/stop", ids=[ids[0], ids[0], ids[2]])
    assert [one["enabled"] for one in found["outputs"]] == [False, True, False]


async def test_outputs_keep_the_order_they_are_put_into(house: House) -> None:
    a, b, c = [(await house.create())["id"] for _ in range(3)]
    found = await house.post("outputs/reorder", ids=[c, "gone", a])
    assert [one["id"] for one in found["outputs"]] == [c, a, b]
    assert [one["order"] for one in found["outputs"]] == [0, 1, 2]
    made = await house.create()
    listed = (await house.post("outputs/list"))["outputs"]
    assert [one["id"] for one in listed] == [c, a, b, made["id"]]


async def test_a_duplicate_has_the_key_and_is_off(house: House) -> None:
    made = await house.create(label="One")
    copy = await house.post("outputs/duplicate", id=made["id"])
    assert (copy["label"], copy["enabled"], copy["has_key"]) == ("One (2)", False, True)
    stored, other = house.stored(made["id"]), house.stored(copy["id"])
    assert house.services.outputs.address(other).key == SECRET
    assert stored.sealed_key != other.sealed_key


async def test_a_removed_output_is_gone_and_ends(house: House) -> None:
    made = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    await house.post("outputs/remove", id=made["id"])
    await house.until(lambda: CAM not in house.relays.wanted)
    assert (await house.post("outputs/remove", status=404, id=made["id"]))["key"] == (
        "output_unknown"
    )
    assert await house.redis.hgetall(OutputStore.ORYX) == {}


async def test_there_are_no_more_outputs_than_may_be(house: House) -> None:
    store = house.services.outputs
    await house.create()
    one = store.current[0]
    for n in range(MAX_OUTPUTS - 1):
        await store.create(
            type(one)(id=f"o{n}", label="x", platform="custom", compat="", created_ms=n)
        )
    found = await house.post(
        "outputs/create",
        status=409,
        platform="youtube",
        source={"kind": "stream", "app": "live", "stream": "cam"},
    )
    assert found["key"] == "too_many_outputs"
    with pytest.raises(Conflict):
        await store.create(one)


async def test_live_figures_problem_and_log_come_from_the_relay(house: House) -> None:
    made = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    problem = {"key": "output_wrong_key", "message": "no", "help": "look", "final": False}
    line = {"at_ms": 5, "text": "connecting to a.rtmps.youtube.com:443"}
    house.relays.tell(
        CAM,
        media={
            "video_codec": "hevc",
            "audio_codec": "aac",
            "gop_ms": 9000,
            "width": 640,
            "height": 360,
        },
        destinations={
            made["id"]: destination(
                "retrying", problem=problem, next_try_ms=99, attempts=3, lines=[line]
            )
        },
    )
    shown = await house.output(made["id"])
    assert (shown["state"], shown["attempts"], shown["next_try_ms"]) == ("retrying", 3, 99)
    assert shown["problem"] == {"key": "output_wrong_key", "message": "no", "help": "look"}
    assert shown["media"]["video_codec"] == "hevc"
    assert [one["key"] for one in shown["advice"]] == ["output_key_frames"]
    assert (await house.post("outputs/log", id=made["id"]))["lines"] == [line]
    await house.post("outputs/retry", id=made["id"])
    assert house.relays.commands == [(CAM, {"op": "retry", "id": made["id"]})]
    await house.post("outputs/stop", ids=[made["id"]])
    assert (await house.post("outputs/log", id=made["id"]))["lines"] == []
    assert (await house.post("outputs/retry", status=409, id=made["id"]))["key"] == (
        "output_not_running"
    )


async def test_a_live_output_is_not_tested(house: House) -> None:
    made = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    house.relays.tell(CAM, media=None, destinations={made["id"]: destination("live")})
    found = await house.post("outputs/test", status=409, id=made["id"])
    assert found["key"] == "output_busy_live"
