"""Recordings go into their bucket, live and afterwards."""

import pytest

from streamstead.hooks.library.recording import PLAYLIST_FILE, UploadState

from ...storage_server import SeaweedFS
from .upload_house import House, in_bucket

pytestmark = pytest.mark.integration


async def test_a_recording_is_in_the_bucket_byte_for_byte(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    recording = await house.finished(5, mp4_bytes=300_000)
    done = await house.until_verified(recording.id)
    assert in_bucket(seaweed.client(), bucket, f"tv/{done.id}") == house.expected(done.id)
    assert (done.prefix, done.problem, house.verified) == ("tv", "", [done.id])
    assert done.uploaded_bytes == done.upload_bytes > 500_000
    assert done.verified_ms is not None


async def test_segments_go_up_while_the_stream_is_live(
    house: House, seaweed: SeaweedFS, bucket: str
) -> None:
    live = await house.recording()
    await house.segments(live.id, 2)
    sent = await house.until(live.id, lambda one: one.uploaded_bytes == 80_000, "both are up")
    assert sent.upload is UploadState.UPLOADING
    there = in_bucket(seaweed.client(), bucket, f"tv/{live.id}")
    assert PLAYLIST_FILE in there
    await house.segments(live.id, 1)
    await house.until(live.id, lambda one: one.uploaded_bytes == 120_000, "the third is up")
    await house.finish(live.id)
    await house.until_verified(live.id)
    assert in_bucket(seaweed.client(), bucket, f"tv/{live.id}") == house.expected(live.id)
