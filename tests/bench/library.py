"""Print how fast the library answers.

    python -m tests.bench.library [RECORDINGS]        (from the root of the checkout)

Writes 100 000 recordings (or so many as told) into a scratch directory, as files that the recorder
left; the index is made of them.
"""

import asyncio
import random
import resource
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.catalogue_query import Query
from streamstead.hooks.library.recording import (
    RECORD_FILE,
    Kind,
    Mp4State,
    Recording,
    State,
    UploadState,
)

BEGIN_MS = 1_700_000_000_000
ROUNDS = 9
WORDS = ("news", "sport", "church", "music", "talk", "night", "morning", "door", "garden", "street")
STATES = (State.FAILED, State.FINISHING, State.RECORDING)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    root = Path(tempfile.mkdtemp(prefix="ss-bench-"))
    try:
        records = root / "record"
        records.mkdir()
        chance = random.Random(4)
        for number in range(count):
            write(records, make(chance, number))
        db = root / "library.sqlite"
        asyncio.run(measure(records, db, count))
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size_mb = db.stat().st_size / 1e6
        print(f"memory of this process at most {memory_mb:8.0f} MB, the index {size_mb:.0f} MB")
    finally:
        shutil.rmtree(root)


def make(chance: random.Random, number: int) -> Recording:
    """Return the recording of that number, one a minute."""
    title = " ".join(chance.choice(WORDS) for _ in range(3))
    in_bucket = number % 2 == 0
    return Recording(
        id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        kind=Kind.CLIP if number % 1000 == 7 else Kind.LIVE,
        state=chance.choice(STATES) if number % 500 == 0 else State.READY,
        app="live",
        stream=f"cam{chance.randrange(300)}",
        started_ms=BEGIN_MS + number * 60_000,
        title=f"{title} {number}" if number % 3 else "",
        tags=(chance.choice(WORDS),) if number % 4 else (),
        keep=number % 50 == 0,
        ended_ms=BEGIN_MS + number * 60_000 + 3_600_000,
        duration_ms=chance.randrange(10_000_000),
        size_bytes=chance.randrange(1 << 31),
        segments=chance.randrange(2_000),
        playlist=True,
        mp4=Mp4State.READY,
        mp4_bytes=chance.randrange(1 << 31),
        local=not in_bucket or number % 3 > 0,
        upload=UploadState.VERIFIED if in_bucket else UploadState.NONE,
        target_id="somewhere" if in_bucket else "",
    )


def write(records: Path, recording: Recording) -> None:
    folder = records / recording.id
    folder.mkdir()
    (folder / RECORD_FILE).write_bytes(recording.to_json())


async def measure(records: Path, db: Path, count: int) -> None:
    print(f"{count} recordings")
    began = time.perf_counter()
    catalogue = await Catalogue.open(records, db)
    print(f"index made of the files        {time.perf_counter() - began:8.1f} s")
    await catalogue.close()
    began = time.perf_counter()
    catalogue = await Catalogue.open(records, db)
    print(f"opened and compared with disk  {time.perf_counter() - began:8.1f} s")
    for what, query in questions():
        page = await catalogue.page(query)
        took = await best(lambda query=query: catalogue.page(query))  # type: ignore[misc]
        print(f"{what:30} {took:8.1f} ms   {page.total} found")
    one = (await catalogue.page(Query(limit=1))).items[0]
    print(f"{'one by its id':30} {await best(lambda: catalogue.get(one.id)):8.1f} ms")
    print(f"{'totals':30} {await best(catalogue.totals):8.1f} ms")
    print(f"{'streams':30} {await best(catalogue.streams):8.1f} ms")
    print(f"{'what is to be finished':30} {await best(lambda: work(catalogue)):8.1f} ms")
    print(f"{'progress of a recording':30} {await best(lambda: progress(catalogue)):8.1f} ms")
    print(f"{'a title changed':30} {await best(lambda: rename(catalogue, one.id)):8.1f} ms")
    print(f"{'all of them, by pages of 200':30} {await walk(catalogue):8.1f} ms")
    await catalogue.close()


def questions() -> list[tuple[str, Query]]:
    first = Query()
    return [
        ("first page", first),
        ("first page of 200", Query(limit=200)),
        ("oldest first", Query(order="asc")),
        ("by length", Query(sort="duration")),
        ("by title", Query(sort="title", order="asc")),
        ("search: everybody has it", Query(search="live/cam")),
        ("search: a common word", Query(search="sport", sort="size")),
        ("search: two words", Query(search="sport gard")),
        ("search: few have it", Query(search="9999")),
        ("search: nobody has it", Query(search="nowhere")),
        ("search: two letters", Query(search="zz")),
        ("search: common, filter: rare", Query(search="live/cam", kind="clip", sort="duration")),
        ("one stream", Query(app="live", stream="cam7")),
        ("one state", Query(state="failed")),
        ("one tag", Query(tag="music")),
        ("clips", Query(kind="clip")),
        ("in a bucket, by size", Query(where="bucket", sort="size")),
        ("kept, by title", Query(keep=True, sort="title")),
        ("a week", Query(from_ms=BEGIN_MS, to_ms=BEGIN_MS + 7 * 86_400_000)),
    ]


async def best(ask: Callable[[], Awaitable[object]]) -> float:
    """Return the shortest time of some rounds, in ms."""
    shortest = 1e9
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        shortest = min(shortest, time.perf_counter() - began)
    return shortest * 1000


async def work(catalogue: Catalogue) -> None:
    await catalogue.work(state=State.FINISHING)
    await catalogue.work(state=State.READY, mp4=Mp4State.WAITING)
    await catalogue.work(upload=(UploadState.WAITING, UploadState.UPLOADING))


async def progress(catalogue: Catalogue) -> None:
    under_way = (await catalogue.work(state=State.RECORDING))[0]
    length_ms = under_way.duration_ms + 2_000
    await catalogue.progress(under_way.id, duration_ms=length_ms, size_bytes=1, segments=1)


async def rename(catalogue: Catalogue, id_: str) -> None:
    await catalogue.change(id_, title=f"called at {time.perf_counter_ns()}")


async def walk(catalogue: Catalogue) -> float:
    """Return the time of reading everything, in ms."""
    began = time.perf_counter()
    query = Query(limit=200)
    while True:
        page = await catalogue.page(query)
        if page.cursor is None:
            return (time.perf_counter() - began) * 1000
        query = replace(query, cursor=page.cursor)


if __name__ == "__main__":
    main()
