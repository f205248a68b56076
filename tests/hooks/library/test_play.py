"""Who may watch a recording, and for how long: real stores, gates on disk, a clock of the test."""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.epoch import StoreEpoch
from streamstead.core.errors import NotFound, PlayRefused, RateLimited, StoreUnavailable
from streamstead.core.play_rules import (
    OPERATOR,
    PHRASE,
    PassStore,
    PlayKind,
    PlayRule,
    PlayRuleStore,
    recording_url,
)
from streamstead.core.signed import PassSigner
from streamstead.hooks.gate import PlayRequest
from streamstead.hooks.hls_log import HlsLog
from streamstead.hooks.library import play_visits as book
from streamstead.hooks.library.play import ASKED_MS, Play, Visitor
from streamstead.hooks.library.play_gates import VodGates
from streamstead.hooks.library.recording import Kind, Recording, State

pytestmark = pytest.mark.integration

MASTER_KEY = b"k" * 32
API_SECRET = "the-api-secret-of-a-program"
ID = "0b6f2b0e-6f0f-4a52-9a3c-1c1d5f4f7a10"
OTHER = "11111111-6f0f-4a52-9a3c-1c1d5f4f7a10"
URL = recording_url(ID)
DAY_MS = 24 * 3_600_000


class Library:
    """Two recordings, and who wants to be told of changes."""

    def __init__(self) -> None:
        self.found = {
            id_: Recording(id_, Kind.LIVE, State.READY, "live", "cam", 1, playlist=True)
            for id_ in (ID, OTHER)
        }
        self.told: list[Callable[[str], None]] = []

    async def get(self, id_: str) -> Recording:
        if id_ not in self.found:
            raise NotFound("no such recording", key="recording_unknown")
        return self.found[id_]

    async def work(self, **equals: object) -> list[Recording]:
        return [one for one in self.found.values() if one.state is equals["state"]]

    def subscribe(self, changed: Callable[[str], None]) -> Callable[[], None]:
        self.told.append(changed)
        return lambda: None


class OwnersServer:
    def __init__(self) -> None:
        self.asked: list[PlayRequest] = []
        self.refuses = False

    async def may_play(self, rule: PlayRule, request: PlayRequest) -> None:
        self.asked.append(request)
        if self.refuses:
            raise PlayRefused.of("webhook_refused")


@dataclass
class House:
    rules: PlayRuleStore
    passes: PassStore
    signer: PassSigner
    gates: VodGates
    library: Library
    server: OwnersServer
    redis: Redis
    log: Path
    now_ms: int = 1_700_000_000_000
    play: Play = None  # type: ignore[assignment]

    def start(self) -> Play:
        """Begin as after a crash: with what is on disk and in Redis."""
        self.play = Play(
            self.gates,
            HlsLog(self.log),
            self.rules,
            self.passes,
            self.signer,
            self.server,
            Authenticator(AdminStore(self.redis), MASTER_KEY, API_SECRET),
            self.library,
            lambda: self.now_ms,
        )
        return self.play

    async def rule(self, kind: PlayKind, **fields: str) -> None:
        await self.rules.change(URL, lambda had: replace(had, kind=kind, **fields))  # type: ignore[arg-type]

    async def new_pass(self, **fields: int) -> tuple[str, Visitor]:
        made = await self.passes.create(URL, "vod", ID, "test", self.now_ms, **fields)
        return made.id, someone(self.signer.token(made.id, URL, made.expires_ms))

    async def why(self, visitor: Visitor, id_: str = ID) -> str:
        """Try to enter; return the key of the refusal, "" when let in."""
        try:
            await self.play.enter(id_, visitor)
        except (PlayRefused, NotFound, StoreUnavailable, RateLimited) as exc:
            return exc.key
        return ""

    async def enter(self, visitor: Visitor, id_: str = ID) -> str:
        _, sid = await self.play.enter(id_, visitor)
        assert self.gates.is_open(id_, sid)
        return sid

    async def stays(self, sid: str, id_: str = ID) -> bool:
        await self.play.tick()
        return self.gates.is_open(id_, sid)


def someone(token: str = "", **fields: str) -> Visitor:
    return Visitor(ip=fields.pop("ip", "203.0.113.9"), token=token, **fields)


@pytest.fixture
async def house(redis: Redis, tmp_path: Path) -> House:
    await StoreEpoch(redis, tmp_path / "store-id").ensure()
    made = House(
        PlayRuleStore(redis),
        PassStore(redis),
        PassSigner(MASTER_KEY),
        VodGates(tmp_path / "vod_gates"),
        Library(),
        OwnersServer(),
        redis,
        tmp_path / "recordings.log",
    )
    await made.start().load()
    return made


async def test_a_recording_is_private_though_streams_are_open_to_everyone(house: House) -> None:
    assert (await house.rules.get("live/cam"))[0].kind is PlayKind.PUBLIC
    assert await house.why(someone()) == "pass_missing"
    assert await house.why(someone("nonsense")) == "pass_malformed"
    assert (await house.play.verdict(ID, someone())).reason == "pass_missing"
    assert await house.play.access_of([ID, OTHER]) == {ID: "private", OTHER: "private"}
    await house.rule(PlayKind.PUBLIC)
    assert await house.why(someone()) == ""
    assert await house.why(someone(), OTHER) == "pass_missing"
    assert await house.play.access_of([ID, OTHER]) == {ID: "public", OTHER: "private"}


async def test_a_new_rule_for_all_streams_opens_no_recording(house: House) -> None:
    await house.rules.change("*", lambda had: replace(had, kind=PlayKind.PUBLIC))
    assert await house.why(someone()) == "pass_missing"


async def test_what_does_not_exist_looks_like_what_is_private(house: House) -> None:
    missing = "00000000" + ID[8:]
    assert await house.play.verdict(missing, someone()) == await house.play.verdict(ID, someone())
    assert await house.why(someone(), missing) == "pass_missing"
    token = house.signer.token(OPERATOR, recording_url(missing), None)
    assert await house.why(someone(token), missing) == "recording_unknown"


async def test_the_operator_watches_everything_by_session_and_by_preview(house: House) -> None:
    await house.enter(someone(credential=API_SECRET))
    await house.enter(someone(house.signer.token(OPERATOR, URL, house.now_ms + 1000)))
    assert await house.why(someone(credential="a guess")) == "pass_missing"


async def test_a_pass_lets_in_once_a_player_and_counts_its_uses(house: House) -> None:
    pass_id, visitor = await house.new_pass()
    sid = await house.enter(visitor)
    assert await house.enter(visitor) == sid
    assert await house.enter(replace(visitor, user_agent="VLC")) != sid
    assert (await house.passes.used())[pass_id] == (2, house.now_ms)
    elsewhere = await house.passes.create(recording_url(OTHER), "vod", OTHER, "x", house.now_ms)
    token = house.signer.token(elsewhere.id, recording_url(OTHER), None)
    assert await house.why(someone(token)) == "pass_other_stream"


async def test_a_revoked_pass_shuts_its_gates_and_no_others(house: House) -> None:
    pass_id, visitor = await house.new_pass()
    _, other = await house.new_pass()
    sid, kept = await house.enter(visitor), await house.enter(other)
    assert await house.stays(sid)
    await house.passes.revoke(pass_id)
    assert not await house.stays(sid)
    assert await house.stays(kept)
    assert await house.why(visitor) == "pass_revoked"


async def test_an_expired_pass_shuts_its_gates(house: House) -> None:
    _, visitor = await house.new_pass(expires_ms=house.now_ms + 60_000)
    sid = await house.enter(visitor)
    house.now_ms += 59_000
    assert await house.stays(sid)
    house.now_ms += 1_000
    assert not await house.stays(sid)
    assert await house.why(visitor) == "pass_expired"


async def test_a_changed_rule_shuts_the_gates_of_whom_it_refuses(house: House) -> None:
    _, visitor = await house.new_pass()
    await house.rule(PlayKind.PUBLIC)
    guest = await house.enter(someone())
    await house.rule(PlayKind.PASS)
    assert not await house.stays(guest)
    kept = await house.enter(visitor)
    await house.rules.inherit(URL)
    assert await house.stays(kept)


async def test_another_passphrase_shuts_the_gates_of_the_old_one(house: House) -> None:
    await house.rule(PlayKind.PASS, phrase_hash="one")
    rule, _ = await house.rules.get(URL)
    token = house.signer.token(f"{PHRASE}{rule.phrase_generation}", URL, house.now_ms + DAY_MS)
    sid = await house.enter(someone(token))
    assert await house.stays(sid)
    await house.rule(PlayKind.PASS, phrase_hash="two")
    assert not await house.stays(sid)
    assert await house.why(someone(token)) == "phrase_changed"


async def test_a_removed_recording_takes_gates_rule_and_passes_with_it(house: House) -> None:
    pass_id, visitor = await house.new_pass()
    await house.rule(PlayKind.PASS, phrase_hash="hash")
    await house.rules.change(recording_url(OTHER), lambda had: replace(had, kind=PlayKind.PUBLIC))
    sid, other = await house.enter(visitor), await house.enter(someone(), OTHER)
    await house.play.tick()
    house.library.found[ID] = replace(house.library.found[ID], state=State.DELETING)
    house.play.changed(ID)
    assert not await house.stays(sid)
    assert await house.stays(other, OTHER)
    assert await house.rules.own([URL]) == {}
    assert await house.passes.get(pass_id) is None
    assert await house.why(visitor) == "pass_unknown"


async def test_what_was_forgotten_while_nobody_looked_is_dropped_at_the_start(
    house: House,
) -> None:
    _, visitor = await house.new_pass()
    sid = await house.enter(visitor)
    await house.rule(PlayKind.PUBLIC)
    del house.library.found[ID]
    await house.start().load()
    assert not await house.stays(sid)
    assert await house.rules.own([URL]) == {}


@pytest.mark.parametrize("takes", ["revoked", "expired", "rule", "nothing"])
async def test_after_a_restart_the_gates_still_tell_whose_they_are(
    house: House, takes: str
) -> None:
    pass_id, visitor = await house.new_pass(expires_ms=house.now_ms + 60_000)
    sid = await house.enter(visitor)
    match takes:
        case "revoked":
            await house.passes.revoke(pass_id)
        case "expired":
            house.now_ms += 60_000
        case "rule":
            await house.rule(PlayKind.WEBHOOK, webhook_url="https://example.com/ask")
    await house.start().load()
    assert await house.stays(sid) == (takes == "nothing")


async def test_a_gate_that_does_not_say_whose_it_is_is_shut(house: House, tmp_path: Path) -> None:
    sid = "0123456789abcdef" * 2
    folder = tmp_path / "vod_gates" / ID
    folder.mkdir(parents=True)
    (folder / sid).touch()
    (folder / f".{sid}").write_text("{}")
    await house.start().load()
    assert not house.gates.is_open(ID, sid)
    assert not list(folder.glob(".*"))


async def test_the_owners_server_is_asked_once_for_a_player_and_again_later(house: House) -> None:
    await house.rule(PlayKind.WEBHOOK, webhook_url="https://example.com/ask")
    assert (await house.play.verdict(ID, someone())).reason == ""
    assert house.server.asked == []
    visitor = someone(query="ticket=7")
    sid = await house.enter(visitor)
    assert await house.enter(visitor) == sid
    (asked,) = house.server.asked
    assert (asked.app, asked.stream, asked.query) == ("vod", ID, "ticket=7")
    house.server.refuses = True
    assert await house.why(someone(query="ticket=8")) == "webhook_refused"
    assert await house.stays(sid)
    house.now_ms += ASKED_MS
    assert await house.why(visitor) == "webhook_refused"
    assert not house.gates.is_open(ID, sid)


async def test_what_a_page_asks_for_at_once_is_one_visit(house: House) -> None:
    pass_id, visitor = await house.new_pass()
    sids = await asyncio.gather(*(house.enter(visitor) for _ in range(8)))
    assert len(set(sids)) == 1
    assert (await house.passes.used())[pass_id] == (1, house.now_ms)
    await house.rule(PlayKind.WEBHOOK, webhook_url="https://example.com/ask")
    await asyncio.gather(*(house.enter(someone()) for _ in range(8)))
    assert len(house.server.asked) == 1


async def test_a_pass_for_one_viewer_lets_the_next_in_when_the_first_is_silent(
    house: House,
) -> None:
    _, visitor = await house.new_pass(max_viewers=1)
    sid = await house.enter(visitor)
    second = replace(visitor, ip="198.51.100.1")
    assert await house.why(second) == "pass_in_use"
    assert await house.enter(visitor) == sid
    house.now_ms += book.ACTIVE_MS
    house.log.write_text(f"{sid} 1700000000.000 206 1000\n")
    assert await house.stays(sid)
    assert await house.why(second) == "pass_in_use"
    house.now_ms += book.ACTIVE_MS + 1
    assert await house.why(second) == ""


async def test_gates_that_nobody_uses_are_swept(house: House, tmp_path: Path) -> None:
    await house.rule(PlayKind.PUBLIC)
    unused, used = await house.enter(someone()), await house.enter(someone(user_agent="VLC"))
    house.log.write_text(f"{used} 1700000000.000 200 1000\n")
    assert await house.stays(used)
    house.now_ms += book.UNUSED_MS + 1
    assert not await house.stays(unused)
    assert await house.stays(used)
    house.now_ms += book.IDLE_MS
    assert not await house.stays(used)
    assert list((tmp_path / "vod_gates").iterdir()) == []
    assert len(house.play) == 0


async def test_nobody_watches_for_ever_without_being_looked_at_again(house: House) -> None:
    await house.rule(PlayKind.PUBLIC)
    sid = await house.enter(someone())
    for _ in range(25):
        house.now_ms += 3_600_000
        house.log.write_text(f"{sid} 1700000000.000 200 1000\n")
        if not await house.stays(sid):
            break
    assert not house.gates.is_open(ID, sid)


async def test_one_address_cannot_fill_the_disk_with_gates(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "MAX_NEWCOMERS", 2)
    await house.rule(PlayKind.PUBLIC)
    sids = [await house.enter(someone(user_agent=str(n))) for n in range(2)]
    assert await house.why(someone(user_agent="3")) == "rate_limited"
    assert await house.why(someone(ip="198.51.100.1")) == ""
    assert await house.why(someone(user_agent="1")) == ""
    house.log.write_text(f"{sids[0]} 1700000000.000 200 1000\n")
    await house.play.tick()
    assert await house.why(someone(user_agent="3")) == ""


async def test_a_gate_that_somebody_removed_by_hand_is_opened_anew(house: House) -> None:
    await house.rule(PlayKind.PUBLIC)
    sid = await house.enter(someone())
    house.gates.close(ID, sid)
    assert await house.enter(someone()) != sid


async def test_an_emptied_store_lets_nobody_in_and_cuts_nobody(house: House) -> None:
    await house.rule(PlayKind.PUBLIC)
    _, visitor = await house.new_pass()
    sid = await house.enter(visitor)
    await house.redis.flushall()
    assert await house.why(visitor) == "store_emptied"
    assert await house.why(someone()) == "store_emptied"
    assert await house.stays(sid)


async def test_on_a_full_disk_everybody_watches_until_the_recorder_is_restarted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_only(*_: object) -> None:
        raise ResponseError("MISCONF Errors writing to the AOF file")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    pass_id, visitor = await house.new_pass()
    with monkeypatch.context() as patch:
        patch.setattr(house.passes, "count_use", read_only)
        patch.setattr("os.rename", full)
        sid = await house.enter(visitor)
    assert await house.enter(visitor) == sid
    await house.passes.revoke(pass_id)
    assert not await house.stays(sid)
    _, other = await house.new_pass()
    with monkeypatch.context() as patch:
        patch.setattr("os.rename", full)
        sid = await house.enter(other)
    await house.start().load()
    assert not house.gates.is_open(ID, sid)
    assert await house.why(other) == ""
