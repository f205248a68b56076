"""Print how fast recordings go into a bucket, beside plain boto3 doing the same.

``python -m tests.bench.storage``. Needs Redis and SeaweedFS (``weed``); takes about two minutes.
"""

import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from streamstead.core.paths import DataDir
from streamstead.core.store import open_redis
from streamstead.hooks.library.recording import UploadState

from ..conftest import RedisServer, scratch_data_dir, scratch_settings
from ..hooks.storage.upload_house import House
from ..storage_server import SeaweedFS

PARALLEL = 4
ROUNDS = 3
SEGMENTS = 200
SEGMENT_BYTES = 1_000_000
SMALL_SEGMENTS = 500
SMALL_BYTES = 20_000
MP4_BYTES = 256_000_000


def main() -> None:
    with scratch_data_dir() as root, tempfile.TemporaryDirectory() as folder:
        settings = scratch_settings(root)
        server = RedisServer(settings)
        seaweed = SeaweedFS(Path(folder) / "weed")
        seaweed.start()
        try:
            asyncio.run(measure(settings, seaweed, Path(folder)))
        finally:
            seaweed.kill()
            server.client.close()
            server.kill()


async def measure(settings: Any, seaweed: SeaweedFS, folder: Path) -> None:
    cases = {
        f"{SEGMENTS} segments of 1 MB": (SEGMENTS, SEGMENT_BYTES, 0),
        f"{SMALL_SEGMENTS} segments of 20 kB": (SMALL_SEGMENTS, SMALL_BYTES, 0),
        "one MP4 of 256 MB": (0, 0, MP4_BYTES),
    }
    async with open_redis(settings) as redis:
        house = House(DataDir(folder / "house"), redis, read_s=30.0)
        bucket = seaweed.make_bucket()
        await house.add_target(seaweed.target(bucket))
        await house.start()
        try:
            await one_case(house, seaweed, bucket, (2, 1000, 0))  # everybody is awake now
            print(f"{PARALLEL} at once                   ours        raw boto3")
            for name, case in cases.items():
                ours, raw = [], []
                for _ in range(ROUNDS):
                    mine, theirs = await one_case(house, seaweed, bucket, case)
                    ours.append(mine)
                    raw.append(theirs)
                print(
                    f"{name:28} {statistics.median(ours):6.1f} MB/s {statistics.median(raw):8.1f}"
                    f" MB/s   {100 * statistics.median(ours) / statistics.median(raw):.0f} %"
                )
            used = psutil.Process().memory_info().rss / 1e6
            print(f"memory of this process afterwards {used:.0f} MB")
        finally:
            await house.stop()


async def one_case(
    house: House, seaweed: SeaweedFS, bucket: str, case: tuple[int, int, int]
) -> tuple[float, float]:
    """Return (ours, raw) in MB/s, with everything verified on our side."""
    count, size, mp4_bytes = case
    recording = await house.recording(upload=UploadState.NONE)
    if count:
        await house.segments(recording.id, count, size)
    await house.finish(recording.id, mp4_bytes)
    directory = house.data.record / recording.id
    total = count * size + mp4_bytes
    begun = time.perf_counter()
    await house.catalogue.change(recording.id, upload=UploadState.WAITING)
    await house.until(
        recording.id, lambda one: one.upload is UploadState.VERIFIED, "verified", 300.0
    )
    ours_s = time.perf_counter() - begun
    raw_s = await asyncio.to_thread(raw, seaweed, bucket, directory)
    for path in (*directory.glob("*.ts"), *directory.glob("*.mp4")):
        path.unlink()
    return total / ours_s / 1e6, total / raw_s / 1e6


def raw(seaweed: SeaweedFS, bucket: str, directory: Path) -> float:
    """Return the seconds that boto3 alone takes for the same files, nothing verified."""
    from boto3.s3.transfer import TransferConfig

    client = seaweed.client()
    config = TransferConfig(
        multipart_threshold=16 << 20, multipart_chunksize=8 << 20, max_concurrency=PARALLEL
    )
    small, large = sorted(directory.glob("*.ts")), sorted(directory.glob("*.mp4"))
    begun = time.perf_counter()
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda path: client.upload_file(str(path), bucket, f"raw/{path}"), small))
    for path in large:
        client.upload_file(str(path), bucket, f"raw/{path}", Config=config)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
