"""What the rules no longer keep goes, and nothing else, on real files and a real catalogue."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamstead.core.errors import NotFound, Upstream
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State, UploadState
from streamstead.hooks.recorder.retention import GB, RetentionWorker
from streamstead.hooks.recorder.retention_rules import DAY_MS, Retention
from streamstead.hooks.recorder.retention_store import RetentionStore
from streamstead.hooks.recorder.segments import SegmentName

from ...conftest import RedisServer

NOW = 1_900_000_000_000
MEDIA = {"000000-100-0-2000-ab.ts": 200, "000001-101-1-2000-ab.ts": 220, "index.mp4": 400}
STAYS = {"index.m3u8", "manifest.json", "poster.jpg", "recording.json"}


class Library:
    """Recordings on disk and in a bucket that the test fills; deletes as the library does."""

    def __init__(self, root: Path, catalogue: Catalogue, redis: Redis) -> None:
        self.root = root
        self.catalogue = catalogue
        self.store = RetentionStore(redis)
        self.bucket: dict[str, dict[str, int]] = {}
        self.bucket_away = False
        self.asked = 0
        self.total_free = (1_000 * GB, 500 * GB)
        self.purge: Callable[[Recording], Awaitable[None]] = self._purge
        self.worker = RetentionWorker(
            root, catalogue, self.store, self, self._sizes, lambda: self.total_free, lambda: NOW
        )

    async def remove(self, id_: str, bucket_too: bool = True) -> None:
        assert bucket_too
        await self.purge(await self.catalogue.get(id_))
        await self.catalogue.forget(id_)
        for path in (self.root / id_).iterdir():
            path.unlink()

    async def _purge(self, recording: Recording) -> None:
        if self.bucket_away and recording.target_id:
            raise Upstream("the bucket does not answer")
        self.bucket.pop(recording.id, None)

    async def _sizes(self, recording: Recording) -> dict[str, int] | None:
        self.asked += 1
        if self.bucket_away:
            raise Upstream("the bucket does not answer")
        return self.bucket.get(recording.id, {})

    async def add(self, days: float, stored: bool = False, **changes: Any) -> str:
        """Lay down a recording that ended so many days ago; ``stored``: its bucket has it."""
        id_ = str(uuid.uuid4())
        directory = self.root / id_
        directory.mkdir()
        for name in STAYS:
            (directory / name).write_text("x")
        for name, size in MEDIA.items():
            (directory / name).write_bytes(b"x" * size)
        over_ms = round(NOW - days * DAY_MS)
        facts: dict[str, Any] = {
            "state": State.READY,
            "started_ms": over_ms - 4000,
            "ended_ms": over_ms,
            "size_bytes": 420,
            "segments": 2,
            "playlist": True,
            "mp4": Mp4State.READY,
            "mp4_bytes": 400,
        }
        if stored:
            what = changes.get("upload_what", "all")
            names = {"segments": ".ts", "mp4": ".mp4"}.get(what, "")
            self.bucket[id_] = {name: size for name, size in MEDIA.items() if names in name}
            facts |= {"upload": UploadState.VERIFIED, "target_id": "t1", "verified_ms": over_ms}
        await self.catalogue.add(
            Recording(id=id_, kind=Kind.LIVE, app="live", stream="cam", **facts | changes)
        )
        return id_

    async def rules(self, **rules: Any) -> None:
        await self.store.edit(lambda _: Retention(**rules))

    def media(self, id_: str) -> set[str]:
        """Return the names of the media that are on disk; what must stay is looked at, too."""
        names = {path.name for path in (self.root / id_).iterdir()}
        assert not names or names >= STAYS
        return names - STAYS

    async def gone(self, id_: str) -> bool:
        try:
            await self.catalogue.get(id_)
        except NotFound:
            return not self.media(id_)
        return False


@pytest.fixture
async def library(tmp_path: Path, redis: Redis) -> AsyncIterator[Library]:
    (tmp_path / "record").mkdir()
    catalogue = await Catalogue.open(tmp_path / "record", tmp_path / "library.sqlite")
    yield Library(tmp_path / "record", catalogue, redis)
    await catalogue.close()


def test_the_media_of_these_tests_are_named_as_real_ones() -> None:
    assert all(SegmentName.read(name) for name in MEDIA if name.endswith(".ts"))


async def test_by_age_old_ones_go_and_what_is_kept_stays(library: Library) -> None:
    old, young = await library.add(10), await library.add(2)
    kept = await library.add(10, keep=True)
    live = await library.add(10, state=State.RECORDING)
    await library.worker.look()
    assert not await library.gone(old)
    await library.rules(local_days=5)
    await library.worker.look()
    assert await library.gone(old)
    assert [library.media(one) for one in (young, kept, live)] == [set(MEDIA)] * 3


async def test_more_than_one_page_goes_in_one_pass(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.hooks.recorder.retention.PAGE", 2)
    ids = [await library.add(10) for _ in range(7)]
    await library.rules(local_days=5)
    await library.worker.look()
    assert [await library.gone(id_) for id_ in ids] == [True] * 7


async def test_after_a_verified_upload_media_leave_the_disk_and_the_rest_stays(
    library: Library,
) -> None:
    stored, not_stored = await library.add(0.1, stored=True), await library.add(0.1)
    await library.rules(after_upload="delete")
    await library.worker.look()
    assert library.media(stored) == set()
    assert library.media(not_stored) == set(MEDIA)
    recording = await library.catalogue.get(stored)
    assert (recording.local, recording.freed, recording.upload) == (False, True, "verified")
    assert library.bucket[stored] == MEDIA


@pytest.mark.parametrize("upload", ["waiting", "uploading", "paused", "failed"])
async def test_what_is_not_verified_stays_whatever_the_rules(library: Library, upload: str) -> None:
    id_ = await library.add(100, target_id="t1", upload=UploadState(upload))
    library.total_free = (1_000 * GB, 0)
    await library.rules(
        local_days=1, bucket_days=1, after_upload="delete", min_free_percent=50, local_max_gb=1
    )
    await library.worker.look()
    assert library.media(id_) == set(MEDIA)


@pytest.mark.parametrize("harm", ["missing", "shorter", "all"])
async def test_what_the_bucket_lost_meanwhile_stays_and_goes_up_again(
    library: Library, harm: str
) -> None:
    id_ = await library.add(1, stored=True)
    if harm == "missing":
        del library.bucket[id_]["index.mp4"]
    elif harm == "shorter":
        library.bucket[id_]["000000-100-0-2000-ab.ts"] = 199
    else:
        del library.bucket[id_]
    await library.rules(after_upload="delete")
    await library.worker.look()
    assert library.media(id_) == set(MEDIA)
    assert (await library.catalogue.get(id_)).upload is UploadState.WAITING


async def test_while_the_bucket_is_away_nothing_goes_and_the_others_are_not_held_up(
    library: Library,
) -> None:
    stored = await library.add(10, stored=True)
    old = await library.add(10)
    library.bucket_away = True
    await library.rules(local_days=5)
    await library.worker.look()
    assert library.media(stored) == set(MEDIA)
    assert (await library.catalogue.get(stored)).upload is UploadState.VERIFIED
    assert await library.gone(old)
    library.bucket_away = False
    await library.worker.look()
    assert library.media(stored) == set()


@pytest.mark.parametrize(
    ("what", "left"), [("segments", {"index.mp4"}), ("mp4", set(MEDIA) - {"index.mp4"})]
)
async def test_only_what_went_up_leaves_the_disk_until_its_days_are_over(
    library: Library, what: str, left: set[str]
) -> None:
    id_ = await library.add(10, stored=True, upload_what=what)
    await library.rules(after_upload="delete")
    await library.worker.look()
    await library.worker.look()
    assert library.media(id_) == left
    assert library.asked == 1
    recording = await library.catalogue.get(id_)
    assert (recording.local, recording.freed) == (True, True)
    await library.rules(after_upload="delete", local_days=5)
    await library.worker.look()
    assert library.media(id_) == set()
    recording = await library.catalogue.get(id_)
    assert not recording.local
    assert recording.playlist is (what == "segments")
    assert recording.mp4 is (Mp4State.OFF if what == "segments" else Mp4State.READY)


async def test_the_copy_in_the_bucket_goes_by_its_own_days(library: Library) -> None:
    here, there = (
        await library.add(10, stored=True),
        await library.add(10, stored=True, local=False),
    )
    young = await library.add(2, stored=True)
    await library.rules(bucket_days=5)
    library.bucket_away = True
    await library.worker.look()
    assert (await library.catalogue.get(here)).upload is UploadState.VERIFIED
    library.bucket_away = False
    await library.worker.look()
    assert set(library.bucket) == {young}
    assert library.media(here) == set(MEDIA)
    recording = await library.catalogue.get(here)
    assert (recording.upload, recording.target_id) == (UploadState.NONE, "")
    assert await library.gone(there)


async def test_a_total_size_is_kept_by_the_oldest_that_a_bucket_has_first(
    library: Library,
) -> None:
    big: dict[str, Any] = {"size_bytes": GB, "mp4_bytes": 0}
    old, middle, new = [await library.add(days, **big) for days in (9, 8, 7)]
    stored = await library.add(2, stored=True, **big)
    kept = await library.add(20, keep=True, **big)
    await library.rules(local_max_gb=4)
    await library.worker.look()
    assert library.media(stored) == set()
    assert [library.media(one) for one in (old, middle, new, kept)] == [set(MEDIA)] * 4
    await library.rules(local_max_gb=3)
    await library.worker.look()
    assert await library.gone(old)
    assert [library.media(one) for one in (middle, new, kept)] == [set(MEDIA)] * 3


async def test_free_space_is_made_and_then_enough_is_enough(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await library.add(days) for days in (9, 8, 7)]
    await library.rules(min_free_percent=50)
    before = library.remove

    async def remove(id_: str, bucket_too: bool = True) -> None:
        await before(id_, bucket_too)
        total, free = library.total_free
        library.total_free = (total, free + 10 * GB)

    monkeypatch.setattr(library, "remove", remove)
    await library.worker.look()
    assert not await library.gone(ids[0])
    library.total_free = (1_000 * GB, 485 * GB)
    await library.worker.look()
    assert [await library.gone(one) for one in ids] == [True, True, False]


async def test_a_source_stays_while_a_clip_is_cut_from_it(library: Library) -> None:
    source = await library.add(10)
    clip = await library.add(0, state=State.FINISHING, source_id=source)
    await library.rules(local_days=5)
    await library.worker.look()
    assert library.media(source) == set(MEDIA)
    await library.catalogue.change(clip, state=State.READY)
    await library.worker.look()
    assert await library.gone(source)


async def test_rules_that_nobody_knows_remove_nothing(
    library: Library, redis: Redis, redis_process: RedisServer
) -> None:
    id_ = await library.add(100)
    await library.rules(local_days=5)
    redis_process.kill()
    after_a_restart = Library(library.root, library.catalogue, redis)
    with pytest.raises(RedisError):
        await after_a_restart.worker.look()
    assert library.media(id_) == set(MEDIA)
    redis_process.start()
    await after_a_restart.worker.look()
    assert await library.gone(id_)


async def test_a_redis_that_lost_its_data_gets_the_rules_back(
    library: Library, redis: Redis
) -> None:
    await library.rules(local_days=5)
    await redis.flushall()
    assert (await library.store.load()).local_days == 5
    assert (await RetentionStore(redis).load()).local_days == 5
    await redis.set(RetentionStore.KEY, "{broken")
    assert (await library.store.load()).local_days == 5
    assert (await RetentionStore(redis).load()) == Retention()
