"""What this part adds to the manager: backups, the way back to one, and their schedule."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from ...core.errors import Invalid
from ..house import House, Part
from ..http import body, get, post
from ..state_file import StateFile
from .bucket import Bucket
from .faults import NoBucket, PassphraseNeeded
from .jobs import Jobs
from .schedule import Schedule, ScheduleState, now_ms
from .shelf import Shelf, entry

MIN_PASSPHRASE = 8

MOVE = [
    "Make a backup on the old server and copy the file to the new one, outside of its data "
    "directory.",
    "On the new server: ./bootstrap --restore FILE --passphrase-file FILE. Ports, keys, outputs, "
    "certificates and everything else come with it; ports given to bootstrap come before those of "
    "the backup.",
    "Point the domain to the new server, then stop the old one: streamstead stop. Both at once "
    "would send to the same destinations.",
]
"""How to take the house to another server."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreateAsked(_Asked):
    passphrase: str | None = None
    recordings: bool = False
    to: Literal["file", "bucket"] = "file"
    unencrypted: bool = False


class OneAsked(_Asked):
    id: str


class RestoreAsked(_Asked):
    id: str
    passphrase: str = ""
    password: SecretStr | None = None


class ScheduleAsked(_Asked):
    enabled: bool | None = None
    at: str | None = None
    zone: str | None = None
    days: list[int] | None = None
    keep: int | None = None
    to: Literal["file", "bucket"] | None = None
    recordings: bool | None = None
    passphrase: str | None = None


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    shelf = Shelf(house.settings)
    jobs = Jobs(house, shelf)
    schedule = Schedule(StateFile(house.folder, "backup", ScheduleState), jobs, shelf, now_ms)

    async def listed(_: Request) -> Any:
        here, away = await shelf.here(), await shelf.in_bucket()
        entries = [entry(one, "file") for one in here]
        entries += [entry(one, "bucket") for one in away.found]
        return {
            "backups": sorted(entries, key=lambda one: int(one["at_ms"]), reverse=True),
            "running": _shown(jobs.running),
            "last": _shown(jobs.last),
            "free_bytes": shelf.free_bytes(),
            "bucket": away.there,
            "bucket_problem": away.problem,
            "move": MOVE,
        }

    async def create(request: Request) -> Any:
        asked = await body(request, CreateAsked)
        passphrase = asked.passphrase or schedule.state.passphrase or None
        if asked.unencrypted and not asked.passphrase:
            if asked.to == "bucket":
                raise PassphraseNeeded
            passphrase = None
        elif passphrase is None:
            raise PassphraseNeeded
        _check_passphrase(passphrase)
        if asked.to == "bucket":
            shelf.forget()
            if not (await shelf.in_bucket()).there:
                raise NoBucket
        return jobs.create(passphrase, asked.recordings, asked.to, "operator")

    async def remove(request: Request) -> Any:
        await shelf.remove((await body(request, OneAsked)).id)

    async def restore(request: Request) -> Any:
        asked = await body(request, RestoreAsked)
        await house.passwords.prove(request, asked.password)
        info, where = await shelf.find(asked.id)
        if info.encrypted and not asked.passphrase:
            raise PassphraseNeeded
        return jobs.restore(asked.id, asked.passphrase or None, where)

    async def download(request: Request) -> Response:
        id_ = request.query_params.get("id", "")
        _, where = await shelf.find(id_)
        if where == "file":
            return FileResponse(shelf.path(id_), media_type="application/octet-stream")
        blocks = Bucket(house.settings).download(id_)
        # The first piece tells whether there are any, while an error can still be answered.
        first = await asyncio.to_thread(next, blocks, b"")
        return StreamingResponse(_in_thread(first, blocks), media_type="application/octet-stream")

    async def query_schedule(_: Request) -> Any:
        return schedule.state.shown(now_ms())

    async def update_schedule(request: Request) -> Any:
        asked = await body(request, ScheduleAsked)
        changes = asked.model_dump(exclude_none=True)
        _check_passphrase(changes.get("passphrase"))
        schedule.update(changes)
        return schedule.state.shown(now_ms())

    return Part(
        routes=[
            get("/v1/backup/list", listed),
            post("/v1/backup/create", create),
            post("/v1/backup/remove", remove),
            post("/v1/backup/restore", restore),
            get("/v1/backup/schedule/query", query_schedule),
            post("/v1/backup/schedule/update", update_schedule),
            Route("/v1/backup/download", download),
        ],
        loops=[jobs.run(), schedule.run()],
    )


def _shown(job: BaseModel | None) -> Any:
    return None if job is None else job.model_dump()


def _check_passphrase(passphrase: str | None) -> None:
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise Invalid(
            f"the passphrase is shorter than {MIN_PASSPHRASE} characters",
            "Take a longer one, several words for example.",
            key="backup_passphrase_short",
        )


async def _in_thread(first: bytes, blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
