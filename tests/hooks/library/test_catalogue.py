"""The index of the library: what it finds, and that nothing that befalls it costs a recording."""

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from streamstead.core.errors import Invalid, NotFound
from streamstead.hooks.library import catalogue_page
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.catalogue_query import Order, Query, Sort
from streamstead.hooks.library.recording import (
    RECORD_FILE,
    Hole,
    HoleReason,
    Kind,
    Mp4State,
    State,
    UploadState,
)

from .shelf import Disk, fill_up, id_of, make, small_disk

__all__ = ["small_disk"]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.fixture(params=["few", "many"])
def plan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a small library are read as those of a small and of a large one."""
    if request.param == "many":
        monkeypatch.setattr(catalogue_page, "FEW", 3)
        monkeypatch.setattr(catalogue_page, "HITS", 2)


async def ids(catalogue: Catalogue, query: Query) -> list[str]:
    """Return all ids a query finds, by its pages; the total must be right on each."""
    found: list[str] = []
    totals = set()
    while True:
        page = await catalogue.page(query)
        found += [one.id for one in page.items]
        totals.add(page.total)
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert totals == {len(found)}
    return found


async def test_a_recording_is_entered_changed_found_and_forgotten(disk: Disk) -> None:
    hole = Hole(1_000, 500, HoleReason.LOST, "two segments")
    one = make(1, holes=(hole,), tags=("a", "b"), title="Evening")
    (disk.root / one.id).mkdir()
    async with disk.opened() as catalogue:
        told: list[str] = []
        stop = catalogue.subscribe(told.append)
        await catalogue.add(one)
        assert await catalogue.get(one.id) == disk.stored(one) == one
        changed = await catalogue.change(one.id, title="Morning", keep=True)
        assert await catalogue.get(one.id) == disk.stored(one) == changed
        assert (changed.title, changed.keep, changed.holes) == ("Morning", True, (hole,))
        stop()
        await catalogue.forget(one.id)
        assert told == [one.id, one.id]
        with pytest.raises(NotFound) as caught:
            await catalogue.get(one.id)
        assert caught.value.key == "recording_unknown"
        with pytest.raises(NotFound):
            await catalogue.change(one.id, title="again")
        with pytest.raises(TypeError):
            await catalogue.change(one.id, titel="again")


async def test_progress_goes_to_the_index_alone_until_it_is_over(disk: Disk) -> None:
    one = disk.lay_down(make(1, state=State.RECORDING))
    async with disk.opened() as catalogue:
        await catalogue.progress(one.id, duration_ms=2_000, size_bytes=300, segments=1)
        assert (await catalogue.get(one.id)).duration_ms == 2_000
        assert disk.stored(one).duration_ms == 0
        await catalogue.change(one.id, state=State.FINISHING)
        assert (disk.stored(one).duration_ms, disk.stored(one).segments) == (2_000, 1)
        await catalogue.change(one.id, upload=UploadState.UPLOADING)
        await catalogue.change(one.id, uploaded_bytes=77)
        assert disk.stored(one).uploaded_bytes == 0
        await catalogue.change(one.id, upload=UploadState.VERIFIED)
        assert disk.stored(one).uploaded_bytes == 77


async def test_what_is_being_deleted_stays_so(disk: Disk) -> None:
    """Whoever was making its MP4 meanwhile does not bring it back."""
    one = disk.lay_down(make(1))
    async with disk.opened() as catalogue:
        await catalogue.change(one.id, state=State.DELETING)
        await catalogue.change(one.id, state=State.READY, mp4=Mp4State.READY)
        assert (await catalogue.get(one.id)).state is disk.stored(one).state is State.DELETING


@pytest.mark.usefixtures("plan")
async def test_pages_hold_everything_once_in_every_order(disk: Disk) -> None:
    """Many are alike in what they are sorted by."""
    all_ids = set()
    for number in range(23):
        one = make(
            number,
            title="" if number % 4 == 0 else f"Title {number % 5}" if number % 2 else "title 0",
            started_ms=1_000 + number // 4,
            duration_ms=number % 3,
            size_bytes=number % 2,
        )
        all_ids.add(disk.lay_down(one).id)
    async with disk.opened() as catalogue:
        for sort, order, limit in product(get_args(Sort), get_args(Order), (1, 4, 23)):
            found = await ids(catalogue, Query(sort=sort, order=order, limit=limit))
            assert len(found) == 23, (sort, order, limit)
            assert set(found) == all_ids
            turned = "asc" if order == "desc" else "desc"
            assert found[::-1] == await ids(catalogue, Query(sort=sort, order=turned, limit=7))
        newest = (await catalogue.page(Query(limit=1))).items[0]
        assert newest.started_ms == 1_005
        by_title = (await catalogue.page(Query(sort="title", order="asc"))).items
        names = [(one.title or one.stream).lower() for one in by_title]
        assert names == sorted(names)


@pytest.mark.usefixtures("plan")
async def test_filters_find_what_they_say(disk: Disk) -> None:
    lay = disk.lay_down
    plain = lay(make(1, title="Weekly 100% news_flash", tags=("church", "music")))
    clip = lay(make(2, kind=Kind.CLIP, app="", stream="", title="Öl auf dem Rhein", keep=True))
    away = lay(make(3, local=False, upload=UploadState.VERIFIED, wants=("dvr", "vod")))
    failed = lay(make(4, state=State.FAILED, stream="cam1", tags=("mus",)))
    others = [lay(make(number, app="other")).id for number in range(10, 18)]
    going = lay(make(30, state=State.DELETING))
    stuck = lay(make(31, state=State.DELETING, problem="storage_dns", started_ms=2_000_000))
    async with disk.opened() as catalogue:

        async def found(**asked: Any) -> set[str]:
            return set(await ids(catalogue, Query(limit=3, **asked)))

        assert await found(search="NEWS_flash") == {plain.id}
        assert await found(search="newsxflash") == set()
        assert await found(search="100%") == {plain.id}
        assert await found(search="10%n") == set()
        assert await found(search="week music") == {plain.id}
        assert await found(search="ÖL rh") == {clip.id}
        assert await found(search='"') == await found(search='a" OR "b') == set()
        assert await found(search=plain.id[:13]) >= {plain.id}
        assert await found(search=failed.id) == {failed.id}
        assert await found(search="other/cam") == set(others)
        assert await found(search="other cam1", order="asc", sort="title") <= set(others)
        assert await found(tag="music") == {plain.id}
        assert await found(tag="mus") == {failed.id}
        assert await found(kind="clip") == await found(keep=True) == {clip.id}
        assert await found(where="bucket") == {away.id}
        assert away.id not in await found(where="local")
        assert await found(want="vod") == {away.id}
        assert await found(state="failed", stream="cam1") == {failed.id}
        assert await found(app="other") == set(others)
        assert await found(from_ms=1_000_002, to_ms=1_000_004) == {clip.id, away.id}
        assert await found(state="deleting") == {going.id, stuck.id}
        everything = await found()
        assert going.id not in everything
        assert stuck.id in everything, "somebody must do something about it"
        assert len(everything) == 13


async def test_a_search_follows_new_titles_and_forgets_what_is_gone(disk: Disk) -> None:
    one, other = disk.lay_down(make(1, title="before")), disk.lay_down(make(2, title="before"))
    async with disk.opened() as catalogue:
        await catalogue.change(one.id, title="afterwards")
        assert await ids(catalogue, Query(search="before")) == [other.id]
        assert await ids(catalogue, Query(search="afterwards")) == [one.id]
        await catalogue.forget(other.id)
        assert await ids(catalogue, Query(search="before")) == []


@pytest.mark.parametrize(
    "cursor", ["", "x", "bm8=", "WzEsMl0=", Query(sort="size").cursor_after(make(1), 5)]
)
async def test_a_cursor_that_is_none_is_refused(disk: Disk, cursor: str) -> None:
    async with disk.opened() as catalogue:
        with pytest.raises(Invalid) as caught:
            await catalogue.page(Query(cursor=cursor))
        assert caught.value.key == "cursor"


async def test_work_is_found_by_what_it_is_oldest_first(disk: Disk) -> None:
    for number in (3, 1, 2):
        disk.lay_down(make(number, mp4=Mp4State.WAITING))
    disk.lay_down(make(4, upload=UploadState.UPLOADING, target_id="t", app="a", stream="b"))
    async with disk.opened() as catalogue:
        waiting = await catalogue.work(state=State.READY, mp4=Mp4State.WAITING)
        assert [one.id for one in waiting] == [id_of(1), id_of(2), id_of(3)]
        under_way = (UploadState.WAITING, UploadState.UPLOADING)
        assert [one.id for one in await catalogue.work(upload=under_way)] == [id_of(4)]
        latest = await catalogue.latest_of("a", "b")
        assert latest is not None
        assert latest.id == id_of(4)
        assert await catalogue.latest_of("a", "c") is None
        assert await catalogue.streams() == [
            ("a", "b", 1),
            ("live", "cam0", 1),
            ("live", "cam1", 1),
            ("live", "cam2", 1),
        ]


async def test_totals_count_what_is_there(disk: Disk) -> None:
    disk.lay_down(make(1, size_bytes=10, mp4_bytes=5))
    disk.lay_down(make(2, size_bytes=100, local=False, upload=UploadState.VERIFIED))
    disk.lay_down(make(3, state=State.DELETING))
    async with disk.opened() as catalogue:
        totals = await catalogue.totals()
    assert (totals.count, totals.local_bytes, totals.bucket_count) == (2, 15, 1)
    assert totals.by_state == {"ready": 2, "deleting": 1}


async def test_the_index_is_made_again_when_it_is_missing_broken_or_old(disk: Disk) -> None:
    one = disk.lay_down(make(1, title="lasting"))
    broken = disk.lay_down(make(2))
    (disk.root / broken.id / RECORD_FILE).write_text("{")
    (disk.root / "no recording").mkdir()
    (disk.root / id_of(5)).mkdir()
    async with disk.opened() as catalogue:
        assert await ids(catalogue, Query()) == [one.id]
    whole = disk.db.read_bytes()
    for damage in (b"", b"no database at all" * 500, whole[:4096] + b"\xff" * len(whole[4096:])):
        disk.db.write_bytes(damage)
        async with disk.opened() as catalogue:
            assert await ids(catalogue, Query(search="lasting")) == [one.id]
            assert await catalogue.change(one.id, keep=True)
    old = sqlite3.connect(disk.db)
    old.execute("PRAGMA user_version = 1")
    old.close()
    async with disk.opened() as catalogue:
        assert (await catalogue.get(one.id)).keep


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"started_ms": None},
        {"started_ms": 1 << 63},
        {"duration_ms": [1]},
        {"keep": "yes"},
        {"tags": [1]},
    ],
    ids=str,
)
async def test_a_file_that_no_index_could_hold_costs_no_other(
    disk: Disk, change: dict[str, Any]
) -> None:
    one, odd = disk.lay_down(make(1)), disk.lay_down(make(2))
    path = disk.root / odd.id / RECORD_FILE
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | change))
    async with disk.opened() as catalogue:
        assert await ids(catalogue, Query()) == [one.id]


async def test_an_index_that_is_deleted_while_in_use_is_made_again(disk: Disk) -> None:
    one = disk.lay_down(make(1))
    async with disk.opened() as catalogue:
        for path in disk.db.parent.glob(f"{disk.db.name}*"):
            path.unlink()
        some = await asyncio.gather(*(catalogue.get(one.id) for _ in range(4)))
        assert some == [one] * 4
        await catalogue.change(one.id, title="still works")
        assert await ids(catalogue, Query(search="still")) == [one.id]
        assert disk.db.exists()


async def test_an_index_that_breaks_while_in_use_is_made_again(disk: Disk) -> None:
    kept = [disk.lay_down(make(number, title=f"number {number}")) for number in range(400)]
    async with disk.opened() as catalogue:
        await catalogue.page(Query())
        # What was read is remembered; closing makes all of it be read from the file.
        catalogue._index.close()
        size = disk.db.stat().st_size
        with disk.db.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (size - 4096))
        some = [catalogue.get(kept[7].id), catalogue.page(Query()), catalogue.totals()]
        got, page, totals = await asyncio.gather(*some)
        assert (got, page.total, totals.count) == (kept[7], 400, 400)
        await catalogue.change(kept[7].id, title="still works")
        assert await ids(catalogue, Query(search="still")) == [kept[7].id]


async def test_what_happened_on_disk_meanwhile_is_taken_up(disk: Disk) -> None:
    """A kill between a file and its row, a restored backup, a directory removed by hand."""
    one, gone = disk.lay_down(make(1)), disk.lay_down(make(2))
    async with disk.opened() as catalogue:
        assert (await catalogue.totals()).count == 2
    disk.lay_down(replace(one, title="written before the kill"))
    new = disk.lay_down(make(3))
    shutil.rmtree(disk.root / gone.id)
    async with disk.opened() as catalogue:
        assert await ids(catalogue, Query()) == [new.id, one.id]
        assert (await catalogue.get(one.id)).title == "written before the kill"
    shutil.rmtree(disk.root)
    with pytest.raises(FileNotFoundError):
        await Catalogue.open(disk.root, disk.db)


async def test_a_full_disk_keeps_nobody_from_reading(small_disk: Disk) -> None:
    number = 0
    under_way = small_disk.lay_down(make(1000, state=State.RECORDING))
    async with small_disk.opened() as catalogue:
        ballast = fill_up(small_disk)
        while not catalogue._index._late:  # the journal may still have had room
            number += 1
            await catalogue.progress(
                under_way.id, duration_ms=number, size_bytes=number, segments=number
            )
        assert (await catalogue.get(under_way.id)).segments == number
        assert (await catalogue.page(Query())).items[0].segments == number
        assert (await catalogue.work(state=State.RECORDING))[0].segments == number
        with pytest.raises(OSError, match="No space"):
            await catalogue.change(under_way.id, title="this must be written to disk")
        assert (await catalogue.get(under_way.id)).title == ""
        ballast.unlink()
        await catalogue.change(under_way.id, state=State.READY)
        assert not catalogue._index._late
    assert small_disk.stored(under_way).segments == number
    async with small_disk.opened() as catalogue:
        assert (await catalogue.get(under_way.id)).state is State.READY


async def test_without_room_for_an_index_it_is_held_in_memory(small_disk: Disk) -> None:
    one = small_disk.lay_down(make(1, title="there", state=State.RECORDING))
    ballast = fill_up(small_disk)
    async with small_disk.opened() as catalogue:
        asked = (catalogue.page(Query(search="there")) for _ in range(5))
        assert [page.total for page in await asyncio.gather(*asked)] == [1] * 5
        await catalogue.progress(one.id, duration_ms=5, size_bytes=5, segments=5)
        assert (await catalogue.get(one.id)).segments == 5
        ballast.unlink()
        await catalogue.change(one.id, title="changed")
    async with small_disk.opened() as catalogue:
        assert (await catalogue.get(one.id)).title == "changed"
    assert small_disk.db.stat().st_size > 0
