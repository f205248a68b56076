"""How long recordings stay, decided from the rules alone."""

from dataclasses import replace
from typing import Any

import pytest

from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State, UploadState
from streamstead.hooks.recorder.retention_rules import (
    DAY_MS,
    AfterUpload,
    Retention,
    StreamDays,
)

NOW = 1_900_000_000_000
OLD = Recording(
    id="old",
    kind=Kind.LIVE,
    state=State.READY,
    app="live",
    stream="cam",
    started_ms=NOW - 10 * DAY_MS - 3_600_000,
    ended_ms=NOW - 10 * DAY_MS,
)
STORED = replace(OLD, upload=UploadState.VERIFIED, target_id="t1", verified_ms=NOW - 9 * DAY_MS)


def fate(recording: Recording, **rules: Any) -> str:
    return Retention(**rules).fate(recording, NOW).value


def test_by_default_everything_stays_for_ever() -> None:
    assert fate(OLD) == fate(STORED) == "keep"
    assert Retention().delete_at_ms(OLD) is None


def test_age_counts_from_the_end() -> None:
    assert fate(OLD, local_days=11) == "keep"
    assert fate(OLD, local_days=10) == "delete"
    assert Retention(local_days=10).fate(OLD, NOW - 1).value == "keep"
    assert Retention(local_days=10).delete_at_ms(OLD) == NOW


def test_a_stream_may_have_days_of_its_own() -> None:
    assert fate(OLD, local_days=1, streams={"live/cam": StreamDays(local_days=30)}) == "keep"
    assert fate(OLD, local_days=1, streams={"live/cam": StreamDays(local_days=0)}) == "keep"
    assert fate(OLD, streams={"live/cam": StreamDays(local_days=2)}) == "delete"
    assert fate(OLD, local_days=1, streams={"live/cam": StreamDays(bucket_days=99)}) == "delete"


@pytest.mark.parametrize(
    "busy",
    [
        {"keep": True},
        {"state": State.RECORDING},
        {"state": State.FINISHING},
        {"state": State.DELETING},
        {"mp4": Mp4State.MAKING},
        {"mp4": Mp4State.WAITING},
    ],
)
def test_what_is_kept_or_worked_on_stays(busy: dict[str, Any]) -> None:
    for recording in (OLD, STORED):
        kept = replace(recording, **busy)
        assert fate(kept, local_days=1, bucket_days=1, after_upload=AfterUpload.DELETE) == "keep"


@pytest.mark.parametrize("upload", ["waiting", "uploading", "paused", "failed"])
def test_what_is_not_verified_in_its_bucket_stays_however_old(upload: str) -> None:
    on_its_way = replace(OLD, target_id="t1", upload=UploadState(upload))
    rules: dict[str, Any] = {"local_days": 1, "bucket_days": 1, "after_upload": AfterUpload.DELETE}
    assert fate(on_its_way, **rules) == "keep"


def test_after_the_upload_the_local_files_go_at_once_or_days_later() -> None:
    assert fate(STORED, after_upload=AfterUpload.DELETE) == "free"
    assert fate(STORED, after_upload=AfterUpload.DAYS, after_upload_days=9) == "free"
    assert fate(STORED, after_upload=AfterUpload.DAYS, after_upload_days=10) == "keep"
    assert fate(OLD, after_upload=AfterUpload.DELETE) == "keep"
    assert fate(replace(STORED, freed=True), after_upload=AfterUpload.DELETE) == "keep"
    assert fate(replace(STORED, local=False), after_upload=AfterUpload.DELETE) == "keep"


def test_what_a_bucket_has_leaves_the_disk_by_age_and_is_not_deleted() -> None:
    assert fate(STORED, local_days=5) == "free_all"
    assert fate(replace(STORED, local=False, freed=True), local_days=5) == "keep"


def test_disk_and_bucket_go_in_step() -> None:
    assert fate(STORED, local_days=5, bucket_days=10) == "delete"
    assert fate(STORED, local_days=5, bucket_days=11) == "free_all"
    assert fate(replace(STORED, local=False), bucket_days=10) == "delete"
    assert fate(STORED, bucket_days=10) == "unstore"
    assert fate(STORED, bucket_days=10, after_upload=AfterUpload.DELETE) == "delete"
    assert fate(STORED, local_days=30, bucket_days=10) == "unstore"


@pytest.mark.parametrize(
    ("recording", "rules", "days"),
    [
        (OLD, {"bucket_days": 5}, None),
        (OLD, {"local_days": 30, "bucket_days": 5}, 30),
        (STORED, {"local_days": 30}, None),
        (STORED, {"local_days": 30, "bucket_days": 60}, 60),
        (STORED, {"local_days": 60, "bucket_days": 30}, 60),
        (STORED, {"bucket_days": 30}, None),
        (STORED, {"bucket_days": 30, "after_upload": AfterUpload.DELETE}, 30),
        (replace(STORED, local=False), {"local_days": 90, "bucket_days": 30}, 30),
        (replace(STORED, keep=True), {"local_days": 1, "bucket_days": 1}, None),
        (replace(OLD, state=State.RECORDING), {"local_days": 1}, None),
    ],
)
def test_it_is_known_beforehand_when_a_recording_will_be_gone(
    recording: Recording, rules: dict[str, Any], days: int | None
) -> None:
    expected = None if days is None else NOW - 10 * DAY_MS + days * DAY_MS
    assert Retention(**rules).delete_at_ms(recording) == expected


def test_horizons_are_those_of_the_shortest_days() -> None:
    rules = Retention(
        local_days=30,
        streams={"a/b": StreamDays(local_days=3), "c/d": StreamDays(0, 5), "e/f": StreamDays(0, 0)},
    )
    assert (rules.local_horizon_days(), rules.bucket_horizon_days()) == (3, 5)
    assert Retention().local_horizon_days() is None


def test_rules_are_read_as_they_were_written() -> None:
    rules = Retention(
        1, 2, 3, 12, 6, AfterUpload.DAYS, 4, 5, {"a/b": StreamDays(1), "c/d": StreamDays(None, 0)}
    )
    assert Retention.from_json(rules.to_json()) == rules
    for broken in ("", "[]", '{"local_days": "1"}', '{"after_upload": "?"}', '{"streams": 1}'):
        with pytest.raises((ValueError, TypeError, AttributeError)):
            Retention.from_json(broken)
