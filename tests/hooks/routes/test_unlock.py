"""The passphrase of a stream."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from streamstead.core.errors import RateLimited
from streamstead.hooks.unlock import MAX_FAILURES, MAX_WAITING, MAX_WAITING_EACH, Unlocker

from .conftest import Api

CAM = {"app": "live", "stream": "cam"}
PHRASE = "open sesame"


async def lock(api: Api, **names: str) -> None:
    await api.good("play/rule/update", {**names, "kind": "pass", "passphrase": PHRASE})


async def attempt(api: Api, phrase: str = PHRASE, address: str = "198.51.100.7") -> str:
    """Try a passphrase for live/cam; return "" when it is right, else the key of the refusal."""
    body = {**CAM, "passphrase": phrase}
    reply = await api.visit("play/unlock", body, **{"x-real-ip": address})
    return "" if reply.status_code == 200 else str(reply.json()["data"]["key"])


@pytest.mark.parametrize("names", [CAM, {}], ids=["own rule", "default rule"])
async def test_the_passphrase_becomes_a_pass_of_12_hours(api: Api, names: dict[str, str]) -> None:
    await lock(api, **names)
    before_ms = api.house.clock_ms
    reply = await api.visit("play/unlock", {**CAM, "passphrase": PHRASE})
    data = reply.json()["data"]
    assert set(data) == {"pass", "expires_ms"}
    assert before_ms < data["expires_ms"] - 12 * 3_600_000 <= api.house.clock_ms
    assert await api.play() == "pass_missing"
    assert await api.play(data["pass"]) == ""
    api.house.clock_ms = data["expires_ms"] + 1000
    assert await api.play(data["pass"], client_id="v3") == "pass_expired"


async def test_a_playback_id_is_unlocked_like_its_stream(api: Api) -> None:
    playback_id = (await api.good("streams/create", CAM))["playback_id"]
    await lock(api, **CAM)
    body = {"app": "s", "stream": playback_id, "passphrase": PHRASE}
    token = (await api.visit("play/unlock", body)).json()["data"]["pass"]
    assert await api.play(token) == ""
    body["stream"] = "nosuchstream"
    assert (await api.visit("play/unlock", body)).json()["data"]["key"] == "passphrase_wrong"


@pytest.mark.parametrize(
    "phrase", ["wrong", PHRASE.upper(), PHRASE + " ", " " + PHRASE, "op\u00e9n sesame", "x" * 256]
)
async def test_anything_else_is_refused(api: Api, phrase: str) -> None:
    await lock(api, **CAM)
    assert await attempt(api, phrase) == "passphrase_wrong"


async def test_a_letter_counts_as_the_same_however_it_was_typed(api: Api) -> None:
    body = {**CAM, "kind": "pass", "passphrase": "caf\u00e9 noir"}
    await api.good("play/rule/update", body)
    assert await attempt(api, "cafe\u0301 noir") == ""


@pytest.mark.parametrize("kind", ["public", "pass", "webhook", "unknown"])
async def test_a_stream_without_a_passphrase_answers_like_a_wrong_one(api: Api, kind: str) -> None:
    if kind != "unknown":
        rule = {**CAM, "kind": kind, "webhook_url": "https://example.com/"}
        await api.good("play/rule/update", rule)
    assert await attempt(api) == "passphrase_wrong"


async def test_a_passphrase_counts_only_while_the_rule_asks_for_one(api: Api) -> None:
    await lock(api, **CAM)
    await api.good("play/rule/update", {**CAM, "kind": "public"})
    assert await attempt(api) == "passphrase_wrong"


class Counting(PasswordHasher):
    """Counts what it was asked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.verified += 1
        return super().verify(hash, password)


async def test_an_unknown_stream_costs_the_same_work(api: Api) -> None:
    hasher = Counting()
    unlocker = Unlocker(api.house.redis, hasher)
    hashed = await unlocker.hash(PHRASE)
    for number, stored in enumerate((hashed, "", "not a hash at all"), start=1):
        expected = stored == hashed
        assert await unlocker.matches(stored, PHRASE, "198.51.100.9") is expected
        assert hasher.verified == number


async def test_guessing_ends_for_one_address_and_for_no_other(api: Api) -> None:
    await lock(api, **CAM)
    for _ in range(MAX_FAILURES):
        assert await attempt(api, "wrong") == "passphrase_wrong"
    for phrase in ("wrong", PHRASE):
        assert await attempt(api, phrase) == "rate_limited"
    assert await attempt(api, address="198.51.100.8") == ""
    reply = await api.visit("play/unlock", {**CAM, "passphrase": PHRASE})
    assert 1 <= int(reply.headers["retry-after"]) <= 300


async def test_an_ipv6_guesser_does_not_win_by_changing_its_address(api: Api) -> None:
    await lock(api, **CAM)
    for number in range(MAX_FAILURES):
        assert await attempt(api, "wrong", f"2001:db8::{number:x}") == "passphrase_wrong"
    assert await attempt(api, address="2001:db8::ffff") == "rate_limited"
    assert await attempt(api, address="2001:db8:0:1::1") == ""


async def test_who_knows_the_passphrase_is_never_limited(api: Api) -> None:
    await lock(api, **CAM)
    for _ in range(MAX_FAILURES + 5):
        assert await attempt(api) == ""


async def test_guesses_sent_at_once_count_each(api: Api) -> None:
    await lock(api, **CAM)
    said: list[str] = []
    for _ in range(MAX_FAILURES):
        said += await asyncio.gather(*(attempt(api, "wrong") for _ in range(MAX_WAITING_EACH)))
    assert said.count("passphrase_wrong") == MAX_FAILURES


class Held(PasswordHasher):
    """Hashes only when released."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.release = threading.Event()
        self.begun = threading.Semaphore(0)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.begun.release()
        self.release.wait(30)
        return super().verify(hash, password)


@pytest.fixture
async def held(api: Api) -> Held:
    return Held()


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not check():  # noqa: ASYNC110 - it happens in another thread
            await asyncio.sleep(0.01)


async def test_a_flood_of_one_address_leaves_room_for_others(api: Api, held: Held) -> None:
    unlocker = Unlocker(api.house.redis, held)
    hashed = await unlocker.hash(PHRASE)
    flood = [
        asyncio.create_task(unlocker.matches(hashed, "wrong", "198.51.100.9"))
        for _ in range(MAX_WAITING_EACH)
    ]
    await until(lambda: held.begun.acquire(blocking=False))
    with pytest.raises(RateLimited):
        await unlocker.matches(hashed, "wrong", "198.51.100.9")
    other = asyncio.create_task(unlocker.matches(hashed, PHRASE, "198.51.100.10"))
    await asyncio.sleep(0)
    assert not other.done()
    held.release.set()
    assert await other is True
    assert await asyncio.gather(*flood) == [False] * MAX_WAITING_EACH


async def test_all_together_may_wait_only_so_many(api: Api, held: Held) -> None:
    unlocker = Unlocker(api.house.redis, held)
    hashed = await unlocker.hash(PHRASE)
    addresses = [f"198.51.100.{number}" for number in range(MAX_WAITING)]
    crowd = [
        asyncio.create_task(unlocker.matches(hashed, PHRASE, address)) for address in addresses
    ]
    await until(lambda: held.begun.acquire(blocking=False))
    with pytest.raises(RateLimited) as refused:
        await unlocker.matches(hashed, PHRASE, "203.0.113.1")
    assert refused.value.retry_after_s == 2
    held.release.set()
    assert await asyncio.gather(*crowd) == [True] * MAX_WAITING
    assert await unlocker.matches(hashed, PHRASE, "203.0.113.1") is True


@pytest.mark.parametrize(
    "body",
    [
        {"app": "live", "stream": "cam"},
        {"app": "live", "stream": "cam", "passphrase": ""},
        {"app": "live", "stream": "cam", "passphrase": "a" * 257},
        {"app": "", "stream": "cam", "passphrase": PHRASE},
        {"app": "live", "stream": "cam", "passphrase": PHRASE, "more": 1},
    ],
)
async def test_a_bad_request_is_named_and_not_repeated(api: Api, body: dict[str, str]) -> None:
    reply = await api.visit("play/unlock", body)
    assert reply.status_code == 422
    assert PHRASE not in reply.text
