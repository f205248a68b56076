"""What runs follows who is live and what is switched on, and nothing that runs is disturbed."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from redis import Redis as SyncRedis
from redis.asyncio import Redis

from streamstead.core.renditions import Renditions
from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.states import Route
from streamstead.ffmpeg_forward.outputs.store import OutputStore
from streamstead.ffmpeg_forward.relay.config import PROGRAMME, RelayConfig

from ...conftest import RedisServer
from ..conftest import until
from .conftest import SECRET, FakeRelays, House, Opener, destination

CAM, OTHER = relay_name("live/cam"), relay_name("live/other")


async def test_an_output_runs_as_soon_as_its_stream_begins_and_until_it_ends(house: House) -> None:
    made = await house.create()
    assert made["state"] == "waiting"
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    config = house.relays.wanted[CAM]
    assert [one.id for one in config.destinations] == [made["id"]]
    assert config.destinations[0].url == f"rtmps://a.rtmps.youtube.com:443/live2/{SECRET}"
    assert config.destinations[0].secrets == (SECRET,)
    assert (config.sources[0].app, config.sources[0].stream) == ("live", "cam")
    assert (await house.output(made["id"]))["state"] == "connecting"
    await house.unpublish()
    await house.until(lambda: CAM not in house.relays.wanted)
    assert (await house.output(made["id"]))["state"] == "waiting"


async def test_an_output_that_is_off_or_of_another_stream_does_not_run(house: House) -> None:
    off = await house.create(enabled=False)
    other = await house.create(source={"kind": "stream", "app": "live", "stream": "other"})
    running = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    assert [one.id for one in house.relays.wanted[CAM].destinations] == [running["id"]]
    assert (await house.output(off["id"]))["state"] == "off"
    assert (await house.output(other["id"]))["state"] == "waiting"
    await house.post("outputs/start", ids=[off["id"]])
    await house.until(lambda: len(house.relays.wanted[CAM].destinations) == 2)
    await house.post("outputs/stop", ids=[off["id"], running["id"]])
    await house.until(lambda: CAM not in house.relays.wanted)


async def test_without_a_source_by_name_the_newest_stream_is_taken_and_kept(house: House) -> None:
    made = await house.create(source={"kind": "stream"})
    named = await house.create(source={"kind": "stream", "stream": "cam"})
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    await house.publish("other")
    await house.publish("cam", app="second", client="c-second")
    await house.until(lambda: len(house.services.director.publishers or {}) == 3)
    assert {one.id for one in house.relays.wanted[CAM].destinations} == {made["id"], named["id"]}
    await house.unpublish()
    second = relay_name("second/cam")
    await house.until(lambda: second in house.relays.wanted)
    assert {one.id for one in house.relays.wanted[second].destinations} == {
        made["id"],
        named["id"],
    }


async def test_a_rendition_is_sent_only_to_who_names_it(house: House) -> None:
    small = relay_name("live/cam_small")
    await house.redis.hset(Renditions.KEY, "live/cam_small", "live/cam")
    newest = await house.create(source={"kind": "stream"})
    await house.publish("cam_small")
    await house.publish("cam")
    await house.until(lambda: CAM in house.relays.wanted)
    await house.create(source={"kind": "stream", "app": "live", "stream": "cam_small"})
    await house.until(lambda: small in house.relays.wanted)
    assert [one.id for one in house.relays.wanted[CAM].destinations] == [newest["id"]]
    await house.unpublish("cam")
    await house.until(lambda: CAM not in house.relays.wanted)
    assert len(house.relays.wanted[small].destinations) == 1


async def test_a_schedule_begins_and_ends_an_output_at_its_minute(house: House) -> None:
    monday = datetime(2030, 6, 3, 19, 59, 59, tzinfo=ZoneInfo("Europe/Berlin"))
    house.clock_ms = int(monday.timestamp() * 1000)
    times = {"days": [0], "start": "20:00", "end": "20:30", "zone": "Europe/Berlin"}
    made = await house.create(schedule=times)
    await house.publish()
    assert (await house.output(made["id"]))["state"] == "scheduled"
    assert CAM not in house.relays.wanted
    house.clock_ms += 1_000
    # Nobody wakes it: it knows when to look.
    await house.until(lambda: CAM in house.relays.wanted)
    house.clock_ms += 30 * 60_000
    house.services.director.wake()
    await house.until(lambda: CAM not in house.relays.wanted)
    assert (await house.output(made["id"]))["state"] == "scheduled"


async def test_outputs_of_a_programme_run_with_it_whoever_is_live(house: House) -> None:
    def relays(live: Any, destinations: Any) -> dict[str, RelayConfig]:
        config = RelayConfig("programme-p1", PROGRAMME, 1935, "", destinations=destinations("p1"))
        return {"p1": config}

    director = house.services.director
    director.programmes = SimpleNamespace(loaded=True, relays=relays)
    made = await house.create(source={"kind": "programme", "programme": "p1"})
    await house.until(lambda: "programme-p1" in house.relays.wanted)
    await house.until(lambda: len(house.relays.wanted["programme-p1"].destinations) == 1)
    assert (await house.output(made["id"]))["state"] == "connecting"
    director.programmes = SimpleNamespace(loaded=True, relays=lambda *_: {})
    director.wake()
    await house.until(lambda: "programme-p1" not in house.relays.wanted)
    assert (await house.output(made["id"]))["state"] == "waiting"


async def test_an_output_that_something_else_feeds_is_not_fed_twice(house: House) -> None:
    made = await house.create()
    claimed = {made["id"]: Route("channel-c1", "")}
    house.services.director.add_claims(lambda: claimed)
    house.relays.tell("channel-c1", destinations={made["id"]: destination("live")})
    await house.publish()
    await house.until(lambda: "live/cam" in (house.services.director.publishers or {}))
    assert CAM not in house.relays.wanted
    assert (await house.output(made["id"]))["state"] == "live"
    claimed.clear()
    house.services.director.wake()
    await house.until(lambda: CAM in house.relays.wanted)


async def test_while_redis_is_away_what_runs_goes_on(
    house: House, redis_process: RedisServer
) -> None:
    await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    house.relays.calls.clear()
    redis_process.kill()
    house.services.director.wake()
    await house.post(
        "outputs/create",
        status=503,
        platform="youtube",
        source={"kind": "stream", "app": "live", "stream": "x"},
    )
    listed = await house.post("outputs/list")
    assert [one["state"] for one in listed["outputs"]] == ["connecting"]
    redis_process.start()
    second = await house.create(platform="twitch")
    await house.until(lambda: len(house.relays.wanted[CAM].destinations) == 2)
    assert ("drop", CAM) not in house.relays.calls
    await house.unpublish()
    await house.until(lambda: CAM not in house.relays.wanted)
    assert (await house.output(second["id"]))["state"] == "waiting"


async def test_what_a_process_before_us_left_is_kept_or_ended_once_all_is_known(
    opened: Opener, redis_server: SyncRedis
) -> None:
    async with opened() as house:
        made = await house.create()
        await house.publish()
        await house.until(lambda: CAM in house.relays.wanted)
        config = house.relays.wanted[CAM]
    relays = FakeRelays()
    relays.left_over = {CAM, OTHER, "channel-c1"}
    async with opened(relays) as house:
        await until(lambda: relays.wanted == {CAM: config})
        assert relays.calls.count(("want", CAM)) == 1
        assert ("drop", CAM) not in relays.calls
        await until(lambda: relays.left_over == {CAM, "channel-c1"})
        assert (await house.output(made["id"]))["state"] == "connecting"


async def test_an_output_whose_seal_is_broken_fails_alone_and_says_so(
    house: House, redis: Redis
) -> None:
    good, bad = await house.create(), await house.create()
    raw = await redis.hget(OutputStore.KEY, bad["id"])
    sealed = house.stored(bad["id"]).sealed_key
    assert raw is not None
    await redis.hset(OutputStore.KEY, bad["id"], raw.replace(sealed, "1.AAAA"))
    await house.services.outputs.refresh()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    assert [one.id for one in house.relays.wanted[CAM].destinations] == [good["id"]]
    shown = await house.output(bad["id"])
    assert (shown["state"], shown["problem"]["key"]) == ("failed", "seal_broken")


async def test_an_unreadable_output_does_not_hide_the_others(house: House, redis: Redis) -> None:
    made = await house.create()
    await redis.hset(OutputStore.KEY, "odd", "{")
    await redis.hset(OutputStore.KEY, "older", '{"id":"older","label":"x","future":1}')
    await house.services.outputs.refresh()
    listed = (await house.post("outputs/list"))["outputs"]
    assert [one["id"] for one in listed] == [made["id"]]
