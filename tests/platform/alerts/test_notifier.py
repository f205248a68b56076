"""Who is told when, with a real Redis: hanging, failing and many."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from streamstead.core.errors import Conflict
from streamstead.core.outbound import Outbound
from streamstead.core.runner import background
from streamstead.platform.alerts.deliver import Courier
from streamstead.platform.alerts.messages import Letter, Message, letter
from streamstead.platform.alerts.models import AlertLevel, NotifyKind
from streamstead.platform.alerts.notifier import PER_MINUTE, Notifier
from streamstead.platform.alerts.notify_store import MAX_TARGETS, MAX_WAITING, NotifyStore

from ...conftest import free_port
from .sinks import HttpSink, Silence, listening

KEY = b"k" * 32
NOW_MS = 1_700_000_000_000
ALL: tuple[AlertLevel, ...] = ("critical", "warning", "info")


def message(number: int = 1, level: AlertLevel = "critical", over: bool = False) -> Message:
    return Message(
        alert=f"service_down:s{number}",
        rule="service_down",
        subject=f"s{number}",
        level=level,
        over=over,
        text=f"s{number} does not run.",
        help="Look.",
        since_ms=NOW_MS,
        at_ms=NOW_MS,
    )


@dataclass
class Post:
    """A courier; the path of a target's URL says how it behaves."""

    taken: list[tuple[str, Letter]] = field(default_factory=list)
    tries: int = 0
    failing: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, _kind: NotifyKind, fields: Mapping[str, str], what: Letter, _house: str
    ) -> tuple[bool, str]:
        self.tries += 1
        name = fields["url"].rsplit("/", 1)[1]
        if name == "hangs":
            await asyncio.sleep(20)
        if self.failing:
            self.came.set()
            return False, "no"
        self.taken.append((name, what))
        self.came.set()
        return True, ""

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.taken) < count:
                self.came.clear()
                await self.came.wait()

    async def wait_for_tries(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.tries < count:
                self.came.clear()
                await self.came.wait()


@dataclass
class Town:
    notifier: Notifier
    post: Post
    redis: Redis

    async def add(self, name: str, levels: Sequence[AlertLevel] = ALL) -> str:
        fields = {"url": f"https://example.com/{name}", "secret": "", "allow_private": "no"}
        store = self.notifier.store
        return (await store.create(name, "webhook", fields, levels, True, NOW_MS)).id

    async def tell(self, *messages: Message) -> None:
        self.notifier.take(messages)
        async with self.redis.pipeline() as pipe:
            saved = self.notifier.save(pipe)
            await pipe.execute()
        self.notifier.saved(saved)
        self.notifier.wake()


def town_on(redis: Redis, clock_ms: int = NOW_MS) -> Town:
    post = Post()
    notifier = Notifier(
        redis, NotifyStore(redis, KEY), post, lambda: clock_ms, first_retry_s=0.05, minute_s=0.5
    )
    notifier.house = "tower"
    return Town(notifier, post, redis)


@asynccontextmanager
async def at_work(town: Town) -> AsyncIterator[Town]:
    await town.notifier.load()
    async with background(town.notifier.run()):
        await asyncio.sleep(0)
        yield town


@pytest.fixture
async def town(redis: Redis) -> AsyncIterator[Town]:
    async with at_work(town_on(redis)) as found:
        yield found


async def test_each_target_is_told_what_it_wants_to_know(town: Town) -> None:
    await town.add("all")
    await town.add("worst", ["critical"])
    await town.tell(message(1, "warning"))
    await town.tell(message(2, "critical"))
    await town.post.wait_for(3)
    assert sorted((name, what.messages[0].subject) for name, what in town.post.taken) == [
        ("all", "s1"),
        ("all", "s2"),
        ("worst", "s2"),
    ]


async def test_a_target_that_hangs_delays_nobody(town: Town) -> None:
    for number in range(5):
        await town.add("hangs" if number < 3 else f"well{number}")
    begun = time.monotonic()
    await town.tell(message())
    await town.post.wait_for(2)
    assert time.monotonic() - begun < 1
    assert {name for name, _ in town.post.taken} == {"well3", "well4"}


async def test_really_hanging_servers_delay_no_real_message(redis: Redis) -> None:
    """With the real courier: a child process for ntfy, this process for the webhook."""
    notifier = Notifier(redis, NotifyStore(redis, KEY), Courier(Outbound(), 10), lambda: NOW_MS)
    town = Town(notifier, Post(), redis)
    async with (
        listening(Silence(), free_port()) as silent,
        listening(HttpSink(), free_port()) as sink,
    ):
        store = notifier.store
        server = f"http://127.0.0.1:{silent.port}"
        mute = {"server": server, "topic": "t", "token": "", "allow_private": "yes"}
        url = f"http://127.0.0.1:{sink.port}/"
        well = {"url": url, "secret": "", "allow_private": "yes"}
        for _ in range(4):
            await store.create("mute", "ntfy", mute, ALL, True, NOW_MS)
        await store.create("well", "webhook", well, ALL, True, NOW_MS)
        async with at_work(town):
            begun = time.monotonic()
            await town.tell(message())
            await sink.wait_for(1)
            assert time.monotonic() - begun < 5


async def test_what_fails_is_tried_again_until_it_is_taken(town: Town) -> None:
    id_ = await town.add("well")
    town.post.failing = True
    await town.tell(message())
    await town.post.wait_for_tries(3)
    last = town.notifier.last(id_)
    assert last is not None
    assert (last.ok, last.error) == (False, "no")
    assert town.notifier.waiting(id_) == 1
    town.post.failing = False
    await town.post.wait_for(1)
    assert [what.messages for _, what in town.post.taken] == [(message(),)]


async def test_what_came_and_went_meanwhile_is_one_message_of_its_end(town: Town) -> None:
    await town.add("well")
    town.post.failing = True
    await town.tell(message(1))
    await town.post.wait_for_tries(1)
    await town.tell(message(2), message(3), message(1, over=True))
    town.post.failing = False
    await town.post.wait_for(1)
    [(_, what)] = town.post.taken
    assert [(one.subject, one.over) for one in what.messages] == [
        ("s1", True),
        ("s2", False),
        ("s3", False),
    ]
    assert what.title == "tower: 2 new, 1 over"


async def test_a_storm_is_one_message(town: Town) -> None:
    await town.add("well")
    await town.tell(*(message(number) for number in range(60)))
    await town.post.wait_for(1)
    [(_, what)] = town.post.taken
    assert len(what.messages) == 60
    assert what.body.count("\n") == 20
    assert "40 more" in what.body


async def test_more_than_a_few_a_minute_are_told_together(town: Town) -> None:
    await town.add("well")
    for number in range(PER_MINUTE):
        await town.tell(message(number))
        await town.post.wait_for(number + 1)
    begun = time.monotonic()
    for number in range(10, 20):
        await town.tell(message(number))
        await asyncio.sleep(0.01)
    await town.post.wait_for(PER_MINUTE + 1)
    assert len(town.post.taken[-1][1].messages) == 10
    assert time.monotonic() - begun < 2


async def test_what_waits_survives_a_restart(redis: Redis) -> None:
    before = town_on(redis)
    await before.notifier.load()
    id_ = await before.add("well")
    await before.tell(message(1), message(2))
    async with at_work(town_on(redis)) as after:
        await after.post.wait_for(2)
        async with asyncio.timeout(60):
            while await redis.hexists(NotifyStore.WAITING, id_):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    async with at_work(town_on(redis)) as third:
        assert third.notifier.waiting(id_) == 0
        last = third.notifier.last(id_)
        assert last is not None
        assert last.ok


async def test_what_nobody_took_for_a_day_is_dropped(redis: Redis) -> None:
    before = town_on(redis)
    await before.notifier.load()
    await before.add("well")
    await before.tell(message(1))
    async with at_work(town_on(redis, NOW_MS + 25 * 3_600_000)) as after:
        fresh = Message(**{**_dict(message(2)), "at_ms": NOW_MS + 25 * 3_600_000})
        await after.tell(fresh)
        await after.post.wait_for(1)
        assert [what.messages for _, what in after.post.taken] == [(fresh,)]


def _dict(one: Message) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


async def test_each_target_is_told_in_its_own_language_also_by_the_next_process(
    redis: Redis,
) -> None:
    before = town_on(redis)
    await before.notifier.load()
    for name, language in (("english", "en"), ("chinese", "zh")):
        id_ = await before.add(name)
        await before.notifier.store.change(id_, None, language=language)
    params: dict[str, str | int | float] = {"service": "s1", "reason": "killed"}
    told_of = Message(**{**_dict(message()), "params": params})
    await before.tell(told_of)
    async with at_work(town_on(redis)) as after:
        await after.post.wait_for(2)
        told = {name: what.title for name, what in after.post.taken}
    assert told == {
        "english": "tower: CRITICAL: s1 does not run.",
        "chinese": letter([told_of], "tower", "zh").title,
    }


async def test_what_waits_is_bounded(town: Town) -> None:
    id_ = await town.add("well")
    town.post.failing = True
    await town.tell(*(message(number) for number in range(MAX_WAITING + 50)))
    assert town.notifier.waiting(id_) == MAX_WAITING


async def test_a_target_that_is_switched_off_or_removed_is_told_nothing(town: Town) -> None:
    off, gone = await town.add("off"), await town.add("gone")
    await town.add("well")
    await town.notifier.store.change(off, None, enabled=False)
    await town.notifier.store.remove(gone)
    town.notifier.forget(gone)
    await town.tell(message())
    await town.post.wait_for(1)
    assert [name for name, _ in town.post.taken] == ["well"]
    assert town.notifier.waiting(off) == 0


async def test_the_number_of_targets_is_bounded_and_their_secrets_sealed(town: Town) -> None:
    for _ in range(MAX_TARGETS):
        await town.add("t0psecret")
    with pytest.raises(Conflict):
        await town.add("more")
    assert "t0psecret" not in str(
        [raw.split('"sealed"')[1] for raw in await town.redis.hvals(NotifyStore.TARGETS)]
    )


async def test_a_test_is_sent_at_once_and_says_what_came_back(town: Town) -> None:
    id_ = await town.add("well")
    target = town.notifier.store.get(id_)
    assert await town.notifier.test(target) == (True, "")
    assert "test" in town.post.taken[0][1].title
    target = await town.notifier.store.change(id_, None, language="zh")
    await town.notifier.test(target)
    assert town.post.taken[1][1].title == "tower: 测试消息"
    town.post.failing = True
    assert await town.notifier.test(target) == (False, "no")
    last = town.notifier.last(id_)
    assert last is not None
    assert not last.ok


def test_the_words_of_a_message() -> None:
    one = letter([message()], "tower")
    assert (one.title, one.type) == ("tower: CRITICAL: s1 does not run.", "failure")
    assert one.body.splitlines() == [
        "s1 does not run.",
        "Look.",
        "Since 2023-11-14 22:13:20 UTC.",
    ]
    over = Message(**{**_dict(message(over=True)), "at_ms": NOW_MS + 300_000})
    one = letter([over], "tower")
    assert (one.title, one.type) == ("tower: over: s1 does not run.", "success")
    assert one.body == "It is over, after 5 min: s1 does not run."
