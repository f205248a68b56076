"""Routes by which the manager keeps backups in the default bucket.

They lie where nginx lets nobody in, and need the secret of this machine's own programs besides. A
file is named by its id alone and lies in the folder of backups.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from ...core.app import Body, Reply
from ...core.errors import Conflict, Forbidden
from ...core.log import get_logger
from ..library.buckets import Buckets
from ..recorder.services import Services, ServicesDep
from .backups import BucketBackups

log = get_logger(__name__)
router = APIRouter(prefix="/internal/backups", include_in_schema=False)

_known: dict[str, dict[str, Any]] = {}
"""What lies beside backups, which never changes under its tag."""

_ID = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$"
BackupName = Annotated[str, Field(pattern=_ID)]
Secret = Annotated[str, Header(alias="X-Streamstead-Hook")]


class BackupUpload(Body):
    id: BackupName


class BackupRemoval(Body):
    ids: Annotated[list[BackupName], Field(max_length=100)]


def _check(services: Services, secret: str) -> None:
    wanted = services.settings.hook_secret.get_secret_value()
    if not hmac.compare_digest(secret.encode(), wanted.encode()):
        raise Forbidden("this call is for programs of this machine", "Use the calls of the API.")


async def _default(services: Services) -> BucketBackups | None:
    """Return the bucket; None where no storage is set up. Raises StorageFailed, SealBroken."""
    id_ = await services.targets.default_id()
    if not id_:
        return None
    target = await services.targets.get(id_)
    return BucketBackups(await Buckets(services.targets).store(target), _known)


async def _needed(services: Services) -> BucketBackups:
    found = await _default(services)
    if found is None:
        raise Conflict(
            "no storage is set up", "Add one under Storage first.", key="backup_no_bucket"
        )
    return found


@router.post("/list")
async def contents(services: ServicesDep, secret: Secret, _: Body) -> Reply[dict[str, Any]]:
    """List the backups in the bucket."""
    _check(services, secret)
    bucket = await _default(services)
    if bucket is None:
        return Reply(data={"target": "", "backups": []})
    found = await asyncio.to_thread(bucket.contents)
    return Reply(data={"target": await services.targets.default_id(), "backups": found})


@router.post("/upload")
async def upload(body: BackupUpload, services: ServicesDep, secret: Secret) -> Reply[None]:
    """Bring one from the folder of backups into the bucket."""
    _check(services, secret)
    bucket = await _needed(services)
    await asyncio.to_thread(bucket.upload, services.settings.data.backups, body.id)
    log.info("backup.uploaded", id=body.id)
    return Reply(data=None)


@router.post("/remove")
async def remove(body: BackupRemoval, services: ServicesDep, secret: Secret) -> Reply[None]:
    """Remove some from the bucket."""
    _check(services, secret)
    await asyncio.to_thread((await _needed(services)).remove, body.ids)
    return Reply(data=None)


@router.get("/file")
async def file(
    services: ServicesDep,
    secret: Secret,
    id_: Annotated[str, Query(alias="id", pattern=_ID)],
) -> StreamingResponse:
    """Return the bytes of one."""
    _check(services, secret)
    blocks = await asyncio.to_thread((await _needed(services)).read, id_)
    first = await asyncio.to_thread(next, blocks, b"")
    return StreamingResponse(_pieces(first, blocks), media_type="application/octet-stream")


async def _pieces(first: bytes, blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
