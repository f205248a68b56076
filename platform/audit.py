"""The audit log for the page: newest first, read from the end of the files."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.files import open_to_read
from .services import ServicesDep

router = APIRouter(prefix=f"{API}/mgmt/audit", tags=["audit"])

MAX_SCANNED_BYTES = 32 * 1024 * 1024
"""One question reads no more, whatever the filter; ``older`` leads on."""
_BLOCK = 65_536


class AuditEntry(BaseModel):
    """One deed. ``result``: ok, or the key of the refusal. ``id`` is for ``before``."""

    id: str
    at_ms: int
    who: str
    what: str
    target: str
    address: Annotated[str, Field(serialization_alias="from", validation_alias="from")]
    result: str


class AuditQuery(Body):
    """``who`` and ``what``: parts of the texts. ``before``: the ``older`` of the last answer."""

    before: Annotated[str, Field(max_length=40, pattern=r"^(\d{4}-\d\d:\d{1,15})?$")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    who: Annotated[str, Field(max_length=100)] = ""
    what: Annotated[str, Field(max_length=100)] = ""


class AuditPage(BaseModel):
    """``older``: more may lie before; empty at the end."""

    entries: list[AuditEntry]
    older: str


@router.post("/query")
async def query_audit(
    services: ServicesDep, _who: SignedIn, body: AuditQuery | None = None
) -> Reply[AuditPage]:
    """Tell who did what, newest first."""
    asked = body or AuditQuery()
    return Reply(data=await asyncio.to_thread(_page, services.data.audit, asked))


def _page(folder: Path, asked: AuditQuery) -> AuditPage:
    entries: list[AuditEntry] = []
    scanned = 0
    for where, line in _backwards(folder, asked.before):
        scanned += len(line) + 1
        entry = _entry(where, line)
        if entry is not None and _fits(entry, asked):
            entries.append(entry)
        if len(entries) == asked.limit or scanned > MAX_SCANNED_BYTES:
            return AuditPage(entries=entries, older=where)
    return AuditPage(entries=entries, older="")


def _fits(entry: AuditEntry, asked: AuditQuery) -> bool:
    what = f"{entry.what} {entry.target}".lower()
    return asked.who.lower() in entry.who.lower() and asked.what.lower() in what


def _entry(where: str, line: bytes) -> AuditEntry | None:
    try:
        return AuditEntry.model_validate({"id": where, **orjson.loads(line)})
    except (ValueError, TypeError):
        return None  # half a line, of a machine that lost its power


def _backwards(folder: Path, before: str) -> Iterator[tuple[str, bytes]]:
    """Yield (position, line) from the newest to the oldest; ``position`` is where it begins."""
    month, _, raw = before.partition(":")
    for path in sorted(folder.glob("[0-9]*.jsonl"), reverse=True):
        if month and path.stem > month:
            continue
        end = int(raw) if path.stem == month else None
        for offset, line in _lines_backwards(path, end):
            yield f"{path.stem}:{offset}", line


def _lines_backwards(path: Path, end: int | None) -> Iterator[tuple[int, bytes]]:
    with suppress(OSError), open_to_read(path) as file:
        size = file.seek(0, os.SEEK_END)
        at = size if end is None else min(end, size)
        rest = b""
        while at > 0:
            step = min(_BLOCK, at)
            at -= step
            file.seek(at)
            lines = (file.read(step) + rest).split(b"\n")
            rest = lines[0]
            offset = at + len(rest) + 1
            begins = []
            for line in lines[1:]:
                begins.append((offset, line))
                offset += len(line) + 1
            for one in reversed(begins):
                if one[1]:
                    yield one
        if rest:
            yield 0, rest
