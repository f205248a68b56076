"""Take in what lies in a bucket and is in no library: recordings that went there once, playlists
with their segments, and single files.

What has a manifest of ours stays in the bucket and is played from there. Anything else is fetched
first: ``record/<id>/import.json`` says what.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import NotFound
from ...core.files import write_atomic
from ...core.log import get_logger
from ...core.names import is_recording_id
from ..recorder.child import MediaFailed
from ..recorder.mp4 import settle
from ..recorder.playlist import write_vod
from ..recorder.segments import Journal, KeptSegment, SegmentName
from ..storage.errors import StorageFailed
from ..storage.object_store import ObjectFacts, ObjectStore
from ..storage.targets import StorageTarget
from .buckets import Buckets
from .catalogue import Catalogue
from .convert import convert
from .import_ import FILES, Found, adopt
from .own_files import original_name
from .recording import (
    MANIFEST_FILE,
    MP4_FILE,
    PLAYLIST_FILE,
    POSTER_FILE,
    SPRITE_FILE,
    SPRITE_MAP_FILE,
    Hole,
    HoleReason,
    Kind,
    Mp4State,
    Recording,
    State,
    UploadState,
    directory_of,
)
from .tus import no_room

log = get_logger(__name__)

ORDER_FILE = "import.json"
MAX_OBJECTS = 100_000
MAX_FOUND = 1000
MAX_MANIFEST = 64_000_000
MAX_SMALL = 8_000_000
MAX_NUMBER = 1 << 53
MAX_WORDS = 200


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched into a directory: ``(key, size)`` each."""

    target_id: str
    objects: list[tuple[str, int]]


def read_order(directory: Path) -> Order | None:
    """Return what is to be fetched; None when there is nothing (any more)."""
    try:
        return Order(**orjson.loads((directory / ORDER_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def list_all(store: ObjectStore, target: StorageTarget) -> dict[str, list[ObjectFacts]]:
    """Return the objects below the prefix by what could be taken in: a directory's name with a
    slash, or a single file's. Blocks. Raises StorageFailed."""
    lead = target.key_of("")
    groups: dict[str, list[ObjectFacts]] = {}
    after, count = "", 0
    while count < MAX_OBJECTS:
        objects, more = store.list_objects(lead, after)
        for one in objects:
            name = one.key.removeprefix(lead)
            folder, slash, _ = name.rpartition("/")
            if slash or Path(name).suffix.lower() in FILES:
                groups.setdefault(folder + slash if slash else name, []).append(one)
        count += len(objects)
        if more is None:
            break
        after = more
    return {name: some for name, some in groups.items() if _is_media(some)}


def _is_media(objects: list[ObjectFacts]) -> bool:
    names = [one.key.rpartition("/")[2] for one in objects]
    return (
        MANIFEST_FILE in names
        or PLAYLIST_FILE in names
        or any(Path(name).suffix.lower() in FILES - {".ts"} for name in names)
        or (len(names) == 1 and names[0].endswith(".ts"))
    )


async def scan_bucket(
    store: ObjectStore, target: StorageTarget, catalogue: Catalogue
) -> list[Found]:
    """Return what could be taken in, 1000 at most. Raises StorageFailed."""
    groups = await asyncio.to_thread(list_all, store, target)
    found = []
    for name, objects in sorted(groups.items())[:MAX_FOUND]:
        known = is_recording_id(name.rstrip("/")) and await _has(catalogue, name.rstrip("/"))
        found.append(Found(name, sum(one.size for one in objects), known))
    return found


async def _has(catalogue: Catalogue, id_: str) -> bool:
    try:
        await catalogue.get(id_)
    except NotFound:
        return False
    return True


async def take_from_bucket(
    root: Path,
    catalogue: Catalogue,
    store: ObjectStore,
    target: StorageTarget,
    name: str,
    objects: list[ObjectFacts],
    now_ms: int,
) -> Recording | None:
    """Take in one thing that was found; None when the library has it. Raises StorageFailed,
    OSError."""
    id_ = name.rstrip("/")
    if is_recording_id(id_) and await _has(catalogue, id_):
        return None
    names = {one.key.rpartition("/")[2] for one in objects}
    made = None
    if is_recording_id(id_) and MANIFEST_FILE in names:
        made = await asyncio.to_thread(_restore, root, store, target, id_, objects, now_ms)
    if made is None:
        made = await asyncio.to_thread(_order, root, target, name, objects, now_ms)
    await catalogue.add(made)
    log.info("recording.imported", id=made.id, from_bucket=True)
    return made


def _restore(
    root: Path,
    store: ObjectStore,
    target: StorageTarget,
    id_: str,
    objects: list[ObjectFacts],
    now_ms: int,
) -> Recording | None:
    """Build a recording that stays in the bucket; None when its manifest is none of ours."""
    sizes = {one.key.rpartition("/")[2]: one.size for one in objects}
    lead = target.key_of(id_)
    raw = store.get_bytes(f"{lead}/{MANIFEST_FILE}", MAX_MANIFEST)
    directory = directory_of(root, id_)
    try:
        told = orjson.loads(raw)
        segments = [_segment(one) for one in told["segments"]]
        made = Recording(
            id=id_,
            kind=Kind(told["kind"]),
            state=State.READY,
            vhost=str(told["vhost"])[:MAX_WORDS],
            app=str(told["app"])[:MAX_WORDS],
            stream=str(told["stream"])[:MAX_WORDS],
            title=str(told["title"])[:MAX_WORDS],
            started_ms=int(told["started_ms"]),
            ended_ms=int(told["ended_ms"] or now_ms),
            duration_ms=int(told["duration_ms"]),
            size_bytes=sum(one.bytes for one in segments),
            segments=len(segments),
            playlist=PLAYLIST_FILE in sizes and bool(segments),
            mp4=Mp4State.READY if MP4_FILE in sizes else Mp4State.OFF,
            mp4_bytes=sizes.get(MP4_FILE, 0),
            holes=tuple(
                Hole(
                    int(one["at_ms"]),
                    int(one["missing_ms"]),
                    HoleReason(one["reason"]),
                    str(one.get("detail", "")),
                )
                for one in told["holes"]
            ),
            wants=(),
            local=False,
            target_id=target.id,
            prefix=target.prefix.strip("/"),
            upload=UploadState.VERIFIED,
            uploaded_bytes=sum(sizes.values()),
            upload_bytes=sum(sizes.values()),
            verified_ms=now_ms,
        )
        if not all(0 <= number < MAX_NUMBER for number in _numbers(made, segments)):
            raise ValueError("a number that none can be")
    except (ValueError, KeyError, TypeError) as exc:
        log.warning("import.manifest", id=id_, error=type(exc).__name__)
        return None
    directory.mkdir(0o750, exist_ok=True)
    write_atomic(directory / MANIFEST_FILE, raw, 0o640)
    (directory / "segments.jsonl").unlink(missing_ok=True)
    journal = Journal(directory)
    for segment in segments:
        journal.append(segment)
    if made.playlist:
        # Not the bucket's own: viewers go wherever a playlist sends them.
        write_vod(directory, segments)
    got = set()
    for small in (POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE):
        if small in sizes:
            with suppress(StorageFailed):
                content = store.get_bytes(f"{lead}/{small}", MAX_SMALL)
                write_atomic(directory / small, content, 0o640)
                got.add(small)
    return _with(made, poster=POSTER_FILE in got, sprite=SPRITE_FILE in got)


def _numbers(made: Recording, segments: list[KeptSegment]) -> Iterator[int]:
    yield from (made.started_ms, made.ended_ms or 0, made.duration_ms, made.size_bytes)
    yield from (made.mp4_bytes, made.upload_bytes)
    for hole in made.holes:
        yield from (hole.at_ms, hole.missing_ms)
    for one in segments:
        yield from (one.n, one.source, one.seq, one.ms, one.bytes)


def _with(recording: Recording, **changes: Any) -> Recording:
    return Recording.from_json(orjson.dumps(asdict(recording) | changes))


def _segment(told: dict[str, Any]) -> KeptSegment:
    name = SegmentName.read(str(told["name"]))
    if name is None:
        raise ValueError("no name of a segment")
    return KeptSegment(
        n=name.n,
        name=str(name),
        source=name.source,
        seq=name.seq,
        ms=int(told["ms"]),
        bytes=int(told["bytes"]),
        sha256=str(told["sha256"]),
        run=name.run,
        discontinuity=bool(told["discontinuity"]),
        at_ms=0,
    )


def _order(
    root: Path, target: StorageTarget, name: str, objects: list[ObjectFacts], now_ms: int
) -> Recording:
    id_ = str(uuid.uuid4())
    directory = directory_of(root, id_)
    directory.mkdir(0o750)
    wanted = [(one.key, one.size) for one in objects if _is_wanted(one.key)]
    order = Order(target.id, wanted)
    write_atomic(directory / ORDER_FILE, orjson.dumps(asdict(order)), 0o640)
    begun = min((one.modified_ms for one in objects if one.modified_ms), default=now_ms)
    return Recording(
        id=id_,
        kind=Kind.IMPORT,
        state=State.FINISHING,
        app="",
        stream="",
        title=name.rstrip("/")[:200],
        started_ms=begun,
        ended_ms=begun,
        size_bytes=sum(size for _, size in wanted),
        mp4=Mp4State.WAITING,
        wants=(),
    )


def _is_wanted(key: str) -> bool:
    name = key.rpartition("/")[2]
    return name == PLAYLIST_FILE or Path(name).suffix.lower() in FILES


async def fetch(
    order: Order,
    recording: Recording,
    directory: Path,
    buckets: Buckets,
    room: Callable[[], int],
) -> dict[str, Any]:
    """Fetch what was ordered, then make a recording of it; return what changes. What is here
    already is not fetched again. Raises StorageFailed, NoRoom, OSError when it cannot be now."""
    bucket = await buckets.of(_with(recording, target_id=order.target_id))
    if bucket is None:
        return _lost("its storage was removed")
    try:
        await asyncio.to_thread(_fetch, order, directory, bucket.store, room)
    except StorageFailed as exc:
        if exc.retry:
            raise
        return _lost(exc.message)
    changes = await adopt(directory)
    if not changes["segments"] and "mp4" not in changes:
        try:
            changes = await convert(directory, room)
        except MediaFailed as exc:
            return _lost(exc.message)
    await asyncio.to_thread((directory / ORDER_FILE).unlink, missing_ok=True)
    return changes


def _fetch(order: Order, directory: Path, store: ObjectStore, room: Callable[[], int]) -> None:
    single = len(order.objects) == 1
    names = {Path(key).name for key, _ in order.objects}
    for key, size in order.objects:
        name = Path(key).name
        if single or (PLAYLIST_FILE not in names and name != MP4_FILE and not name.endswith(".ts")):
            name = original_name(name)
        path = directory / name
        if path.is_file() and path.stat().st_size == size:
            continue
        if room() < size:
            raise no_room()
        temporary = directory / f".{name}"
        try:
            with temporary.open("wb") as file:
                for block in store.read(key, most=size):
                    file.write(block)
            if temporary.stat().st_size != size:
                raise StorageFailed.of("storage_unreachable", "the file came in part only")
            settle(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def _lost(why: str) -> dict[str, Any]:
    return {
        "state": State.FAILED,
        "mp4": Mp4State.OFF,
        "problem": "import_failed",
        "problem_text": f"it could not be fetched from the bucket: {why}",
        "problem_help": "Delete it, test the storage, and import it again.",
    }
