"""Routes that bring something new into the library: clips and imports; and what was sent, as it was
sent, for download."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid, NotFound, StreamsteadError
from ...core.log import get_logger
from ..fields import TimeMs
from ..recorder.services import Services, ServicesDep
from ..storage.object_store import ObjectStore
from ..storage.targets import StorageTarget
from .clip import ClipJob, begin_clip
from .delivery import INTERNAL, content_disposition, file_name
from .import_ import Found, Importer, scan_folder
from .import_bucket import list_all, scan_bucket, take_from_bucket
from .own_files import find_original
from .recording import directory_of
from .routes import Id, RecordingBody, RecordingOut, Title, show

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/recordings", tags=["recordings"])

MAX_AT_ONCE = 1000
Origin = Literal["folder", "bucket"]
TargetId = Annotated[str, Field(max_length=64)]


class MakeClip(RecordingBody):
    """Times from the recording's beginning. ``precise``: encoded anew, to the frame; else it begins
    at the key frame before."""

    in_ms: TimeMs
    out_ms: TimeMs
    precise: bool = False
    title: Title = ""


class ScanImports(Body):
    """``target_id``: whose bucket; absent for the default storage."""

    from_: Annotated[Origin, Field(alias="from")]
    target_id: TargetId | None = None


class StartImports(ScanImports):
    """``names`` as they were found."""

    names: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1024)]],
        Field(min_length=1, max_length=MAX_AT_ONCE),
    ]


class Importable(BaseModel):
    """``known``: it is in the library already."""

    name: str
    size_bytes: int
    known: bool


class Importables(BaseModel):
    found: list[Importable]


class ImportsStarted(BaseModel):
    started: int


@router.post("/clip")
async def clip(body: MakeClip, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Cut a piece out of a recording, as a recording of its own."""
    job = ClipJob(body.id, body.in_ms, body.out_ms, body.precise)
    root = services.settings.data.record
    made = await begin_clip(root, services.catalogue, job, body.title, services.clock())
    return Reply(data=(await show(services, made))[0])


@router.post("/import/scan")
async def scan(body: ScanImports, services: ServicesDep, _: SignedIn) -> Reply[Importables]:
    """Look for recordings and files that the library does not have, 1000 at most."""
    if body.from_ == "folder":
        found: Sequence[Found] = await asyncio.to_thread(scan_folder, services.settings.data.record)
    else:
        target, store = await _bucket(services, body.target_id)
        try:
            found = await scan_bucket(store, target, services.catalogue)
        finally:
            await asyncio.to_thread(store.close)
    listed = [Importable(name=it.name, size_bytes=it.size_bytes, known=it.known) for it in found]
    return Reply(data=Importables(found=listed))


@router.post("/import/start")
async def start(body: StartImports, services: ServicesDep, _: SignedIn) -> Reply[ImportsStarted]:
    """Take in what was found. What is not there any more, or known, is passed over."""
    names = list(dict.fromkeys(body.names))
    async with services.importing:
        if body.from_ == "folder":
            started = await _from_folder(services, names)
        else:
            started = await _from_bucket(services, names, body.target_id)
    return Reply(data=ImportsStarted(started=started))


async def _from_folder(services: Services, names: list[str]) -> int:
    root = services.settings.data.record
    there = {one.name for one in await asyncio.to_thread(scan_folder, root)}
    importer = Importer(root, services.catalogue)
    started = 0
    for name in names:
        if name not in there:
            continue
        try:
            started += await importer.take_in(name, services.clock()) is not None
        except OSError as exc:
            log.error("import.failed", name=name, error=exc.strerror)
            raise Invalid(
                f"{name} cannot be taken in: {exc.strerror}",
                "Give the files to the account that Streamstead runs as.",
                key="import_denied",
            ) from None
    return started


async def _from_bucket(services: Services, names: list[str], target_id: str | None) -> int:
    target, store = await _bucket(services, target_id)
    started = 0
    try:
        groups = await asyncio.to_thread(list_all, store, target)
        for name in names:
            if name not in groups:
                continue
            made = await take_from_bucket(
                services.settings.data.record,
                services.catalogue,
                store,
                target,
                name,
                groups[name],
                services.clock(),
            )
            started += made is not None
    except (OSError, sqlite3.Error) as exc:
        raise StreamsteadError(f"the disk does not take it: {exc}", "Make room on it.") from None
    finally:
        await asyncio.to_thread(store.close)
    return started


async def _bucket(services: Services, target_id: str | None) -> tuple[StorageTarget, ObjectStore]:
    wanted = target_id or await services.targets.default_id()
    if not wanted:
        raise NotFound("there is no storage", "Set one up first.", key="storage_unknown")
    target = await services.targets.get(wanted)
    secret = services.targets.secret(target)
    return target, await asyncio.to_thread(ObjectStore, target, secret)


@router.get("/original/{id}", response_class=Response)
async def original(id: Annotated[Id, Path()], services: ServicesDep, _: SignedIn) -> Response:
    """Return a file as it was sent, when no MP4 could be made of it."""
    found = await services.catalogue.get(id)
    path = await asyncio.to_thread(
        find_original, directory_of(services.settings.data.record, found.id)
    )
    if path is None:
        raise NotFound(
            "there is no original of this recording",
            "It is kept only when no MP4 could be made of it.",
            key="recording_file_missing",
        )
    headers = {
        "X-Accel-Redirect": f"{INTERNAL}/{found.id}/{path.name}",
        "Content-Disposition": content_disposition(file_name(found, path.suffix)),
        "Cache-Control": "private, no-cache",
    }
    return Response(headers=headers, media_type="application/octet-stream")
