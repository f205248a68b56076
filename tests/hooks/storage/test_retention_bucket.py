"""Media leave this disk only while a real bucket has them."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamstead.hooks.library.buckets import Buckets
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State, UploadState
from streamstead.hooks.recorder.retention import RetentionWorker
from streamstead.hooks.recorder.retention_rules import AfterUpload, Retention
from streamstead.hooks.recorder.retention_setup import bucket_sizes
from streamstead.hooks.recorder.retention_store import RetentionStore
from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTargetStore

from ...fault_proxy import NO_BUCKET, REFUSED, FaultProxy
from ...storage_server import SECRET_KEY

NOW = 1_900_000_000_000
MEDIA = ("000000-100-0-2000-ab.ts", "000001-101-1-2000-ab.ts", "index.mp4")


class NoRemover:
    """Nothing is deleted in these tests."""

    async def purge(self, recording: Recording) -> None:
        raise AssertionError(recording.id)

    async def remove(self, id_: str, bucket_too: bool = True) -> None:
        raise AssertionError(id_, bucket_too)


class Stored:
    """One recording, on disk and in the bucket."""

    def __init__(self, root: Path, catalogue: Catalogue, store: ObjectStore) -> None:
        self.id = str(uuid.uuid4())
        self.folder = root / self.id
        self.catalogue = catalogue
        self.store = store

    async def make(self) -> None:
        self.folder.mkdir()
        for n, name in enumerate(MEDIA):
            (self.folder / name).write_bytes(b"x" * (100 + n))
            self.put(name, 100 + n)
        await self.catalogue.add(
            Recording(
                id=self.id,
                kind=Kind.LIVE,
                state=State.READY,
                app="live",
                stream="cam",
                started_ms=NOW - 10_000,
                ended_ms=NOW - 5_000,
                playlist=True,
                mp4=Mp4State.READY,
                target_id="t1",
                prefix="home/video",
                upload=UploadState.VERIFIED,
                verified_ms=NOW - 1_000,
            )
        )

    def key(self, name: str) -> str:
        return f"home/video/{self.id}/{name}"

    def put(self, name: str, size: int) -> None:
        self.store.put_bytes(self.key(name), b"x" * size, content_type="video/mp2t")

    @property
    def local(self) -> int:
        return sum((self.folder / name).is_file() for name in MEDIA)

    async def upload(self) -> UploadState:
        return (await self.catalogue.get(self.id)).upload


@pytest.fixture
async def catalogue(tmp_path: Path) -> AsyncIterator[Catalogue]:
    (tmp_path / "record").mkdir()
    catalogue = await Catalogue.open(tmp_path / "record", tmp_path / "library.sqlite")
    yield catalogue
    await catalogue.close()


@pytest.fixture
async def stored(tmp_path: Path, catalogue: Catalogue, object_store: ObjectStore) -> Stored:
    stored = Stored(tmp_path / "record", catalogue, object_store)
    await stored.make()
    return stored


@pytest.fixture
async def worker(
    tmp_path: Path, redis: Redis, catalogue: Catalogue, object_store: ObjectStore
) -> RetentionWorker:
    async def ignore(_: str) -> None:
        return

    targets = StorageTargetStore(redis, b"k" * 32, ignore)
    await targets.create(object_store.target, SECRET_KEY)
    rules = RetentionStore(redis)
    await rules.edit(lambda _: Retention(after_upload=AfterUpload.DELETE))
    sizes = bucket_sizes(Buckets(targets))
    root = tmp_path / "record"
    return RetentionWorker(
        root, catalogue, rules, NoRemover(), sizes, lambda: (100, 50), lambda: NOW
    )


async def test_what_the_bucket_has_leaves_the_disk(stored: Stored, worker: RetentionWorker) -> None:
    await worker.look()
    assert stored.local == 0
    assert await stored.upload() is UploadState.VERIFIED
    assert stored.store.head(stored.key(MEDIA[0])) is not None


async def test_what_somebody_deleted_or_changed_there_stays_and_goes_up_again(
    stored: Stored, worker: RetentionWorker, catalogue: Catalogue, tmp_path: Path
) -> None:
    other = Stored(tmp_path / "record", catalogue, stored.store)
    await other.make()
    stored.store.delete([stored.key(MEDIA[1])])
    other.put(MEDIA[2], 7)
    await worker.look()
    for one in (stored, other):
        assert one.local == len(MEDIA)
        assert await one.upload() is UploadState.WAITING


async def test_a_bucket_that_is_away_or_refuses_is_no_proof_of_anything(
    stored: Stored, worker: RetentionWorker, proxy: FaultProxy
) -> None:
    for fault in (None, REFUSED, NO_BUCKET):
        if fault is None:
            proxy.away()
        else:
            proxy.fail(fault)
        await worker.look()
        assert stored.local == len(MEDIA)
        assert await stored.upload() is UploadState.VERIFIED
        proxy.heal()
    await worker.look()
    assert stored.local == 0
