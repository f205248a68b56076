"""When backups are made by themselves."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streamstead.core.errors import Invalid
from streamstead.mgmt.backup.faults import PassphraseNeeded
from streamstead.mgmt.backup.info import Info
from streamstead.mgmt.backup.schedule import RETRY_MS, Schedule, ScheduleState
from streamstead.mgmt.backup.shelf import Shelf
from streamstead.mgmt.state_file import StateFile

FRIDAY_NOON = 1_795_176_000_000
"""2026-11-20 12:00 UTC."""

HOUR = 3_600_000


def _schedule(folder: Path, now: list[int]) -> Schedule:
    kept = StateFile(folder, "backup", ScheduleState)
    return Schedule(kept, cast(Any, SimpleNamespace()), cast(Any, None), lambda: now[0])


def test_it_is_due_once_at_its_time_and_made_up_for_within_a_day(tmp_path: Path) -> None:
    now = [FRIDAY_NOON]
    schedule = _schedule(tmp_path, now)
    schedule.update({"enabled": True, "at": "04:00", "passphrase": "long enough"})
    assert not schedule.state.due(FRIDAY_NOON)
    assert schedule.state.shown(FRIDAY_NOON)["next_ms"] == FRIDAY_NOON + 16 * HOUR
    late = FRIDAY_NOON + 20 * HOUR
    assert schedule.state.due(late)
    schedule.state.last_at_ms = late
    assert not schedule.state.due(late + HOUR)
    assert schedule.state.due(late + 24 * HOUR)


def test_one_that_failed_is_tried_again_ever_more_seldom(tmp_path: Path) -> None:
    now = [FRIDAY_NOON]
    schedule = _schedule(tmp_path, now)
    schedule.update({"enabled": True, "at": "04:00", "passphrase": "long enough"})
    at_ms = FRIDAY_NOON + 16 * HOUR
    state = schedule.state
    tries = []
    while at_ms < FRIDAY_NOON + 40 * HOUR:
        if state.due(at_ms):
            tries.append(at_ms)
            state.last_at_ms, state.last_ok = at_ms, False
            state.failures += 1
            assert FRIDAY_NOON < state.shown(at_ms)["next_ms"] - RETRY_MS <= at_ms + 24 * HOUR
        at_ms += 60_000
    pauses = [(after - before) // RETRY_MS for before, after in pairwise(tries)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64]
    # The next one is due at its own time all the same, and one that is made ends the trying.
    assert state.due(FRIDAY_NOON + 40 * HOUR)
    state.last_at_ms, state.last_ok, state.failures = FRIDAY_NOON + 40 * HOUR, True, 0
    assert not state.due(FRIDAY_NOON + 63 * HOUR)
    assert _schedule(tmp_path, now).state.failures == 0


def test_it_keeps_to_its_days_and_its_zone(tmp_path: Path) -> None:
    schedule = _schedule(tmp_path, [FRIDAY_NOON])
    schedule.update(
        {"enabled": True, "zone": "Asia/Shanghai", "days": [6], "passphrase": "long enough"}
    )
    assert schedule.state.shown(FRIDAY_NOON)["next_ms"] == FRIDAY_NOON + (24 + 8) * HOUR
    assert not schedule.state.due(FRIDAY_NOON + 20 * HOUR)


def test_a_passphrase_is_needed_kept_from_others_and_never_shown(tmp_path: Path) -> None:
    schedule = _schedule(tmp_path, [FRIDAY_NOON])
    with pytest.raises(PassphraseNeeded):
        schedule.update({"enabled": True})
    with pytest.raises(Invalid):
        schedule.update({"zone": "Nowhere/City"})
    schedule.update({"enabled": True, "passphrase": "correct horse"})
    assert (tmp_path / "backup.json").stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in str(schedule.state.shown(FRIDAY_NOON))
    assert _schedule(tmp_path, [0]).state.passphrase == "correct horse"


async def test_only_those_of_the_schedule_are_removed_when_there_are_too_many(
    tmp_path: Path,
) -> None:
    data = SimpleNamespace(backups=tmp_path)
    shelf = Shelf(cast(Any, SimpleNamespace(data=data)))
    for number in range(5):
        by = "operator" if number == 0 else "schedule"
        info = Info(
            id=f"b{number}",
            at_ms=number,
            bytes=1,
            version="0.1.0",
            encrypted=True,
            recordings=False,
            by=by,
        )
        (tmp_path / f"b{number}.ssbackup").write_text("x")
        (tmp_path / f"b{number}.json").write_text(info.model_dump_json())
    assert await shelf.prune("file", 2) == ["b1", "b2"]
    assert [one.id for one in await shelf.here()] == ["b4", "b3", "b0"]
