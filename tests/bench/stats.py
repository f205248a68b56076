"""Print what the session log can take and how long its answers take.

    python -m tests.bench.stats [SESSIONS]        (from the root of the checkout)

Writes a day of 1 000 000 sessions (or so many as told) of 50 streams into a scratch directory,
by the same events that the registry appends, in the batches in which they are read.
"""

import asyncio
import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path

from streamstead.core.events import BATCH, Event
from streamstead.core.registry import Kind
from streamstead.platform.stats_queries import Range
from streamstead.platform.stats_upkeep import Upkeep
from tests.platform.visits import DAY_S, NOON, Book, Visit

BEGIN = NOON - DAY_S // 2
CHUNK = 20_000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    root = Path(tempfile.mkdtemp(prefix="ss-bench-"))
    try:
        book = Book(root / "stats", now_ms=(BEGIN + DAY_S) * 1000)
        written = write(book, count)
        asyncio.run(questions(book))
        upkeep(book, count)
        print(f"memory of this process at most        {peak_mb():.0f} MB; {written}")
    finally:
        shutil.rmtree(root)


def visits(count: int) -> Iterator[Visit]:
    chance = random.Random(4)
    for number in range(count):
        since_ms = BEGIN * 1000 + number * DAY_S * 1000 // count
        yield Visit(
            f"hls-{chance.getrandbits(128):032x}",
            since_ms,
            min(since_ms + chance.randrange(1, 1_800_000), (BEGIN + DAY_S) * 1000),
            protocol=chance.choice(("hls", "hls", "flv", "webrtc")),
            stream=f"cam{chance.randrange(50)}",
            ip=f"2001:db8:{chance.getrandbits(16):x}:{chance.getrandbits(16):x}::1",
            user_agent=f"player {chance.randrange(300)}",
        )


def batches(count: int) -> Iterator[list[Event]]:
    """Yield beginnings and ends nearly in the order of time: each chunk is in order."""
    source = visits(count)
    while chunk := list(islice(source, CHUNK)):
        began = (visit.began() for visit in chunk)
        ended = sorted((visit.ended() for visit in chunk), key=lambda one: one.at_ms)
        events = merge(began, ended, key=lambda one: one.at_ms)
        while batch := list(islice(events, BATCH)):
            yield batch


def write(book: Book, count: int) -> str:
    spent = 0.0
    slowest = 0.0
    for batch in batches(count):
        begun = time.perf_counter()
        book.log.record(batch)
        took = time.perf_counter() - begun
        spent += took
        slowest = max(slowest, took)
    size_mb = book.files.size_bytes() / 1e6
    print(
        f"{count} sessions written, {2 * count / spent:.0f} events/s ({BATCH} a batch, each synced)"
    )
    print(f"slowest batch {slowest * 1000:.0f} ms, {size_mb:.0f} MB on disk")
    return f"{size_mb * 1e6 / count:.0f} bytes a session"


async def questions(book: Book) -> None:
    day = Range(BEGIN, BEGIN + DAY_S)
    hour = Range(NOON, NOON + 3600)
    one = Range(BEGIN, BEGIN + DAY_S, "live", "cam7")
    middle = ((NOON * 1000), 0)
    asked: list[tuple[str, Callable[[], object]]] = [
        ("viewers, a day, all streams", lambda: book.reader.viewers(day, 60)),
        ("viewers, a day, one stream", lambda: book.reader.viewers(one, 60)),
        ("viewers, an hour, all streams", lambda: book.reader.viewers(hour, 10)),
        ("streams, a day", lambda: book.reader.streams(day)),
        ("sessions, first page", lambda: book.reader.sessions(day, None, None, 101)),
        ("sessions, a page in the middle", lambda: book.reader.sessions(day, None, middle, 101)),
        ("sessions, publishers only", lambda: book.reader.sessions(day, Kind.PUBLISH, None, 101)),
        ("sessions, one stream", lambda: book.reader.sessions(one, Kind.PLAY, None, 101)),
    ]
    for what, question in asked:
        took, gap = [], 0.0
        for _ in range(3):
            begun = time.perf_counter()
            gap = max(gap, await longest_gap(question))
            took.append(time.perf_counter() - begun)
        ms = statistics.median(took) * 1000
        print(f"{what:<36}  {ms:7.0f} ms; the event loop waited {gap * 1000:.0f} ms at most")


async def longest_gap(question: Callable[[], object]) -> float:
    """Run in a thread; return the longest time in which the loop could not run."""
    task = asyncio.create_task(asyncio.to_thread(question))
    longest = 0.0
    while not task.done():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - begun - 0.001)
    await task
    return longest


def upkeep(book: Book, count: int) -> None:
    keeper = Upkeep(book.files, 90, 1 << 60)
    now_ms = (BEGIN + 3 * DAY_S) * 1000
    begun = time.perf_counter()
    slowest = 0.0
    after: int | None = 0
    while after is not None:
        chunk_begun = time.perf_counter()
        after = keeper.cut_chunk(BEGIN // DAY_S, after, now_ms)
        slowest = max(slowest, time.perf_counter() - chunk_begun)
    took = time.perf_counter() - begun
    print(f"{count} addresses shortened in {took:.1f} s, slowest step {slowest * 1000:.0f} ms")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    os.nice(1)
    main()
