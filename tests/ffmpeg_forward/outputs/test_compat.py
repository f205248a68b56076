"""The calls and the store of SRS-cloud and Oryx."""

from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.store import OutputStore

from .conftest import SECRET, House, Opener, destination

BILIBILI = "rtmp://live-push.bilivideo.com/live-bvc/"
CAM = relay_name("live/cam")


async def update(house: House, platform: str, status: int = 200, **body: Any) -> Any:
    base = {"action": "update", "platform": platform, "server": BILIBILI, "enabled": True}
    return await house.post("forward/secret", status=status, **base | body)


async def test_nothing_is_configured_at_first(house: House) -> None:
    assert await house.post("forward/secret") == {}
    assert await house.post("forward/streams") == []


async def test_a_platform_is_set_and_told_as_oryx_does(house: House) -> None:
    key = f"?streamname=live_1&key={SECRET}"
    assert await update(house, "bilibili", secret=key, label="B") is None
    assert await house.post("forward/secret") == {
        "bilibili": {
            "platform": "bilibili",
            "server": BILIBILI,
            "secret": "…9876",
            "enabled": True,
            "stream": "",
            "custom": False,
            "label": "B",
        }
    }
    listed = (await house.post("outputs/list"))["outputs"]
    assert [(one["platform"], one["server"]) for one in listed] == [("bilibili", BILIBILI)]
    output = house.services.outputs.current[0]
    assert house.services.outputs.address(output).url == f"{BILIBILI}{key}"


@pytest.mark.parametrize("secret", ["…9876", "", None])
async def test_a_program_that_sends_back_what_it_was_told_changes_no_key(
    house: House, secret: str | None
) -> None:
    await update(house, "wx", secret=f"?key={SECRET}")
    await update(house, "wx", secret=secret, enabled=False)
    output = house.services.outputs.current[0]
    assert not output.enabled
    assert house.services.outputs.address(output).key == f"?key={SECRET}"
    await update(house, "wx", secret="?key=new-one-1111")
    address = house.services.outputs.address(house.services.outputs.current[0])
    assert address.key == "?key=new-one-1111"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"platform": "youtube"}, "platform_unknown"),
    ({"platform": ""}, "field_missing"),
    ({"server": ""}, "field_missing"),
    ({"enabled": None}, "field_missing"),
    ({"server": "ftp://x"}, "output_bad_server"),
    ({"action": "delete"}, "invalid"),
]


async def test_what_oryx_refuses_is_refused(house: House) -> None:
    base = {"action": "update", "platform": "wx", "server": BILIBILI, "enabled": True}
    for body, key in WRONG:
        found = await house.post("forward/secret", status=422, **base | body)
        assert found["key"] == key, body


async def test_streams_tell_what_runs_while_it_runs(house: House) -> None:
    await update(house, "forwarding-2", label="Second", stream="cam")
    await update(house, "forwarding-1", stream="live/cam", enabled=False)
    off, on = await house.post("forward/streams")
    assert off == {
        "platform": "forwarding-1",
        "enabled": False,
        "custom": True,
        "label": "forwarding-1",
        "frame": None,
        "stream": None,
        "start": None,
        "ready": None,
    }
    assert (on["platform"], on["stream"], on["frame"]) == ("forwarding-2", None, None)
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    live_since = house.clock_ms - 3_723_450
    facts = destination("live", live_since_ms=live_since)
    id_ = house.relays.wanted[CAM].destinations[0].id
    house.relays.tell(CAM, destinations={id_: facts})
    _, on = await house.post("forward/streams")
    assert on["stream"] == "live/cam"
    assert on["start"] == on["ready"]
    assert on["start"].endswith("Z")
    assert on["frame"]["log"].startswith("size=9kB time=01:02:03.4")
    assert on["frame"]["log"].endswith("bitrate=2500.0kbits/s speed=1x")


async def test_outputs_of_the_page_are_seen_by_those_programs_too(house: House) -> None:
    made = await house.create(label="Mine")
    platform = f"forwarding-{made['id']}"
    told = await house.post("forward/secret")
    assert told[platform]["label"] == "Mine"
    await update(house, platform, server=told[platform]["server"], enabled=False, stream="cam")
    shown = await house.output(made["id"])
    assert (shown["enabled"], shown["source"]) == (False, made["source"])


async def test_the_entries_of_an_oryx_store_become_outputs_with_their_keys_sealed(
    opened: Opener, redis: Redis
) -> None:
    entries = {
        "bilibili": {
            "platform": "bilibili",
            "server": BILIBILI,
            "secret": f"?key={SECRET}",
            "enabled": True,
            "stream": "cam",
            "custom": False,
            "label": "",
        },
        "forwarding-1": {
            "platform": "forwarding-1",
            "server": "rtmp://h.example/live",
            "secret": SECRET,
            "enabled": False,
            "custom": True,
            "label": "H",
        },
        "wx": {"platform": "wx", "server": "not an address", "secret": SECRET, "enabled": True},
        "broken": "x",
    }
    for name, entry in entries.items():
        await redis.hset(OutputStore.ORYX, name, orjson.dumps(entry).decode())
    async with opened() as house:
        await house.until(lambda: len(house.services.outputs.current) == 2)
        listed = (await house.post("outputs/list"))["outputs"]
        assert {(one["platform"], one["label"], one["enabled"]) for one in listed} == {
            ("bilibili", "bilibili", True),
            ("custom", "H", False),
        }
        keys = {house.services.outputs.address(one).key for one in house.services.outputs.current}
        assert keys == {f"?key={SECRET}", SECRET}
        ids = {one["id"] for one in listed}
        stored = await redis.hgetall(OutputStore.ORYX)
        assert SECRET not in stored["bilibili"] + stored["forwarding-1"]
        assert SECRET not in str(await redis.hgetall(OutputStore.KEY))
        # What runs on a stream of any app by its name, as Oryx would.
        await house.publish()
        await house.until(lambda: CAM in house.relays.wanted)
        removed = next(one["id"] for one in listed if one["platform"] == "custom")
        await house.post("outputs/remove", id=removed)
    async with opened() as house:
        # A second start takes nothing over again, and nothing that was removed comes back.
        await house.until(lambda: house.services.outputs.loaded)
        kept = (await house.post("outputs/list"))["outputs"]
        assert [one["id"] for one in kept] == [id_ for id_ in ids if id_ != removed]


async def test_a_key_that_another_program_writes_into_the_store_is_taken_and_sealed(
    opened: Opener, redis: Redis
) -> None:
    async with opened() as house:
        await update(house, "kuaishou", secret="old-key-1234")
    entry = {"platform": "kuaishou", "server": BILIBILI, "secret": SECRET, "enabled": True}
    await redis.hset(OutputStore.ORYX, "kuaishou", orjson.dumps(entry).decode())
    async with opened() as house:
        store = house.services.outputs
        await house.until(lambda: bool(store.current) and store.current[0].key_hint == "…9876")
        assert len(store.current) == 1
        assert SECRET not in str(await redis.hgetall(OutputStore.ORYX))
