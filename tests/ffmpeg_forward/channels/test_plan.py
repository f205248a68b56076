"""When channels run, and what their relays are told."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.paths import DataDir
from streamstead.core.sealed import CHANNEL, Sealer
from streamstead.core.weekly import Weekly
from streamstead.ffmpeg_forward.channels.channel import (
    Channel,
    ChannelItemType,
    ChannelKind,
    ChannelState,
    ChannelToKind,
    ChannelTranscode,
    Destination,
    Item,
)
from streamstead.ffmpeg_forward.channels.files import OwnFiles
from streamstead.ffmpeg_forward.channels.plan import Plan, Planner
from streamstead.ffmpeg_forward.channels.standing import standing_of

OFF, SCHEDULED = ChannelState.OFF, ChannelState.SCHEDULED
STARTING, ENDED = ChannelState.STARTING, ChannelState.ENDED
MONDAY = Weekly((0,), "10:00", "12:00", "UTC")
URL = "rtsp://admin:s3cret@10.0.0.2/ch1"


def at(clock: str, day: int = 2) -> int:
    """Return a moment of the first week of June 2025, ms; the second of it is a Monday."""
    hour, minute = clock.split(":")
    return round(datetime(2025, 6, day, int(hour), int(minute), tzinfo=UTC).timestamp() * 1000)


def channel(**changes: Any) -> Channel:
    made = Channel("c", ChannelKind.VLIVE, "", "vlive-c", Destination(stream="tv"), enabled=True)
    return replace(made, **changes)


def test_a_channel_runs_when_it_is_switched_on_until_it_has_ended() -> None:
    now = at("11:00")
    assert channel(enabled=False).phase(now) is OFF
    assert channel().phase(now) is STARTING
    assert channel(ended_ms=now - 1).phase(now) is ENDED


def test_a_schedule_begins_a_run_of_its_own_each_time() -> None:
    one = channel(schedule=MONDAY)
    assert one.phase(at("09:59")) is SCHEDULED
    assert one.next_change_ms(at("09:59")) == at("10:00")
    assert one.phase(at("10:00")) is STARTING
    assert one.began_ms(at("10:00")) == 0
    ran = replace(one, run_ms=at("10:00"))
    assert ran.began_ms(at("11:00")) == at("10:00")
    over = replace(ran, ended_ms=at("11:00"))
    assert over.phase(at("11:30")) is ENDED
    assert over.phase(at("12:00")) is SCHEDULED
    # A week later what ended then is of no importance.
    assert over.phase(at("10:00", day=9)) is STARTING
    assert over.began_ms(at("10:00", day=9)) == 0


def test_a_longest_time_ends_it_to_the_moment() -> None:
    one = channel(max_duration_s=600)
    assert one.next_change_ms(at("11:00")) is None
    ran = replace(one, run_ms=at("10:55"))
    assert ran.next_change_ms(at("11:00")) == at("11:05")


class Vault:
    """Addresses of the tests."""

    def __init__(self) -> None:
        self.sealer = Sealer(b"k" * 32, CHANNEL)

    def url_of(self, item: Item) -> str:
        return self.sealer.open(item.sealed)


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    data.vlive.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (data.vlive / name).write_bytes(b"film")
    return data


def plan(data: DataDir, one: Channel) -> Plan:
    planner = Planner(Vault(), OwnFiles(data), None, 1935, "key")  # type: ignore[arg-type]
    return planner.plan(one)


def film(name: str, width: int = 0, height: int = 0) -> Item:
    facts = {"video": {"width": width, "height": height}} if width else {}
    return Item(name, ChannelItemType.UPLOAD, name, f"vlive/{name}.mp4", facts=facts)


def test_what_is_gone_or_forbidden_by_now_is_left_out(data: DataDir) -> None:
    sealed = Vault().sealer.seal(URL)
    private = Item("u", ChannelItemType.STREAM, "u", "rtsp://***", sealed)
    broken = replace(private, id="v", sealed="1.AAAA")
    one = channel(items=(film("gone"), film("a"), private, broken, film("b")))
    found = plan(data, one)
    assert found.config is not None
    assert [item.id for item in found.config.sources[0].items] == ["a", "b"]
    assert {id_: trouble.key for id_, trouble in (found.troubles or {}).items()} == {
        "gone": "file_unknown",
        "u": "channel_private_address",
        "v": "seal_broken",
    }
    allowed = plan(data, replace(one, allow_private=True))
    assert allowed.config is not None
    assert allowed.config.sources[0].items[1].target == URL
    assert "s3cret" not in repr(allowed)
    none = plan(data, channel(items=(film("gone"),)))
    assert (none.config, none.trouble and none.trouble.key) == (None, "file_unknown")
    assert (plan(data, channel()).trouble or film).key == "channel_empty"  # type: ignore[union-attr]
    nowhere = plan(data, channel(items=(film("a"),), to=Destination(ChannelToKind.STREAM)))
    assert nowhere.trouble is not None
    assert nowhere.trouble.key == "channel_nowhere"


def test_films_become_alike_when_all_are_encoded(data: DataDir) -> None:
    items = (film("a", 3841, 2160), film("b", 640, 480))
    found = plan(data, channel(items=items, transcode=ChannelTranscode.ALWAYS))
    assert found.config is not None
    forms = {(it.must_transcode, it.width, it.height) for it in found.config.sources[0].items}
    assert forms == {(True, 1920, 1080)}
    found = plan(data, channel(items=items))
    assert found.config is not None
    assert {it.width for it in found.config.sources[0].items} == {0}


def status(source: dict[str, Any], *ways: dict[str, Any], media: bool = True) -> dict[str, Any]:
    return {
        "media": {"width": 320} if media else None,
        "sources": {"media": source},
        "destinations": dict(enumerate(ways)),
    }


PLAYS = {"alive": True, "problem": None, "now": {"id": "b", "since_ms": 400}}
TROUBLE = {"key": "k", "message": "m", "help": "h"}


def way(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "problem": None, "bitrate_kbps": 0, "live_since_ms": None, **more}


def test_the_state_is_that_of_source_and_destinations_together() -> None:
    one = channel(items=(film("a"), film("b")))

    def state(told: dict[str, Any] | None) -> tuple[str, str]:
        found = standing_of(one, told, 1_000)
        return found.state.value, found.trouble.key if found.trouble else ""

    live = way("live", bitrate_kbps=900, live_since_ms=300)
    assert state(None) == ("starting", "")
    assert state(status(PLAYS, live)) == ("live", "")
    # Several ways: it is live while one of them is, and tells of the others.
    assert state(status(PLAYS, way("retrying", problem=TROUBLE), live)) == ("live", "k")
    assert state(status(PLAYS, way("connecting"))) == ("starting", "")
    assert state(status(PLAYS, way("retrying", problem=TROUBLE))) == ("retrying", "k")
    assert state(status(PLAYS, way("failed", problem=TROUBLE))) == ("failed", "k")
    gone = {"alive": False, "problem": TROUBLE, "now": {"next_try_ms": 5}}
    assert state(status(gone, live)) == ("retrying", "k")
    assert state(status(gone, way("waiting"), media=False)) == ("retrying", "k")
    found = standing_of(one, status(PLAYS, live), 1_000)
    assert found.now is not None
    assert (found.now.index, found.now.name, found.now.position_ms) == (1, "b", 600)
    assert (found.kbps, found.live_since_ms) == (900, 300)
