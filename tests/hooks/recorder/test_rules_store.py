"""The rules of recording survive Redis without its data, Redis away, and a disk without room."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamstead.core.events import EventStream
from streamstead.hooks.record_rules import RecordRules, Schedule
from streamstead.hooks.recorder.rules_store import RulesStore

from ...conftest import RedisServer

SCHEDULE = Schedule("s1", "Night", "live/*", (0, 6), "22:00", "02:00", "Europe/Berlin")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.json"


@pytest.fixture
def store(redis: Redis, path: Path) -> RulesStore:
    return opened(redis, path)


def opened(redis: Redis, path: Path) -> RulesStore:
    return RulesStore(redis, path, EventStream(redis), lambda: 1_000)


def everything(rules: RecordRules) -> RecordRules:
    return replace(rules, record_all=True, globs=("live/*",), grace_s=7, schedules=(SCHEDULE,))


def lose(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    path.write_bytes(b"\0" * 100)


async def event_types(redis: Redis) -> list[str]:
    return [fields["type"] for _, fields in await redis.xrange(EventStream.KEY)]


async def test_a_change_is_in_redis_as_others_know_it_and_in_the_file(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    changed: list[bool] = []
    store.subscribe(lambda: changed.append(store.current.record_all))
    await store.edit(everything)
    assert changed == [True]
    assert RecordRules.load(path) == store.current == everything(RecordRules(revision=1))
    assert await redis.hgetall("SRS_RECORD_PATTERNS") == {
        "all": "true",
        "globs": '["live/*"]',
        "post-cp-file": "",
    }
    assert await redis.hget("SRS_DVR_PATTERNS", "all") == "false"
    assert await redis.hget("SRS_VOD_PATTERNS", "all") == "false"
    assert await event_types(redis) == ["recording.rules_changed"]


async def test_a_change_that_changes_nothing_is_told_to_nobody(
    redis: Redis, store: RulesStore
) -> None:
    await store.edit(everything)
    await store.edit(everything)
    assert store.current.revision == 1
    assert await event_types(redis) == ["recording.rules_changed"]


async def test_a_redis_without_its_data_gets_the_rules_back(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    await store.edit(everything)
    rules = store.current
    await redis.flushall()
    again = opened(redis, path)
    assert again.current == rules
    await again.reconcile()
    assert again.current == rules
    lose(path)
    third = opened(redis, path)
    await third.reconcile()
    assert third.current == rules
    assert RecordRules.load(path) == rules


async def test_a_redis_that_lost_its_last_second_gets_it_back(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    await store.edit(lambda rules: replace(rules, grace_s=1))
    before = {key: await redis.dump(key) for key in await redis.keys("*")}
    await store.edit(everything)
    rules = store.current
    await redis.flushall()
    for key, value in before.items():
        await redis.restore(key, 0, value)
    again = opened(redis, path)
    await again.reconcile()
    assert again.current == rules
    assert await redis.hget("SRS_RECORD_PATTERNS", "all") == "true"


async def test_without_redis_the_file_counts_and_no_change_is_pretended(
    redis: Redis, store: RulesStore, path: Path, redis_process: RedisServer
) -> None:
    await store.edit(everything)
    rules = store.current
    redis_process.kill()
    again = opened(redis, path)
    assert again.current == rules
    with pytest.raises(RedisError):
        await again.edit(lambda it: replace(it, record_all=False))
    assert again.current == rules == RecordRules.load(path)
    await again.set_disk_full(True)
    await again.set_manual("live/cam", "on")
    assert RecordRules.load(path) == replace(rules, disk_full=True, manual={"live/cam": "on"})
    redis_process.start()
    await again.reconcile()
    assert again.current == replace(rules, disk_full=True, manual={"live/cam": "on"})


async def test_what_is_momentary_is_in_the_file_alone(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    await store.edit(everything)
    await store.set_manual("live/cam", "off")
    assert "live/cam" not in str(await redis.get(RulesStore.KEY))
    again = opened(redis, path)
    await again.reconcile()
    assert again.current.manual == {"live/cam": "off"}
    await again.set_manual("live/cam", None)
    assert RecordRules.load(path).manual == {}


async def test_a_broken_file_is_made_again_from_redis(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    await store.edit(everything)
    spoil(path)
    again = opened(redis, path)
    assert not again.current.record_all
    await again.reconcile()
    assert again.current == store.current == RecordRules.load(path)


@pytest.mark.parametrize("broken", ["", "{", "[1]", '{"grace_s": "soon"}'])
async def test_what_cannot_be_read_in_redis_is_made_again_from_the_file(
    redis: Redis, store: RulesStore, path: Path, broken: str
) -> None:
    await store.edit(everything)
    await redis.set(RulesStore.KEY, broken)
    again = opened(redis, path)
    await again.reconcile()
    assert again.current == store.current
    assert orjson.loads(await redis.get(RulesStore.KEY))["grace_s"] == 7


async def test_the_switches_of_an_oryx_are_taken_over(
    redis: Redis, store: RulesStore, path: Path
) -> None:
    await redis.hset("SRS_RECORD_PATTERNS", mapping={"all": "true", "globs": '["/live/*"]'})
    await redis.hset("SRS_VOD_PATTERNS", "all", "true")
    await store.reconcile()
    assert store.current == RecordRules(
        revision=1, record_all=True, vod_all=True, globs=("/live/*",)
    )
    assert RecordRules.load(path) == store.current
    await redis.hset("SRS_RECORD_PATTERNS", mapping={"all": "false", "globs": "nonsense"})
    await store.reconcile()
    assert store.current == RecordRules(revision=2, vod_all=True, globs=("/live/*",))


async def test_a_single_key_that_vanishes_switches_nothing_off(
    redis: Redis, store: RulesStore
) -> None:
    await store.edit(lambda rules: replace(everything(rules), dvr_all=True))
    rules = store.current
    for key in ("SRS_RECORD_PATTERNS", "SRS_DVR_PATTERNS", RulesStore.KEY):
        await redis.delete(key)
        await store.reconcile()
        assert store.current == rules
        assert await redis.exists(key) == 1


async def test_a_file_that_cannot_be_written_is_written_later(redis: Redis, tmp_path: Path) -> None:
    path = tmp_path / "not-there-yet" / "recording.json"
    store = opened(redis, path)
    await store.edit(everything)
    await store.set_disk_full(True)
    assert store.current.disk_full
    path.parent.mkdir()
    await store.reconcile()
    assert RecordRules.load(path) == store.current
