"""Uploads as the service runs them: real Redis, real S3 server, recordings of random bytes."""

import asyncio
import hashlib
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.core.paths import DataDir
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import (
    MANIFEST_FILE,
    MP4_FILE,
    PLAYLIST_FILE,
    POSTER_FILE,
    Kind,
    Mp4State,
    Recording,
    State,
    UploadState,
    directory_of,
)
from streamstead.hooks.recorder.playlist import EventPlaylist, write_vod
from streamstead.hooks.recorder.segments import (
    Journal,
    KeptSegment,
    SegmentName,
    read_segments,
    sha256_of,
)
from streamstead.hooks.storage.targets import StorageTarget, StorageTargetStore
from streamstead.hooks.storage.upload_settings import UploadSettingsStore
from streamstead.hooks.storage.uploads import Uploads

from ...fault_proxy import FaultProxy
from ...storage_server import SECRET_KEY, SeaweedFS

LIMIT_S = 60.0
MASTER_KEY = b"k" * 32
STARTED_MS = 1_790_000_000_000
SEGMENT_BYTES = 40_000


def noise(size: int, seed: object) -> bytes:
    """Return bytes that are the same for the same seed."""
    return random.Random(str(seed)).randbytes(size)


@dataclass
class House:
    """One recorder's uploads; ``stop`` and ``start`` are an end of the process and a new one."""

    data: DataDir
    redis: Redis
    read_s: float = 5.0
    verified: list[str] = field(default_factory=list)
    _stack: AsyncExitStack | None = None
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        for folder in (self.data.record, self.data.library):
            folder.mkdir(parents=True, exist_ok=True)
        self.targets = StorageTargetStore(self.redis, MASTER_KEY, _ignore)
        self.events = EventStream(self.redis)

    @property
    def db(self) -> Path:
        return self.data.library / "uploads.sqlite"

    async def start(self) -> None:
        self._stack = AsyncExitStack()
        self.catalogue = await Catalogue.open(
            self.data.record, self.data.library / "library.sqlite"
        )
        self._stack.push_async_callback(self.catalogue.close)
        self.uploads = await self._stack.enter_async_context(
            Uploads.opened(
                self.data.record,
                self.db,
                self.catalogue,
                self.targets,
                UploadSettingsStore(self.redis),
                self.events,
                now_ms,
                self.read_s,
            )
        )
        self.uploads.subscribe(lambda one: self.verified.append(one.id))
        self._task = asyncio.create_task(self.uploads.run())

    async def stop(self) -> None:
        while self._task is not None and not self._task.done():
            self._task.cancel()  # again and again, as the runner does: libraries swallow it
            await asyncio.wait([self._task], timeout=0.5)
        if self._stack is not None:
            await self._stack.aclose()
        self._task = self._stack = None

    async def start_again(self, read_s: float) -> None:
        """Begin a new process that gives a silent bucket so much time."""
        await self.stop()
        self.read_s = read_s
        await self.start()

    async def add_target(self, target: StorageTarget) -> None:
        await self.targets.create(target, SECRET_KEY)

    async def recording(self, target_id: str = "t1", **changes: Any) -> Recording:
        """Begin a recording that nobody writes to yet."""
        recording = Recording(
            id=str(uuid.uuid4()),
            kind=Kind.LIVE,
            state=State.RECORDING,
            app="live",
            stream="cam",
            target_id=target_id,
            playlist=True,
            **({"started_ms": STARTED_MS, "upload": UploadState.WAITING} | changes),
        )
        directory_of(self.data.record, recording.id).mkdir()
        await self.catalogue.add(recording)
        return recording

    def segment_name(self, n: int) -> str:
        return str(SegmentName(n, 100 + n, n, 2000, "ab12"))

    async def segments(self, id_: str, count: int, size: int = SEGMENT_BYTES) -> None:
        """The media server finishes so many more segments."""
        folder = directory_of(self.data.record, id_)
        known = read_segments(folder)
        playlist = EventPlaylist(folder)
        for n in range(len(known), len(known) + count):
            name = self.segment_name(n)
            raw = noise(size, f"{id_}{n}")
            (folder / name).write_bytes(raw)
            at_ms = STARTED_MS + (n + 1) * 2000
            known.append(
                KeptSegment(
                    n, name, 100 + n, n, 2000, size, sha256_of(folder / name), "ab12", False, at_ms
                )
            )
            Journal(folder).append(known[-1])
        playlist.rewrite(known)
        await self.catalogue.progress(
            id_,
            duration_ms=2000 * len(known),
            size_bytes=sum(one.bytes for one in known),
            segments=len(known),
        )

    async def finish(self, id_: str, mp4_bytes: int = 0) -> None:
        """The recording is over, and everything that is made of it is there."""
        folder = directory_of(self.data.record, id_)
        write_vod(folder, read_segments(folder))
        await self.catalogue.change(
            id_,
            state=State.FINISHING,
            ended_ms=STARTED_MS + 60_000,
            mp4=Mp4State.WAITING if mp4_bytes else Mp4State.OFF,
        )
        (folder / POSTER_FILE).write_bytes(noise(5_000, f"{id_}poster"))
        if mp4_bytes:
            (folder / MP4_FILE).write_bytes(noise(mp4_bytes, f"{id_}mp4"))
        (folder / MANIFEST_FILE).write_bytes(b'{"version":1}')
        await self.catalogue.change(
            id_,
            state=State.READY,
            mp4=Mp4State.READY if mp4_bytes else Mp4State.OFF,
            mp4_bytes=mp4_bytes,
        )

    async def finished(self, count: int = 3, mp4_bytes: int = 0, **changes: Any) -> Recording:
        """Return a recording that is over."""
        recording = await self.recording(**changes)
        await self.segments(recording.id, count)
        await self.finish(recording.id, mp4_bytes)
        return recording

    def expected(self, id_: str) -> dict[str, str]:
        """Return name -> SHA-256 of all that belongs into the bucket."""
        folder = directory_of(self.data.record, id_)
        return {
            path.name: sha256_of(path)
            for path in folder.iterdir()
            if path.suffix in (".ts", ".m3u8", ".jpg", ".vtt", ".mp4") or path.name == MANIFEST_FILE
        }

    async def until(
        self, id_: str, check: Callable[[Recording], Any], what: str, limit_s: float = LIMIT_S
    ) -> Recording:
        """Wait for the catalogue to say so of a recording; return it."""
        end = asyncio.get_running_loop().time() + limit_s
        while True:
            found = await self.catalogue.get(id_)
            if check(found):
                return found
            assert self._task is None or not self._task.done(), self._task
            assert asyncio.get_running_loop().time() < end, (
                f"not within {limit_s} s: {what}: {found}"
            )
            await asyncio.sleep(0.02)

    async def until_verified(self, id_: str) -> Recording:
        return await self.until(id_, lambda one: one.upload is UploadState.VERIFIED, "verified")

    async def until_told(self, type_: str) -> None:
        """Wait for an event of this type."""
        end = asyncio.get_running_loop().time() + LIMIT_S
        while not await self.events_of(type_):
            assert asyncio.get_running_loop().time() < end, f"no {type_} within {LIMIT_S} s"
            await asyncio.sleep(0.05)

    async def events_of(self, *types: str) -> list[dict[str, Any]]:
        """Return the events of these types, oldest first, each with its data."""
        found = [fields for _, fields in await self.redis.xrange(EventStream.KEY)]
        return [
            {"type": one["type"], **orjson.loads(one["data"])}
            for one in found
            if one["type"] in types
        ]


@pytest.fixture
async def house(
    tmp_path: Path, redis: Redis, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy
) -> AsyncIterator[House]:
    """Uploads to one bucket, through the proxy."""
    house = House(DataDir(tmp_path), redis)
    await house.add_target(seaweed.target(bucket, proxy.endpoint, prefix="/tv/"))
    await house.start()
    yield house
    await house.stop()


async def _ignore(_: str) -> None:
    return


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def in_bucket(client: Any, bucket: str, folder: str) -> dict[str, str]:
    """Return name -> SHA-256 of every object below a folder, by reading it."""
    found = {}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/")
    for page in pages:
        for one in page.get("Contents", []):
            body = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            name = one["Key"].removeprefix(f"{folder}/")
            found[name] = hashlib.sha256(body).hexdigest()
    return found


def puts(seen: list[tuple[str, str]]) -> "Counter[str]":
    """Return how often each object, or part of one (``name#number``), was sent; the playlist, which
    grows, left out."""
    found: Counter[str] = Counter()
    for method, path in seen:
        parts = urlsplit(path)
        name = parts.path.rsplit("/", 1)[-1]
        if method == "PUT" and name != PLAYLIST_FILE:
            number = parse_qs(parts.query).get("partNumber")
            found[f"{name}#{number[0]}" if number else name] += 1
    return found
