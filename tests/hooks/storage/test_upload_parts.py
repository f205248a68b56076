"""The pieces of uploads: bandwidth, the books, what is planned, how large parts are."""

import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.hooks.library.recording import SEGMENTS_FILE
from streamstead.hooks.storage.object_store import Part
from streamstead.hooks.storage.throttle import SpeedMeter, Stopped, TokenBucket
from streamstead.hooks.storage.upload_db import Book, Item, Phase, UploadDb
from streamstead.hooks.storage.upload_hub import LAST_RETRY_S, retry_s
from streamstead.hooks.storage.upload_plan import growing_playlist, read_journal
from streamstead.hooks.storage.upload_send import MAX_PARTS, PART_BYTES, part_bytes_of
from streamstead.hooks.storage.upload_settings import UploadSettings

BOOK = Book("r1", "t1")


def never() -> bool:
    return False


def segment(n: int, size: int = 1000) -> Item:
    return Item(f"{n:06d}-{n}-{n}-2000-ab.ts", Phase.SEGMENTS, size, 0, f"{n:064x}")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[UploadDb]:
    db = UploadDb(tmp_path / "uploads.sqlite")
    yield db
    db.close()


def test_the_bucket_lets_no_more_through_than_its_rate() -> None:
    bucket = TokenBucket(100_000)
    began = time.monotonic()
    for _ in range(10):
        bucket.take(10_000, never)
    # A quarter of a second's worth is there at once, at most.
    assert time.monotonic() - began > 0.7


def test_without_a_limit_nobody_waits() -> None:
    bucket = TokenBucket()
    bucket.take(10**12, never)


def test_who_waits_for_bandwidth_hears_of_a_new_rate_and_of_the_end() -> None:
    bucket, stop = TokenBucket(1), threading.Event()
    passed = threading.Event()
    waiting = threading.Thread(target=lambda: (bucket.take(10**9, never), passed.set()))
    waiting.start()
    bucket.set_rate(0)
    assert passed.wait(60)
    waiting.join()
    bucket.set_rate(1)
    stop.set()
    with pytest.raises(Stopped):
        bucket.take(10**9, stop.is_set)


def test_speed_is_that_of_the_last_seconds() -> None:
    now = [100.0]
    meter = SpeedMeter(lambda: now[0])
    assert meter.bytes_per_s() == 0
    for _ in range(20):
        meter.add(1000)
        now[0] += 0.5
    assert meter.bytes_per_s() == pytest.approx(2000, rel=0.1)
    now[0] += 11
    assert meter.bytes_per_s() == 0


@given(st.integers(1, 5 * 10**12))
def test_parts_are_large_enough_for_any_file(size: int) -> None:
    part = part_bytes_of(size)
    assert part >= PART_BYTES
    assert -(-size // part) <= MAX_PARTS


def test_retries_take_longer_each_time_up_to_five_minutes() -> None:
    for times, longest in ((1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (1000, 300.0)):
        assert longest * 0.75 <= retry_s(times) <= longest <= LAST_RETRY_S


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"parallel":"x"}'])
def test_settings_that_make_no_sense_are_as_at_first(raw: bytes) -> None:
    assert UploadSettings.from_json(raw) == UploadSettings()


def test_settings_stay_within_their_limits() -> None:
    assert UploadSettings.from_json(b'{"limit_kbps":-5,"parallel":99}') == UploadSettings(0, 8)


def test_books_tell_what_is_pending_in_order(db: UploadDb) -> None:
    db.begin(BOOK)
    db.add(BOOK, [Item("index.mp4", Phase.MP4, 9, 1, "m"), segment(1), segment(0)], 100)
    assert [one.name[:6] for one in db.pending(BOOK, Phase.MP4, 10)] == [
        "000000",
        "000001",
        "index.",
    ]
    assert len(db.pending(BOOK, Phase.SEGMENTS, 10)) == 2
    db.done(BOOK, segment(0).name, "e0")
    assert db.first_missing(BOOK) == segment(1).name
    assert db.sums(BOOK) == (1000, 2009)
    db.add(BOOK, [segment(0)])
    assert db.sums(BOOK) == (1000, 2009)
    db.add(BOOK, [segment(0, 7)])
    assert db.sums(BOOK) == (0, 1016)
    assert db.journal_bytes(BOOK) == 100
    db.forget("r1")
    assert (db.sums(BOOK), db.journal_bytes(BOOK)) == ((0, 0), None)


def test_books_keep_the_parts_of_a_large_file_until_it_is_another(db: UploadDb) -> None:
    db.add(BOOK, [Item("index.mp4", Phase.MP4, 9, 1, "m")])
    db.in_parts(BOOK, "index.mp4", "u1", 8)
    db.part_done(BOOK, "index.mp4", Part(1, 8, "e1"))
    assert db.parts(BOOK, "index.mp4") == [Part(1, 8, "e1")]
    db.add(BOOK, [Item("index.mp4", Phase.MP4, 12, 2, "n")])
    [known] = db.pending(BOOK, Phase.MP4, 10)
    # The upload of the old file is known, so that it can be given up.
    assert (known.upload_id, known.part_bytes, db.parts(BOOK, "index.mp4")) == ("u1", 0, [])


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_books_that_cannot_be_read_are_made_again(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "uploads.sqlite"
    path.write_bytes(content)
    db = UploadDb(path)
    db.set_fact("one", "1")
    db.close()
    db = UploadDb(path)
    assert (db.fact("one"), db.fact("two")) == ("1", None)
    db.make_again()
    assert db.fact("one") is None
    db.close()


def journal_line(n: int) -> bytes:
    one = segment(n)
    return orjson.dumps({"name": one.name, "bytes": one.size, "sha256": one.sha256}) + b"\n"


def test_a_journal_is_read_on_from_where_it_was_and_a_torn_line_waits(
    tmp_path: Path, db: UploadDb
) -> None:
    db.begin(BOOK)
    path = tmp_path / SEGMENTS_FILE
    read_journal(db, BOOK, tmp_path, 0)
    path.write_bytes(journal_line(0) + b"{torn\n" + journal_line(1) + journal_line(2)[:20])
    read_journal(db, BOOK, tmp_path, 0)
    assert db.sums(BOOK) == (0, 2000)
    path.write_bytes(journal_line(0) + b"{torn\n" + journal_line(1) + journal_line(2))
    read_journal(db, BOOK, tmp_path, db.journal_bytes(BOOK) or 0)
    assert db.sums(BOOK) == (0, 3000)


def test_ten_hours_of_segments_are_never_in_memory_at_once(tmp_path: Path, db: UploadDb) -> None:
    with (tmp_path / SEGMENTS_FILE).open("wb") as file:
        for n in range(18_000):
            file.write(journal_line(n))
    db.begin(BOOK)
    tracemalloc.start()
    read_journal(db, BOOK, tmp_path, 0)
    db.pending(BOOK, Phase.MP4, 64)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert db.sums(BOOK) == (0, 18_000_000)
    assert most < 1_500_000


def test_a_growing_playlist_lists_only_what_is_in_the_bucket(tmp_path: Path) -> None:
    names = [segment(n).name for n in range(3)]
    head = "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n"
    entries = [f"#EXTINF:2.000,\n{name}\n" for name in names]
    (tmp_path / "index.m3u8").write_text(head + "".join(entries))
    assert growing_playlist(tmp_path, None).decode() == head + "".join(entries)
    assert growing_playlist(tmp_path, names[2]).decode() == head + "".join(entries[:2])
    assert growing_playlist(tmp_path, names[0]) == b""
