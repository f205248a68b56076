"""Deleting recordings: what was asked for is done in the end, on disk and in buckets."""

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from streamstead.core.errors import NotFound
from streamstead.hooks.library import remove as module
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import RECORD_FILE, Recording, State, UploadState
from streamstead.hooks.library.remove import Remover
from streamstead.hooks.recorder.capture import Capture
from streamstead.hooks.storage.errors import StorageFailed

from .shelf import Disk, fill_up, make, small_disk

__all__ = ["small_disk"]

LIMIT_S = 60.0


class Buckets:
    """Delete at once, except what the test holds up."""

    def __init__(self) -> None:
        self.purged: list[str] = []
        self.asked: list[str] = []
        self.away: set[str] = set()
        self.locked: set[str] = set()

    async def purge(self, recording: Recording) -> None:
        self.asked.append(recording.id)
        if recording.target_id in self.away or recording.id in self.locked:
            raise StorageFailed.of("storage_dns")
        self.purged.append(recording.id)


class FakeCapture:
    def __init__(self, house: "House") -> None:
        self._house = house

    async def end(self, id_: str) -> Recording:
        recording = await self._house.catalogue.get(id_)
        if recording.state is not State.RECORDING:
            raise NotFound("this recording is not under way")
        return await self._house.catalogue.change(id_, state=State.FINISHING)


class House:
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.buckets = Buckets()
        self.removed: list[str] = []
        self.catalogue = cast(Catalogue, None)
        self.remover = cast(Remover, None)

    @asynccontextmanager
    async def running(self, runs: bool = True) -> AsyncIterator[None]:
        self.catalogue = await Catalogue.open(self.disk.root, self.disk.db)
        self.remover = Remover(
            self.disk.root,
            self.catalogue,
            cast(Capture, FakeCapture(self)),
            lambda one: self.removed.append(one.id),
            self.buckets.purge,
        )
        task = asyncio.create_task(self.remover.run() if runs else asyncio.sleep(LIMIT_S * 2))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self.catalogue.close()

    def lay(self, number: int, **changes: Any) -> str:
        recording = self.disk.lay_down(make(number, **changes))
        for name in ("000000-1-2-3-a.ts", "index.mp4", "poster.jpg"):
            (self.directory(recording.id) / name).write_bytes(bytes(1000))
        return recording.id

    def directory(self, id_: str) -> Path:
        return self.disk.root / id_

    def names(self, id_: str) -> set[str]:
        return {path.name for path in self.directory(id_).iterdir()}

    async def until(self, check: Callable[[], Awaitable[Any] | Any], what: str) -> None:
        end = asyncio.get_running_loop().time() + LIMIT_S
        while True:
            found = check()
            if await found if isinstance(found, Awaitable) else found:
                return
            assert asyncio.get_running_loop().time() < end, f"not within {LIMIT_S} s: {what}"
            await asyncio.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    return House(Disk(tmp_path))


async def test_a_recording_goes_from_disk_bucket_and_list(house: House) -> None:
    local = house.lay(1)
    both = house.lay(2, target_id="t", upload=UploadState.VERIFIED)
    kept = house.lay(3)
    async with house.running():
        await house.remover.remove(local)
        await house.remover.remove(both)
        await house.until(lambda: set(house.removed) == {local, both}, "both are gone")
        assert [path.name for path in house.disk.root.iterdir()] == [kept]
        with pytest.raises(NotFound):
            await house.catalogue.get(both)
        with pytest.raises(NotFound):
            await house.remover.remove(both)
        assert both in house.buckets.purged


async def test_one_under_way_is_ended_first(house: House) -> None:
    one = house.lay(1, state=State.RECORDING)
    async with house.running():
        await house.remover.remove(one)
        await house.until(lambda: house.removed == [one], "it is gone")


async def test_a_bucket_may_keep_what_it_has(house: House) -> None:
    one = house.lay(1, target_id="t", upload=UploadState.VERIFIED)
    house.buckets.away = {"t"}
    async with house.running():
        await house.remover.remove(one, bucket_too=False)
        await house.until(lambda: house.removed == [one], "it is gone")


async def test_a_bucket_that_is_away_delays_only_its_own_and_says_why(house: House) -> None:
    stuck = [
        house.lay(number, target_id="away", upload=UploadState.VERIFIED) for number in range(6)
    ]
    near = house.lay(10, target_id="near", upload=UploadState.VERIFIED)
    local = house.lay(11)
    house.buckets.away = {"away"}

    async def told() -> bool:
        return all([(await house.catalogue.get(id_)).problem == "storage_dns" for id_ in stuck])

    async with house.running():
        for id_ in (*stuck, near, local):
            await house.remover.remove(id_)
        await house.until(lambda: set(house.removed) == {near, local}, "the others are gone")
        await house.until(told, "each says why it is still there")
        assert all(house.names(id_) == {RECORD_FILE} for id_ in stuck), "the disk has its room"
        one = await house.catalogue.get(stuck[0])
        assert one.state is State.DELETING
        assert one.problem_text.startswith("it cannot be deleted yet: the address of the storage")
        house.buckets.away = set()
        await house.until(lambda: len(house.removed) == 8, "it is back, and all are gone")
    assert list(house.disk.root.iterdir()) == []


async def test_some_that_a_bucket_holds_on_to_do_not_stop_the_others(house: House) -> None:
    ids = [house.lay(number, target_id="t", upload=UploadState.VERIFIED) for number in range(9)]
    house.buckets.locked = set(ids[:5])
    async with house.running():
        for id_ in ids:
            await house.remover.remove(id_)
        await house.until(lambda: set(house.removed) == set(ids[5:]), "the others are gone")


async def test_a_deletion_goes_on_after_a_kill(house: House) -> None:
    """Before anything was done; half way through; and when only the entry was left."""
    ids = [house.lay(number, target_id="t", upload=UploadState.VERIFIED) for number in range(3)]
    async with house.running(runs=False):
        for id_ in ids:
            await house.remover.remove(id_)
    house.directory(ids[1]).rename(house.disk.root / f".going-{ids[1]}")
    shutil.rmtree(house.directory(ids[2]))
    async with house.running():
        await house.until(lambda: ids[0] in house.removed, "the deletion went on")
        with pytest.raises(NotFound):
            await house.catalogue.get(ids[2])
    assert list(house.disk.root.iterdir()) == []


async def test_on_a_full_disk_a_deletion_makes_its_own_room(small_disk: Disk) -> None:
    house = House(small_disk)
    one = house.lay(1, target_id="t", upload=UploadState.VERIFIED)
    house.buckets.away = {"t"}
    async with house.running(runs=False):
        fill_up(small_disk)
        with pytest.raises(OSError, match="No space") as caught:
            await house.catalogue.change(one, title="no room for this")
        assert caught.value.errno == errno.ENOSPC
        await house.remover.remove(one)
        assert small_disk.stored(make(1)).state is State.DELETING
    house.buckets.away = set()
    async with house.running():
        await house.until(lambda: house.removed == [one], "it is gone")
