"""Put together what looks after the disk and after how long recordings stay."""

import asyncio
from collections.abc import Callable

from ...core.paths import DataDir
from ..library.buckets import Buckets
from ..library.catalogue import Catalogue
from ..library.recording import Recording
from ..storage.object_store import ObjectStore
from .disk import DiskMeter
from .guard import Guard
from .retention import BucketSizes, Remover, RetentionWorker
from .retention_store import RetentionStore


def bucket_sizes(buckets: Buckets) -> BucketSizes:
    """Return the question what a bucket has of a recording."""

    async def ask(recording: Recording) -> dict[str, int] | None:
        bucket = await buckets.of(recording)
        if bucket is None:
            return None
        prefix = "/".join(part for part in (recording.prefix, recording.id) if part)
        return await asyncio.to_thread(_sizes, bucket.store, f"{prefix}/")

    return ask


def _sizes(store: ObjectStore, prefix: str) -> dict[str, int]:
    found: dict[str, int] = {}
    after: str | None = ""
    while after is not None:
        some, after = store.list_objects(prefix, after)
        found.update((one.key.removeprefix(prefix), one.size) for one in some)
    return found


def open_retention(
    data: DataDir,
    catalogue: Catalogue,
    store: RetentionStore,
    guard: Guard,
    remover: Remover,
    buckets: Buckets,
    clock: Callable[[], int],
) -> tuple[RetentionWorker, DiskMeter]:
    """Return the worker and the meter, neither of which runs yet."""
    worker = RetentionWorker(
        data.record, catalogue, store, remover, bucket_sizes(buckets), guard.free, clock
    )
    guard.subscribe(worker.wake)
    meter = DiskMeter(
        guard,
        catalogue,
        data.spool,
        data.library / "disk.json",
        lambda: store.current.stop_percent,
        clock,
    )
    return worker, meter
