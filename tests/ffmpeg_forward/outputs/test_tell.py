"""Events of outputs: each thing is told once."""

from redis.asyncio import Redis

from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.tell import Teller

from ...conftest import RedisServer
from .conftest import SECRET, FakeRelays, House, Opener, destination

CAM = relay_name("live/cam")
WRONG_KEY = {"key": "output_wrong_key", "message": "not accepted", "help": "copy it again"}


async def live_output(house: House) -> str:
    made = await house.create(label="Mine")
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    house.relays.tell(CAM, destinations={made["id"]: destination("live", live_since_ms=5_000)})
    await house.until_events("output.live")
    return str(made["id"])


async def test_a_whole_show_is_told(house: House) -> None:
    id_ = await live_output(house)
    for state in ("stalled", "retrying", "connecting"):
        house.relays.tell(CAM, destinations={id_: destination(state, problem=WRONG_KEY)})
    await house.until_events("output.live", "output.lost")
    house.relays.tell(CAM, destinations={id_: destination("live", live_since_ms=9_000)})
    await house.until_events("output.live", "output.lost", "output.live")
    await house.unpublish()
    told = await house.until_events("output.live", "output.lost", "output.live", "output.ended")
    assert [one["id"] for one in told] == [
        f"output.live:{id_}:5000",
        f"output.lost:{id_}:5000",
        f"output.live:{id_}:9000",
        f"output.ended:{id_}:9000",
    ]
    assert {one["stream"] for one in told} == {"live/cam"}
    assert told[0]["data"] == {
        "output": id_,
        "label": "Mine",
        "platform": "youtube",
        "since_ms": 5000,
    }
    assert told[1]["data"]["problem"] == WRONG_KEY
    assert SECRET not in str(told)
    assert await house.redis.hgetall(Teller.KEY) == {}


async def test_giving_up_is_told_once_and_again_after_another_try(house: House) -> None:
    made = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    for since in (7_000, 7_000, 8_000):
        failed = destination("failed", since_ms=since, problem=WRONG_KEY)
        house.relays.tell(CAM, destinations={made["id"]: failed})
        house.relays.tell(CAM, destinations={made["id"]: failed})
    told = await house.until_events("output.failed")
    assert told[0]["data"]["problem"]["key"] == "output_wrong_key"
    # What failed has ended already.
    await house.post("outputs/stop", ids=[made["id"]])
    await house.until(lambda: CAM not in house.relays.wanted)
    await house.until_events("output.failed")


async def test_a_restart_tells_nothing_twice_and_what_ended_meanwhile(opened: Opener) -> None:
    async with opened() as house:
        id_ = await live_output(house)
    relays = FakeRelays()
    relays.told[CAM] = {"destinations": {id_: destination("live", live_since_ms=5_000)}}
    async with opened(relays) as house:
        await house.until(lambda: CAM in relays.wanted)
        relays.tell(CAM, **relays.told[CAM])
        await house.until_events("output.live")
        await house.unpublish()
        await house.until(lambda: CAM not in relays.wanted)
        await house.until_events("output.live", "output.ended")
    async with opened() as house:
        await house.until_events("output.live", "output.ended")


async def test_a_relay_that_says_nothing_for_a_moment_is_no_loss(house: House) -> None:
    id_ = await live_output(house)
    del house.relays.told[CAM]
    house.services.director.wake()
    house.relays.tell(CAM, destinations={id_: destination("live", live_since_ms=5_000)})
    await house.post("outputs/stop", ids=[id_])
    await house.until_events("output.live", "output.ended")


async def test_the_end_of_an_output_that_was_removed_is_told(house: House) -> None:
    id_ = await live_output(house)
    await house.post("outputs/remove", id=id_)
    told = await house.until_events("output.live", "output.ended")
    assert told[1]["data"]["label"] == "Mine"


async def test_what_redis_did_not_take_is_told_later(
    house: House, redis: Redis, redis_process: RedisServer
) -> None:
    made = await house.create()
    await house.publish()
    await house.until(lambda: CAM in house.relays.wanted)
    redis_process.kill()
    house.relays.tell(CAM, destinations={made["id"]: destination("live", live_since_ms=5_000)})
    redis_process.start()
    await house.until_events("output.live")
