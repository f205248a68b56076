"""HLS viewers by session: begun once, kept while they ask, ended when they do not, found again."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import orjson
import pytest
from redis import exceptions

from streamstead.core.errors import PlayRefused, RateLimited
from streamstead.core.registry import Kind, Protocol, Session
from streamstead.hooks.gates import Gates
from streamstead.hooks.hls_log import HlsLog
from streamstead.hooks.hls_sessions import (
    COMPARE_MS,
    MAX_UNUSED,
    PREFIX,
    SAMPLE_MS,
    SILENCE_MS,
    HlsSessions,
    Who,
)

from .conftest import House

START_MS = 1_800_000_000_000
TICK_MS = 1_000


@dataclass
class Front:
    """The sessions under test, with the disk and the log that nginx would write."""

    house: House
    root: Path
    now_ms: int = START_MS

    def __post_init__(self) -> None:
        self.gates = Gates(self.root / "gates")
        self.log = self.root / "requests.log"
        (self.root / "html" / "live").mkdir(parents=True)
        self.sessions = self.born()

    def born(self) -> HlsSessions:
        """Return what a new process has: the disk and the registry, and no memory."""
        return HlsSessions(
            self.gates,
            HlsLog(self.log),
            self.house.registry,
            self.root / "html",
            lambda: self.now_ms,
        )

    def session(self, client_id: str, ip: str) -> Session:
        return Session(
            client_id=client_id,
            kind=Kind.PLAY,
            protocol=Protocol.HLS,
            vhost="__defaultVhost__",
            app="live",
            stream="cam",
            url="live/cam",
            ip=ip,
            since_ms=self.now_ms,
        )

    async def enter(self, ip: str = "203.0.113.1", agent: str = "agent") -> str:
        async def play(client_id: str) -> object:
            return await self.house.registry.play(self.session(client_id, ip))

        who: Who = ("live/cam", ip, agent, "")
        return await self.sessions.enter("live", "cam", who, play)

    def ask(self, sid: str, size: int = 100, status: int = 200) -> None:
        with self.log.open("a") as file:
            file.write(f"{sid} {self.now_ms / 1000:.3f} {status} {size}\n")

    async def pass_time(self, ms: int, *asking: str) -> None:
        """Let time go by in ticks, with these sessions asking at each."""
        for _ in range(ms // TICK_MS):
            self.now_ms += TICK_MS
            for sid in asking:
                self.ask(sid)
            await self.sessions.tick()

    async def viewers(self) -> int:
        return (await self.house.registry.viewers()).get("live/cam", {}).get("hls", 0)

    async def left(self) -> list[tuple[str, int]]:
        """Return (reason, bytes sent) of everybody who has left."""
        found = []
        for _, fields in await self.house.redis.xrange("STREAMSTEAD_EVENTS"):
            if fields["type"] == "viewer.left":
                data = orjson.loads(fields["data"])
                found.append((data["reason"], data["send_bytes"]))
        return found


@pytest.fixture
def front(house: House, tmp_path: Path) -> Front:
    return Front(house, tmp_path)


async def test_who_asks_stays_and_who_is_silent_is_gone(front: Front) -> None:
    await front.sessions.tick()
    here, gone = await front.enter("203.0.113.1"), await front.enter("203.0.113.2")
    assert await front.viewers() == 2
    await front.pass_time(SILENCE_MS, here, gone)
    assert await front.viewers() == 2
    await front.pass_time(SILENCE_MS + 2 * TICK_MS, here)
    assert await front.viewers() == 1
    assert front.gates.sids("live", "cam") == [here]
    assert await front.left() == [("silent", 15 * 100)]


async def test_asking_for_what_is_not_there_keeps_nobody(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    for _ in range(SILENCE_MS // TICK_MS + 2):
        front.now_ms += TICK_MS
        front.ask(sid, status=404)
        await front.sessions.tick()
    assert await front.viewers() == 0


async def test_long_segments_are_waited_for(front: Front) -> None:
    playlist = front.root / "html" / "live" / "cam.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:20\n")
    await front.sessions.tick()
    await front.enter()
    await front.pass_time(45_000)
    assert await front.viewers() == 1
    await front.pass_time(8_000)
    assert await front.viewers() == 0


async def test_bytes_are_told_in_batches(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    await front.pass_time(SAMPLE_MS + TICK_MS, sid)
    sampled = await front.house.registry.sampled_bytes()
    assert 400 <= sampled[PREFIX + sid][0] <= 600
    assert sampled[PREFIX + sid][1] == 0


async def test_a_gate_that_was_shut_ends_the_session(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    front.gates.close("live", "cam", sid)
    await front.sessions.tick()
    assert await front.viewers() == 0
    assert await front.left() == [("cut", 0)]


async def test_a_refused_viewer_leaves_nothing_behind(front: Front) -> None:
    async def refuse(_: str) -> object:
        raise PlayRefused.of("pass_missing")

    with pytest.raises(PlayRefused):
        await front.sessions.enter("live", "cam", ("live/cam", "", "", ""), refuse)
    assert list(front.gates.all()) == []
    assert len(front.sessions) == 0


async def test_a_viewer_cut_while_it_is_let_in_is_not_let_in(front: Front) -> None:
    async def play(client_id: str) -> object:
        verdict = await front.house.registry.play(front.session(client_id, "203.0.113.1"))
        front.gates.open("live", "cam", client_id.removeprefix(PREFIX))
        front.gates.close("live", "cam", client_id.removeprefix(PREFIX))
        return verdict

    with pytest.raises(PlayRefused):
        await front.sessions.enter("live", "cam", ("live/cam", "", "", ""), play)
    assert list(front.gates.all()) == []
    assert await front.viewers() == 0


async def test_a_viewer_cut_before_its_gate_is_there_is_not_let_in(front: Front) -> None:
    async def play(client_id: str) -> object:
        front.gates.close("live", "cam", client_id.removeprefix(PREFIX))
        return None

    with pytest.raises(PlayRefused):
        await front.sessions.enter("live", "cam", ("live/cam", "", "", ""), play)
    assert list(front.gates.all()) == []
    assert len(front.sessions) == 0


async def test_a_gate_that_cannot_be_made_registers_nobody(front: Front) -> None:
    with (
        patch.object(front.gates, "open", side_effect=OSError("full")),
        pytest.raises(OSError, match="full"),
    ):
        await front.enter()
    assert await front.viewers() == 0


async def test_one_that_only_begins_shares_its_last_session(front: Front) -> None:
    begun = [await front.enter() for _ in range(MAX_UNUSED + 5)]
    assert len(set(begun)) == MAX_UNUSED
    # One that is used is not handed to the next.
    await front.sessions.tick()
    front.now_ms += TICK_MS
    front.ask(begun[-1])
    await front.sessions.tick()
    assert await front.enter() not in begun


async def test_a_shared_session_is_never_one_that_was_cut(front: Front) -> None:
    begun = [await front.enter() for _ in range(MAX_UNUSED)]
    front.gates.close("live", "cam", begun[-1])
    again = await front.enter()
    assert again not in begun
    assert front.gates.is_open("live", "cam", again)


async def test_sessions_are_bounded(front: Front) -> None:
    with patch("streamstead.hooks.hls_sessions.MAX_SESSIONS", 2):
        await front.enter("203.0.113.1")
        await front.enter("203.0.113.2")
        with pytest.raises(RateLimited):
            await front.enter("203.0.113.3")


async def test_one_address_cannot_fill_the_house_under_many_names(front: Front) -> None:
    with patch("streamstead.hooks.hls_sessions.MAX_NEWCOMERS", 3):
        sids = [await front.enter(agent=f"agent {n}") for n in range(3)]
        with pytest.raises(RateLimited):
            await front.enter(agent="one more")
        await front.enter("203.0.113.2")
        # Those who watch are no newcomers any more.
        await front.sessions.tick()
        await front.pass_time(TICK_MS, *sids)
        await front.enter(agent="one more")
        for n in range(5):
            await front.enter("127.0.0.1", agent=f"agent {n}")


async def test_after_a_restart_those_who_still_ask_go_on_with_their_bytes(front: Front) -> None:
    await front.sessions.tick()
    here, gone = await front.enter("203.0.113.1"), await front.enter("203.0.113.2")
    await front.pass_time(SAMPLE_MS * 2, here, gone)
    front.sessions = front.born()
    front.now_ms += 60_000  # nothing ran for a minute, and only one of them went on asking
    front.ask(here, size=7)
    await front.sessions.tick()
    assert await front.viewers() == 2
    await front.pass_time(SILENCE_MS + 2 * TICK_MS, here)
    assert await front.viewers() == 1
    sampled = await front.house.registry.sampled_bytes()
    assert sampled[PREFIX + here][0] > 1000


async def test_gates_and_registry_are_made_to_agree(front: Front) -> None:
    front.gates.open("live", "cam", "a" * 32)  # its session was never registered
    lost = PREFIX + "b" * 32  # its gate was never made
    await front.house.registry.play(front.session(lost, "203.0.113.1"))
    here = await front.enter()
    assert await front.sessions.compare() == 2
    assert front.gates.sids("live", "cam") == [here]
    assert await front.viewers() == 1


async def test_a_session_ended_in_the_registry_loses_its_gate(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    await front.house.registry.finish(PREFIX + sid, front.now_ms, "kicked")
    await front.pass_time(COMPARE_MS + TICK_MS, sid)
    assert front.gates.sids("live", "cam") == []
    assert len(front.sessions) == 0


async def test_a_gate_that_vanished_ends_the_session(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    (front.root / "gates" / "live" / "cam" / sid).unlink()
    await front.pass_time(COMPARE_MS + TICK_MS, sid)
    assert await front.viewers() == 0


async def test_an_emptied_store_shuts_every_gate(front: Front) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    await front.house.redis.flushall()
    await front.pass_time(COMPARE_MS + TICK_MS, sid)
    assert list(front.gates.all()) == []


async def test_while_redis_is_away_nobody_is_ended_and_then_everyone_has_time(front: Front) -> None:
    await front.sessions.tick()
    silent = await front.enter()

    async def away(*_: object) -> None:
        raise exceptions.ConnectionError("away")

    with (
        patch.object(front.house.registry, "finish", away),
        patch.object(front.house.registry, "client_ids", away),
    ):
        await front.pass_time(SILENCE_MS * 3)
    await front.pass_time(SILENCE_MS)
    assert front.gates.sids("live", "cam") == [silent]
    await front.pass_time(2 * TICK_MS)
    assert front.gates.sids("live", "cam") == []
    assert await front.viewers() == 0


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
async def test_a_clock_that_jumps_ends_nobody(front: Front, jump_ms: int) -> None:
    await front.sessions.tick()
    sid = await front.enter()
    await front.pass_time(3 * TICK_MS, sid)
    front.now_ms += jump_ms
    await front.pass_time(3 * TICK_MS, sid)
    assert await front.viewers() == 1
    await front.pass_time(SILENCE_MS + 3 * TICK_MS)
    assert await front.viewers() == 0


async def test_many_come_and_go_at_once(front: Front) -> None:
    await front.sessions.tick()
    few = asyncio.Semaphore(8)  # connections of this test's own way to Redis

    async def enter(n: int) -> str:
        async with few:
            return await front.enter(f"198.51.100.{n % 250}")

    sids = await asyncio.gather(*(enter(n) for n in range(300)))
    assert len(set(sids)) == await front.viewers() == 300
    await front.pass_time(SILENCE_MS + 2 * TICK_MS, *sids[:100])
    assert await front.viewers() == 100
    assert sorted(front.gates.sids("live", "cam")) == sorted(sids[:100])
