"""Ladders in a real Redis, with what everybody else must know of them."""

import asyncio

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.errors import Conflict, Invalid, NotFound
from streamstead.core.registry import StreamRegistry
from streamstead.core.renditions import Renditions
from streamstead.ffmpeg_forward.transcode.ladder import MAX_LADDERS
from streamstead.ffmpeg_forward.transcode.store import LadderStore
from streamstead.ffmpeg_forward.transcode.variants import SourceFacts, describe

from .conftest import SAME, SMALL, SOUND, ladder


@pytest.fixture
def store(redis: Redis) -> LadderStore:
    return LadderStore(redis, describe)


async def refusal(making: object) -> str:
    with pytest.raises((Conflict, Invalid, NotFound)) as caught:
        await making  # type: ignore[misc]
    return caught.value.key


async def test_a_ladder_is_kept_with_what_players_and_the_gate_need(
    store: LadderStore, redis: Redis
) -> None:
    told: list[int] = []
    store.subscribe(lambda: told.append(1))
    made = await store.create(ladder(SMALL, SOUND))
    assert await store.all() == [made] == [await store.get(made.id)]
    assert await Renditions(redis).all() == {
        "live/cam_small": "live/cam",
        "live/cam_sound": "live/cam",
    }
    assert await Renditions(redis).source_of("live/cam_small") == "live/cam"
    raw = await redis.hget(Renditions.LADDERS, "live/cam")
    assert [one["stream"] for one in orjson.loads(raw)["variants"]] == ["cam_small", "cam_sound"]
    await store.change(made.id, lambda before: before)
    await store.change(made.id, lambda before: before.model_copy(update={"label": "new"}))
    assert (await store.get(made.id)).label == "new"
    await store.remove(made.id)
    assert len(told) == 3
    # Still protected: it may be live for a moment.
    assert len(await Renditions(redis).all()) == 2
    assert await redis.hlen(Renditions.LADDERS) == 0
    assert await refusal(store.remove(made.id)) == "transcode_unknown"
    assert await refusal(store.get(made.id)) == "transcode_unknown"


async def test_names_belong_to_one_ladder_and_renditions_have_none(store: LadderStore) -> None:
    await store.create(ladder(SMALL))
    again = ladder(SAME).model_copy(update={"id": "other"})
    assert await refusal(store.create(again)) == "transcode_exists"
    assert await refusal(store.create(ladder(SAME, stream="cam_small"))) == "transcode_of_rendition"
    # `a` with `b_c` and `a_b` with `c` would be the same stream.
    await store.create(ladder(SMALL, stream="a_b"))
    taken = SMALL.model_copy(update={"name": "b"})
    assert await refusal(store.create(ladder(taken, stream="a"))) == "transcode_name_taken"
    moved = store.change("id-a_b", lambda before: before.model_copy(update={"stream": "cam"}))
    assert await refusal(moved) == "transcode_exists"
    wrong = store.change("id-cam", lambda before: before.model_copy(update={"renditions": ()}))
    assert await refusal(wrong) == "transcode_empty"


async def test_a_ladder_may_move_to_another_stream(store: LadderStore, redis: Redis) -> None:
    await store.create(ladder(SMALL))
    await store.change("id-cam", lambda before: before.model_copy(update={"stream": "other"}))
    assert await redis.hkeys(Renditions.LADDERS) == ["live/other"]
    await store.create(ladder(SAME).model_copy(update={"id": "second"}))


async def test_two_that_change_a_ladder_at_once_both_count(store: LadderStore) -> None:
    await store.create(ladder(SMALL))
    await asyncio.gather(
        *(
            store.change(
                "id-cam", lambda before, n=n: before.model_copy(update={"label": before.label + n})
            )
            for n in "abcd"
        )
    )
    assert sorted((await store.get("id-cam")).label) == ["a", "b", "c", "d"]


async def test_there_is_an_end_to_the_number_of_ladders(store: LadderStore, redis: Redis) -> None:
    await redis.hset(LadderStore.KEY, mapping={f"x{number}": "{}" for number in range(MAX_LADDERS)})
    assert await refusal(store.create(ladder(SMALL))) == "transcode_too_many"


async def test_names_are_forgotten_only_when_nobody_makes_or_publishes_them(
    store: LadderStore, redis: Redis
) -> None:
    await store.create(ladder(SMALL, SOUND))
    names = ["live/cam_small", "live/cam_sound", "live/unknown"]
    await store.forget(names)
    assert len(await Renditions(redis).all()) == 2
    await store.remove("id-cam")
    await redis.hset(StreamRegistry.ACTIVE, "live/cam_small", "{}")
    await store.forget(names)
    assert await Renditions(redis).all() == {"live/cam_small": "live/cam"}
    await redis.hdel(StreamRegistry.ACTIVE, "live/cam_small")
    await store.forget(names)
    assert await Renditions(redis).all() == {}


async def test_what_is_known_of_the_source_is_added_but_never_to_another_ladder(
    store: LadderStore, redis: Redis
) -> None:
    made = await store.create(ladder(SAME))
    facts = SourceFacts(width=320, height=180)
    await store.note(made, describe(made, facts))
    raw = orjson.loads(await redis.hget(Renditions.LADDERS, "live/cam"))
    assert (raw["variants"][0]["width"], raw["variants"][0]["height"]) == (160, 90)
    await store.remove(made.id)
    await store.note(made, describe(made, facts))
    assert await redis.hlen(Renditions.LADDERS) == 0
