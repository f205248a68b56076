"""Cut a piece out of a recording, as a recording of its own.

Without encoding it begins at the key frame before ``in``; precise ones are encoded anew. What it is
made of: the MP4, else segments, else what the bucket has of either.
"""

import asyncio
import errno
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import Conflict, Invalid, NotFound
from ...core.files import copy_durably, write_atomic
from ...core.log import get_logger
from ..recorder.child import MediaFailed, run_media
from ..recorder.manifest import mp4_parts
from ..recorder.mp4 import limit_s, make_mp4, part_name, settle
from ..recorder.probe import MediaFacts, probe
from ..recorder.segments import KeptSegment, read_segments
from .buckets import Bucket, Buckets
from .catalogue import Catalogue
from .convert import encode_limit_s, encoder, facts_of
from .recording import MP4_FILE, Kind, Mp4State, Recording, State, directory_of

log = get_logger(__name__)

JOB_FILE = "clip.json"
LEAST_MS = 100
SLACK_MS = 2000
"""Lengths of files and of recordings differ by a little."""

NEAR_MS = 120
"""A key frame that is so little behind ``in`` is meant: sound begins a little before the picture.
"""

SIGNED_S = 3600
_SOURCE = ".source"
# Whatever lies there is read as an MP4 or not at all: a playlist would name other addresses.
_MP4 = ["-f", "mov"]
_LOCAL = ["-protocol_whitelist", "file", *_MP4]
_REMOTE = ["-protocol_whitelist", "http,https,tcp,tls", "-rw_timeout", "20000000", *_MP4]


@dataclass(frozen=True, slots=True)
class ClipJob:
    """``record/<id>/clip.json``: what is still to be cut; times from the source's beginning."""

    source_id: str
    in_ms: int
    out_ms: int
    precise: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the source: where it lies and which time of the source it holds."""

    address: str
    options: list[str]
    begin_ms: int
    end_ms: int
    bytes: int


def read_job(directory: Path) -> ClipJob | None:
    """Return what is to be cut; None when there is nothing (any more)."""
    try:
        return ClipJob(**orjson.loads((directory / JOB_FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


async def begin_clip(
    root: Path, catalogue: Catalogue, job: ClipJob, title: str, now_ms: int
) -> Recording:
    """Enter a clip that is to be made. Raises NotFound, Invalid, Conflict, OSError."""
    source = await catalogue.get(job.source_id)
    if source.state in (State.DELETING, State.FAILED):
        raise Conflict(
            "nothing can be cut out of this recording",
            "It is being deleted, or nothing usable is in it.",
            key="clip_source",
        )
    length_ms = source.duration_ms + SLACK_MS
    if job.out_ms - job.in_ms < LEAST_MS or job.in_ms >= length_ms or job.out_ms > length_ms:
        raise Invalid(
            "the clip does not lie within the recording",
            f"Choose in and out between 0 and {source.duration_ms} ms.",
            key="clip_range",
        )
    made = Recording(
        id=str(uuid.uuid4()),
        kind=Kind.CLIP,
        state=State.FINISHING,
        vhost=source.vhost,
        app=source.app,
        stream=source.stream,
        started_ms=source.started_ms + job.in_ms,
        ended_ms=min(now_ms, source.started_ms + job.out_ms),
        title=" ".join(title.split()) or _title(source),
        duration_ms=job.out_ms - job.in_ms,
        mp4=Mp4State.WAITING,
        source_id=source.id,
        wants=(),
        target_id=source.target_id,
        prefix=source.prefix,
    )
    await asyncio.to_thread(_write_job, directory_of(root, made.id), job)
    await catalogue.add(made)
    return made


def _title(source: Recording) -> str:
    return f"{source.title or source.url or source.id} (clip)"[:200]


def _write_job(directory: Path, job: ClipJob) -> None:
    directory.mkdir(0o750)
    write_atomic(directory / JOB_FILE, orjson.dumps(asdict(job)), 0o640)


async def make_clip(
    job: ClipJob, directory: Path, root: Path, catalogue: Catalogue, buckets: Buckets
) -> dict[str, Any]:
    """Cut; return what changes in the clip. May be done again.

    Raises MediaFailed when it cannot be, OSError or StorageFailed when it cannot be now.
    """
    try:
        source = await catalogue.get(job.source_id)
    except NotFound:
        raise MediaFailed("the recording that it is cut out of was deleted") from None
    try:
        parts = await _parts_of(source, job, directory, root, buckets)
        made: list[tuple[Path, MediaFacts]] = []
        for part in parts:
            if job.in_ms < part.end_ms and job.out_ms > part.begin_ms:
                made.append(await _cut(job, part, directory / f".{part_name(len(made))}"))
        if not made:
            raise MediaFailed("there is nothing at this time of the recording")
        for path, _ in made:
            await asyncio.to_thread(settle, path, directory / path.name.removeprefix("."))
    finally:
        await asyncio.to_thread(shutil.rmtree, directory / _SOURCE, ignore_errors=True)
    files = await asyncio.to_thread(mp4_parts, directory)
    changes = facts_of(made[0][1], sum(path.stat().st_size for path in files))
    changes["duration_ms"] = sum(facts.duration_ms for _, facts in made)
    await asyncio.to_thread((directory / JOB_FILE).unlink, missing_ok=True)
    return changes


async def _cut(job: ClipJob, part: _Part, target: Path) -> tuple[Path, MediaFacts]:
    begin_ms = max(job.in_ms, part.begin_ms) - part.begin_ms
    length_ms = min(job.out_ms, part.end_ms) - part.begin_ms - begin_ms
    how, limit = ["-c", "copy", "-avoid_negative_ts", "make_zero"], limit_s(part.bytes)
    if not job.precise:
        skipped_ms = min(NEAR_MS, length_ms // 2)
        begin_ms, length_ms = begin_ms + skipped_ms, length_ms - skipped_ms
    else:
        how, limit = encoder(), encode_limit_s(length_ms, part.bytes)
    try:
        await run_media(
            [
                *("ffmpeg", "-v", "error", "-nostdin", "-y", *part.options),
                *("-ss", f"{begin_ms / 1000:.3f}", "-i", part.address),
                *("-t", f"{length_ms / 1000:.3f}", "-map", "0:V:0?", "-map", "0:a:0?"),
                *(*how, "-movflags", "+faststart", "-f", "mp4", f"file:{target}"),
            ],
            limit_s=limit,
        )
    except MediaFailed as exc:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        if part.options is _REMOTE and exc.key != "media_timeout":
            # Its words could hold the address, which opens the bucket.
            raise MediaFailed("the bucket's copy of the recording could not be read") from None
        raise
    facts = await probe(target)
    if facts is None:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise MediaFailed("there is nothing at this time of the recording")
    return target, facts


async def _parts_of(
    source: Recording, job: ClipJob, directory: Path, root: Path, buckets: Buckets
) -> list[_Part]:
    origin = directory_of(root, source.id)
    if source.mp4 is Mp4State.READY:
        files = await asyncio.to_thread(mp4_parts, origin)
        if files:
            return await _parts(files, 0)
    kept = await asyncio.to_thread(read_segments, origin)
    wanted, begin_ms = _overlapping(kept, job)
    there = await asyncio.to_thread(_all_there, origin, wanted)
    if wanted and there:
        await asyncio.to_thread(_link, origin, directory / _SOURCE, wanted)
        return await _parts(await make_mp4(directory / _SOURCE, wanted), begin_ms)
    bucket = await buckets.of(source)
    if bucket is None:
        raise MediaFailed("the files of the recording are not there")
    lead = "/".join(part for part in (source.prefix, source.id) if part)
    if source.mp4 is Mp4State.READY and (source.upload_what != "segments" or not wanted):
        link = await asyncio.to_thread(bucket.store.presign, f"{lead}/{MP4_FILE}", SIGNED_S)
        end_ms = source.duration_ms + SLACK_MS
        return [_Part(link, _REMOTE, 0, end_ms, source.mp4_bytes)]
    if not wanted:
        raise MediaFailed("the bucket has nothing of this time of the recording")
    await asyncio.to_thread(_fetch, bucket, lead, directory / _SOURCE, wanted)
    return await _parts(await make_mp4(directory / _SOURCE, wanted), begin_ms)


async def _parts(files: Sequence[Path], begin_ms: int) -> list[_Part]:
    found = []
    for path in files:
        facts = await probe(path)
        length_ms = facts.duration_ms if facts else 0
        size = (await asyncio.to_thread(path.stat)).st_size
        found.append(_Part(f"file:{path}", _LOCAL, begin_ms, begin_ms + length_ms, size))
        begin_ms += length_ms
    return found


def _overlapping(segments: list[KeptSegment], job: ClipJob) -> tuple[list[KeptSegment], int]:
    """Return the segments of that time, and where the first of them begins."""
    found: list[KeptSegment] = []
    begin_ms = at_ms = 0
    for one in segments:
        if at_ms < job.out_ms and at_ms + one.ms > job.in_ms:
            if not found:
                begin_ms = at_ms
            found.append(one)
        at_ms += one.ms
    return found, begin_ms


def _all_there(directory: Path, segments: list[KeptSegment]) -> bool:
    return all((directory / one.name).is_file() for one in segments)


def _link(origin: Path, target: Path, segments: list[KeptSegment]) -> None:
    """They stay there for us, though the recording is deleted meanwhile."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(0o750)
    for one in segments:
        try:
            os.link(origin / one.name, target / one.name)
        except OSError as exc:
            if exc.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise
            copy_durably(origin / one.name, target / one.name)


def _fetch(bucket: Bucket, lead: str, target: Path, segments: list[KeptSegment]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(0o750)
    for one in segments:
        with (target / one.name).open("wb") as file:
            for block in bucket.store.read(f"{lead}/{one.name}", most=one.bytes):
                file.write(block)
