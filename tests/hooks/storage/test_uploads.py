"""Recordings go into their bucket, live and afterwards."""

import asyncio
from dataclasses import replace

import pytest

from streamstead.core.errors import Conflict
from streamstead.hooks.library.recording import MP4_FILE, PLAYLIST_FILE, State, UploadState
from streamstead.hooks.storage.upload_settings import UploadSettings

from ...fault_proxy import Fault, FaultProxy
from ...storage_server import SeaweedFS
from .upload_house import LIMIT_S, House, in_bucket, puts

pytestmark = pytest.mark.integration


async def test_a_recording_is_in_the_bucket_byte_for_byte(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    recording = await house.finished(5, mp4_bytes=300_000)
    done = await house.until_verified(recording.id)
    assert in_bucket(seaweed.client(), bucket, f"tv/{done.id}") == house.expected(done.id)
    assert (done.prefix, done.problem) == ("tv", "")
    await house.until(done.id, lambda _: house.verified == [done.id], "others are told")
    assert (await house.targets.get("t1")).health_key == ""
    assert done.uploaded_bytes == done.upload_bytes > 500_000
    assert done.verified_ms is not None


async def test_segments_go_up_while_the_stream_is_live(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    live = await house.recording()
    await house.segments(live.id, 2)
    sent = await house.until(live.id, lambda one: one.uploaded_bytes == 80_000, "both are up")
    assert sent.upload is UploadState.UPLOADING
    there: dict[str, str] = {}
    async with asyncio.timeout(LIMIT_S):
        while PLAYLIST_FILE not in there:  # it follows its segments
            await asyncio.sleep(0.02)
            there = in_bucket(seaweed.client(), bucket, f"tv/{live.id}")
    await house.segments(live.id, 1)
    await house.until(live.id, lambda one: one.uploaded_bytes == 120_000, "the third is up")
    await house.finish(live.id)
    await house.until_verified(live.id)
    assert in_bucket(seaweed.client(), bucket, f"tv/{live.id}") == house.expected(live.id)


async def test_a_playlist_goes_up_when_its_segments_are_there_and_the_mp4_last(
    house: House, proxy: FaultProxy
) -> None:
    over = await house.finished(4, mp4_bytes=50_000)
    await house.until_verified(over.id)
    sent = [path.rsplit("/", 1)[-1] for method, path in proxy.seen if method == "PUT"]
    kinds = [name.rsplit(".", 1)[-1] for name in sent]
    assert sorted(kinds[:4]) == ["ts"] * 4
    assert kinds[4] == "m3u8"
    assert sorted(kinds[5:-1]) == ["jpg", "json"]
    assert kinds[-1] == "mp4"


async def test_live_recordings_go_before_older_ones_that_are_over(
    house: House, proxy: FaultProxy
) -> None:
    await house.uploads.configure(UploadSettings(parallel=1))
    proxy.away()
    over = await house.finished(30, started_ms=1_000)
    await house.until(over.id, lambda one: one.problem, "it is away")
    live = await house.recording()
    await house.segments(live.id, 5)
    proxy.heal()
    await house.until(live.id, lambda one: one.uploaded_bytes == 200_000, "the live one is up")
    assert (await house.catalogue.get(over.id)).uploaded_bytes < 30 * 40_000
    await house.until_verified(over.id)


async def test_a_paused_upload_rests_until_it_is_resumed(house: House, proxy: FaultProxy) -> None:
    proxy.away()
    over = await house.finished(3)
    await house.until(over.id, lambda one: one.problem, "it is away")
    await house.uploads.pause(over.id)
    proxy.heal()
    other = await house.finished(2)
    await house.until_verified(other.id)
    assert (await house.catalogue.get(over.id)).upload is UploadState.PAUSED
    assert not any(over.id in path for _, path in proxy.seen)
    assert [one.id for one in await house.uploads.unfinished()] == [over.id]
    await house.uploads.resume(over.id)
    await house.until_verified(over.id)
    with pytest.raises(Conflict):
        await house.uploads.pause(over.id)


async def test_the_bandwidth_limit_holds_and_a_new_one_counts_at_once(house: House) -> None:
    await house.uploads.configure(UploadSettings(limit_kbps=400))
    began = asyncio.get_running_loop().time()
    over = await house.finished(0, mp4_bytes=4_000_000)
    await house.until(
        over.id, lambda one: house.uploads.view(one).done_bytes > 100_000, "100 kB are on the way"
    )
    # 50 kB a second, and at first as much as fits into a quarter of a second.
    assert asyncio.get_running_loop().time() - began > 1.0
    view = house.uploads.view(await house.catalogue.get(over.id))
    assert 0 < view.speed_bps < 200_000
    assert view.left_s is not None
    assert view.left_s > 15
    await house.uploads.configure(UploadSettings(limit_kbps=0))
    await house.until_verified(over.id)


async def test_what_a_bucket_has_of_a_recording_can_be_deleted(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    over, other = await house.finished(3), await house.finished(1)
    done = await house.until_verified(over.id)
    await house.until_verified(other.id)
    await house.uploads.purge(done)
    client = seaweed.client()
    assert in_bucket(client, bucket, f"tv/{over.id}") == {}
    assert in_bucket(client, bucket, f"tv/{other.id}") == house.expected(other.id)


async def test_an_upload_in_parts_that_is_deleted_leaves_no_parts(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    proxy.fail(Fault("slow", bytes_s=500_000, concerns=lambda _, path: "partNumber" in path))
    over = await house.finished(0, mp4_bytes=20_000_000)
    await house.until(over.id, lambda _: proxy.done["slow"], "a part is on its way")
    going = await house.catalogue.change(over.id, state=State.DELETING)
    proxy.heal()
    await house.uploads.purge(going)
    client = seaweed.client()
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    assert in_bucket(client, bucket, f"tv/{over.id}") == {}


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("segments", {"ts", "m3u8", "jpg", "json"}),
        ("mp4", {"mp4", "jpg", "json"}),
    ],
)
async def test_only_what_is_asked_for_goes_up(
    house: House, seaweed: SeaweedFS, bucket: str, what: str, kinds: set[str]
) -> None:
    over = await house.finished(2, mp4_bytes=30_000, upload_what=what)
    await house.until_verified(over.id)
    there = in_bucket(seaweed.client(), bucket, f"tv/{over.id}")
    assert {name.rsplit(".", 1)[-1] for name in there} == kinds


async def test_a_recording_without_an_mp4_goes_up_as_segments_whatever_was_asked(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    over = await house.finished(2, upload_what="mp4")
    await house.until_verified(over.id)
    assert in_bucket(seaweed.client(), bucket, f"tv/{over.id}") == house.expected(over.id)


async def test_an_mp4_that_was_made_again_goes_up_again_and_nothing_else(
    house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> None:
    over = await house.finished(2, mp4_bytes=30_000)
    await house.until_verified(over.id)
    proxy.seen.clear()
    (house.data.record / over.id / MP4_FILE).write_bytes(b"another" * 5_000)
    await house.catalogue.change(over.id, upload=UploadState.WAITING, mp4_bytes=35_000)
    await house.until_verified(over.id)
    assert puts(proxy.seen) == {MP4_FILE: 1}
    assert in_bucket(seaweed.client(), bucket, f"tv/{over.id}") == house.expected(over.id)


async def test_a_target_that_is_switched_off_is_waited_for(house: House) -> None:
    await house.targets.change("t1", lambda one: replace(one, enabled=False))
    house.uploads.target_changed("t1")
    over = await house.finished(1)
    told = await house.until(over.id, lambda one: one.problem, "it is told")
    assert told.problem == "storage_switched_off"
    await house.targets.change("t1", lambda one: replace(one, enabled=True))
    house.uploads.target_changed("t1")
    assert (await house.until_verified(over.id)).problem == ""


async def test_a_target_that_was_removed_is_told_of(house: House) -> None:
    over = await house.finished(1, target_id="gone")
    failed = await house.until(over.id, lambda one: one.upload is UploadState.FAILED, "given up")
    assert failed.problem == "storage_unknown"
