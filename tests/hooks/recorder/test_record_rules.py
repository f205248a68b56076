"""What is recorded, decided from the rules alone."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from streamstead.hooks.record_rules import (
    Mode,
    OnCodecChange,
    RecordRules,
    Schedule,
    StreamRule,
    UploadWhat,
)

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
EVENING = Schedule("s1", "Evening", "live/*", (0,), "18:30", "20:00", "Europe/Berlin")


def ms(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(at.timestamp() * 1000)


def why(rules: RecordRules, url: str = "live/cam", at_ms: int = ms("2030-06-03T12:00")) -> str:
    decision = rules.decide(url, at_ms)
    return f"{'yes' if decision.record else 'no'}: {decision.why}"


def test_nothing_is_recorded_by_default() -> None:
    assert why(RecordRules()) == "no: off"


def test_globs_narrow_recording_of_everything() -> None:
    assert why(RecordRules(record_all=True)) == "yes: all"
    rules = RecordRules(record_all=True, globs=("/live/c*", "shows/*"))
    assert why(rules) == "yes: glob"
    assert why(rules, "shows/one") == "yes: glob"
    assert why(rules, "live/other") == "no: off"
    assert why(replace(rules, record_all=False)) == "no: off"


def test_by_hand_goes_before_the_stream_before_schedules_before_everything() -> None:
    rules = RecordRules(vod_all=True)
    assert why(rules) == "yes: vod"
    rules = replace(rules, dvr_all=True)
    assert why(rules) == "yes: dvr"
    rules = replace(rules, schedules=(replace(EVENING, start="11:00"),))
    assert why(rules) == "yes: schedule"
    rules = replace(rules, streams={"live/cam": StreamRule(Mode.OFF)})
    assert why(rules) == "no: stream"
    rules = replace(rules, manual={"live/cam": "on"})
    assert why(rules) == "yes: manual"
    assert why(replace(rules, manual={"live/cam": "off"})) == "no: manual"


def test_a_full_disk_stops_what_was_wanted_and_says_so() -> None:
    assert why(RecordRules(record_all=True, disk_full=True)) == "no: disk"
    assert why(RecordRules(disk_full=True)) == "no: off"


@pytest.mark.parametrize(
    ("rules", "target"),
    [
        (RecordRules(record_all=True), ""),
        (RecordRules(record_all=True, upload_all=True), "house"),
        (RecordRules(dvr_all=True), "house"),
        (RecordRules(record_all=True, streams={"live/cam": StreamRule(target_id="own")}), "own"),
        (RecordRules(dvr_all=True, streams={"live/cam": StreamRule(target_id="")}), ""),
    ],
)
def test_where_a_recording_is_uploaded(rules: RecordRules, target: str) -> None:
    rules = replace(rules, default_target="house")
    assert rules.decide("live/cam", ms("2030-06-03T12:00")).target_id == target


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2030-06-03T18:29:59", "no: schedule"),
        ("2030-06-03T18:30", "yes: schedule"),
        ("2030-06-03T19:59:59", "yes: schedule"),
        ("2030-06-03T20:00", "no: schedule"),
        ("2030-06-04T19:00", "no: schedule"),
    ],
)
def test_a_schedule_counts_in_its_own_zone(now: str, wanted: str) -> None:
    rules = RecordRules(schedules=(EVENING,))
    assert why(rules, at_ms=ms(now)) == wanted
    assert why(rules, "shows/one", ms(now)) == "no: off"


def test_a_window_past_midnight_belongs_to_the_day_it_begins() -> None:
    night = replace(EVENING, start="23:00", end="02:00")
    assert not night.active(ms("2030-06-03T01:00"))
    assert night.active(ms("2030-06-03T23:00"))
    assert night.active(ms("2030-06-04T01:59:59"))
    assert not night.active(ms("2030-06-04T02:00"))
    assert not night.active(ms("2030-06-04T23:30"))


def test_equal_times_mean_the_whole_day() -> None:
    day = replace(EVENING, start="06:00", end="06:00")
    assert not day.active(ms("2030-06-03T05:59"))
    assert day.active(ms("2030-06-03T06:00"))
    assert day.active(ms("2030-06-04T05:59"))
    assert not day.active(ms("2030-06-04T06:00"))


def test_an_hour_that_comes_twice_is_recorded_without_a_gap() -> None:
    """On 27 October 2030 03:00 is followed by 02:00 in Berlin."""
    night = replace(EVENING, days=EVERY_DAY, start="02:30", end="03:30")
    first, last = ms("2030-10-27T02:30"), ms("2030-10-27T03:30")
    assert last - first == 2 * 3_600_000
    assert all(night.active(at) for at in range(first, last, 60_000))
    assert not night.active(first - 1)
    assert not night.active(last)
    until = replace(EVENING, days=EVERY_DAY, start="01:00", end="02:30")
    assert until.active(ms("2030-10-27T02:29", fold=1))
    assert not until.active(ms("2030-10-27T02:30", fold=1))


def test_an_hour_that_is_left_out_does_not_swallow_a_window() -> None:
    """On 31 March 2030 02:00 is followed by 03:00 in Berlin."""
    night = replace(EVENING, days=EVERY_DAY, start="02:15", end="02:45")
    three = ms("2030-03-31T03:00")
    minutes = [n for n in range(-60, 120) if night.active(three + n * 60_000)]
    assert minutes == list(range(15, 45))


def test_the_next_change_is_when_it_begins_or_ends() -> None:
    monday = ms("2030-06-03T12:00")
    assert EVENING.next_change_ms(monday) == ms("2030-06-03T18:30")
    assert EVENING.next_change_ms(ms("2030-06-03T18:30")) == ms("2030-06-03T20:00")
    assert EVENING.next_change_ms(ms("2030-06-03T20:00")) == ms("2030-06-10T18:30")
    later = replace(EVENING, id="s2", start="19:00")
    assert RecordRules(schedules=(later, EVENING)).next_change_ms(monday) == ms("2030-06-03T18:30")
    assert replace(EVENING, enabled=False).next_change_ms(monday) is None
    assert RecordRules().next_change_ms(monday) is None


def test_a_zone_that_is_unknown_here_wants_nothing() -> None:
    for zone in ("Mars/Olympus", "../../etc/passwd", "", "Europe"):
        lost = replace(EVENING, days=EVERY_DAY, zone=zone)
        assert why(RecordRules(schedules=(lost,)), at_ms=ms("2030-06-03T19:00")) == "no: schedule"
        assert lost.next_change_ms(0) is None


FULL = RecordRules(
    revision=7,
    record_all=True,
    dvr_all=True,
    globs=("/live/*",),
    grace_s=5,
    on_codec_change=OnCodecChange.JOIN,
    max_length_s=3600,
    upload_what=UploadWhat.MP4,
    post_copy_dir="/srv/copies",
    default_target="t1",
    streams={"live/cam": StreamRule(Mode.ON, ""), "live/b": StreamRule(Mode.DEFAULT, "t2")},
    manual={"live/c": "off"},
    schedules=(EVENING,),
    disk_full=True,
)


def test_rules_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    FULL.save(path)
    assert RecordRules.load(path) == FULL


def test_fields_of_another_version_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_bytes(orjson.dumps({"record_all": True, "from_the_future": [1]}))
    assert RecordRules.load(path) == RecordRules(record_all=True)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff\xfe{",
        b"[]",
        b"null",
        b'{"record_all": "yes"}',
        b'{"grace_s": "30"}',
        b'{"streams": {"live/cam": {"mode": "sometimes"}}}',
        b'{"streams": []}',
        b'{"schedules": [{"id": "1"}]}',
        b'{"schedules": [7]}',
        b'{"on_codec_change": "explode"}',
    ],
)
def test_a_broken_file_is_as_good_as_none(tmp_path: Path, stored: bytes) -> None:
    path = tmp_path / "recording.json"
    assert RecordRules.load(path) == RecordRules()
    path.write_bytes(stored)
    assert RecordRules.load(path) == RecordRules()


@pytest.mark.parametrize("start", ["24:00", "12:60", "1200", "noon", "-1:00", "\u0660\u0661:00"])
def test_a_schedule_without_a_time_of_day_is_a_broken_file(tmp_path: Path, start: str) -> None:
    path = tmp_path / "recording.json"
    stored: dict[str, Any] = orjson.loads(orjson.dumps(EVENING)) | {"start": start}
    path.write_bytes(orjson.dumps({"schedules": [stored]}))
    assert RecordRules.load(path) == RecordRules()
