"""Whatever a bucket does: it is told in words, nothing is lost, and it goes on by itself."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.library.recording import PLAYLIST_FILE, UploadState
from streamstead.hooks.storage.upload_settings import UploadSettings, UploadSettingsStore

from ...conftest import wait_until
from ...fault_proxy import (
    NO_BUCKET,
    REFUSED,
    SILENT,
    STORM,
    WRONG_CLOCK,
    Fault,
    FaultProxy,
    cut_answer,
    slow,
)
from ...storage_server import SeaweedFS
from .upload_house import House, in_bucket, puts

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
MP4_BYTES = 26_000_000
"""Four parts."""


def is_part(number: int, method: str, path: str) -> bool:
    return method == "PUT" and f"partNumber={number}" in path


async def all_is_there(house: House, seaweed: SeaweedFS, bucket: str, id_: str) -> None:
    """Assert that the bucket has every byte and nobody needs to be told anything."""
    done = await house.until_verified(id_)
    there = await asyncio.to_thread(in_bucket, seaweed.client(), bucket, f"tv/{id_}")
    assert there == house.expected(id_)
    assert (done.problem, done.uploaded_bytes) == ("", done.upload_bytes)


@pytest.mark.parametrize(
    ("fault", "key", "words"),
    [
        (REFUSED, "storage_forbidden", "may not"),
        (STORM, "storage_busy", "overloaded"),
        (WRONG_CLOCK, "storage_clock", "clock"),
        (None, "storage_refused", "nothing answers"),
        (SILENT, "storage_timeout", "in time"),
        (cut_answer(10), "", ""),
    ],
    ids=["403", "503 storm", "wrong clock", "away", "silent", "cut answers"],
)
async def test_what_a_bucket_does_is_told_and_goes_by(
    house: House,
    seaweed: SeaweedFS,
    bucket: str,
    proxy: FaultProxy,
    fault: Fault | None,
    key: str,
    words: str,
) -> None:
    if fault is SILENT:
        await house.start_again(read_s=1.0)
    live = await house.recording()
    await house.segments(live.id, 2)
    await house.until(live.id, lambda one: one.uploaded_bytes == 80_000, "the first two are up")
    if fault is None:
        proxy.away()
    else:
        proxy.fail(fault)
    await house.segments(live.id, 3)
    if key:
        told = await house.until(live.id, lambda one: one.problem == key, key)
        assert words in told.problem_text
        assert told.upload is UploadState.UPLOADING
        assert (told.uploaded_bytes, told.problem_help != "") == (80_000, True)
        view = house.uploads.view(told)
        assert view.problem is not None
        assert (view.problem[0], view.speed_bps) == (key, 0)
        await house.until_told("storage.failing")
    await house.finish(live.id)
    proxy.heal()
    await house.uploads.retry(live.id)
    await all_is_there(house, seaweed, bucket, live.id)
    if key:
        await house.until_told("storage.recovered")
        told = await house.events_of("storage.failing", "storage.recovered")
        assert [(one["type"], one.get("key")) for one in told] == [
            ("storage.failing", key),
            ("storage.recovered", None),
        ]
        assert (await house.targets.get("t1")).health_ok is True


async def test_a_cut_in_a_part_costs_this_part_alone(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    proxy.fail(Fault("cut", cut_after=3_000_000, concerns=lambda *what: is_part(2, *what)), times=2)
    recording = await house.finished(1, mp4_bytes=MP4_BYTES)
    await all_is_there(house, seaweed, bucket, recording.id)
    sent = puts(proxy.seen)
    assert sent == {**dict.fromkeys(sent, 1), "index.mp4#2": 3}
    assert [sent[f"index.mp4#{n}"] for n in (1, 2, 3, 4)] == [1, 3, 1, 1]
    assert proxy.done["cut"] == 2


async def test_a_line_that_is_too_slow_for_the_time_limit_gets_more_time(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    await house.start_again(read_s=1.0)
    live = await house.recording()
    proxy.fail(slow(10_000))
    await house.segments(live.id, 1, size=12_000)
    told = await house.until(live.id, lambda one: one.problem == "storage_timeout", "too slow")
    assert "in time" in told.problem_text
    up = await house.until(live.id, lambda one: one.uploaded_bytes == 12_000, "it is up, slowly")
    assert up.problem == ""
    proxy.heal()
    await house.finish(live.id)
    await all_is_there(house, seaweed, bucket, live.id)


async def test_a_bucket_that_was_deleted_is_filled_again(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    over = await house.finished(2)
    await house.until_verified(over.id)
    live = await house.recording()
    await house.segments(live.id, 3)
    await house.until(live.id, lambda one: one.uploaded_bytes == 120_000, "three are up")
    # This server would make the bucket again by itself, as no other does.
    proxy.fail(NO_BUCKET)
    await asyncio.to_thread(delete_bucket, seaweed.client(), bucket)
    await house.segments(live.id, 1)
    told = await house.until(live.id, lambda one: one.problem == "storage_no_bucket", "no bucket")
    assert "no bucket" in told.problem_text
    seaweed.client().create_bucket(Bucket=bucket)
    proxy.heal()
    await house.until(live.id, lambda one: one.uploaded_bytes == 160_000, "it goes on")
    await house.finish(live.id)
    await all_is_there(house, seaweed, bucket, live.id)
    await all_is_there(house, seaweed, bucket, over.id)


def delete_bucket(client: Any, bucket: str) -> None:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            client.delete_object(Bucket=bucket, Key=one["Key"])
    client.delete_bucket(Bucket=bucket)


def start_process(house: House, settings: Settings) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.hooks.storage.upload_process"),
            *(str(house.data.root), str(settings.data.redis_socket)),
            settings.redis_password.get_secret_value(),
        ],
        cwd=ROOT,
    )


async def test_a_killed_process_goes_on_from_the_parts_that_are_there(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy, settings: Settings
) -> None:
    recording = await house.finished(2, mp4_bytes=MP4_BYTES, upload=UploadState.NONE)
    await house.catalogue.change(recording.id, upload=UploadState.WAITING)
    await house.stop()
    await UploadSettingsStore(house.redis).set(UploadSettings(parallel=1))
    proxy.fail(Fault("slow", bytes_s=1_000_000, concerns=lambda *what: is_part(3, *what)))
    child = start_process(house, settings)
    try:
        await asyncio.to_thread(
            wait_until, lambda: proxy.done["slow"] == 1, "the third part is on its way", 60
        )
    finally:
        child.kill()
        child.wait()
    before = puts(proxy.seen)
    assert before["index.mp4#2"] == 1
    proxy.heal()
    proxy.seen.clear()
    await house.start()
    await all_is_there(house, seaweed, bucket, recording.id)
    assert puts(proxy.seen) == {"index.mp4#3": 1, "index.mp4#4": 1}


async def test_only_what_is_missing_goes_up_when_the_books_are_lost(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    live = await house.recording()
    await house.segments(live.id, 4)
    await house.until(live.id, lambda one: one.uploaded_bytes == 160_000, "four are up")
    await house.stop()
    for path in house.data.library.glob("uploads.sqlite*"):
        path.unlink()
    house.db.write_bytes(b"no database" * 1000)
    missing = f"tv/{live.id}/{house.segment_name(1)}"
    seaweed.client().delete_object(Bucket=bucket, Key=missing)
    proxy.seen.clear()
    await house.start()
    await house.segments(live.id, 1)
    await house.finish(live.id)
    await all_is_there(house, seaweed, bucket, live.id)
    assert {name for name in puts(proxy.seen) if name.endswith(".ts")} == {
        house.segment_name(1),
        house.segment_name(4),
    }


async def test_a_bucket_that_is_away_holds_up_no_other(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    await house.add_target(seaweed.target(seaweed.make_bucket(), id="t2"))
    proxy.away()
    stuck = await house.finished(2)
    await house.until(stuck.id, lambda one: one.problem == "storage_refused", "it is away")
    fine = await house.finished(2, target_id="t2")
    await house.until_verified(fine.id)
    assert (await house.catalogue.get(stuck.id)).upload is UploadState.UPLOADING
    proxy.heal()
    await all_is_there(house, seaweed, bucket, stuck.id)


async def test_a_file_that_is_lost_is_told_of_and_holds_up_no_other(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    broken = await house.finished(3, upload=UploadState.NONE)
    path = house.data.record / broken.id / house.segment_name(1)
    raw = path.read_bytes()
    path.unlink()
    await house.catalogue.change(broken.id, upload=UploadState.WAITING)
    fine = await house.finished(2)
    await all_is_there(house, seaweed, bucket, fine.id)
    failed = await house.until(broken.id, lambda one: one.upload is UploadState.FAILED, "failed")
    assert failed.problem == "upload_file_missing"
    assert path.name in failed.problem_text
    path.write_bytes(raw)
    await house.uploads.retry(broken.id)
    await all_is_there(house, seaweed, bucket, broken.id)
    assert PLAYLIST_FILE in house.expected(broken.id)
