"""Resumable uploads of own files, tus 1.0: core, creation, termination, checksum, expiration.

Who calls is asked before any byte of a body is read. ``GET`` on the collection, which tus leaves
open, lists what is unfinished.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Coroutine
from contextlib import suppress
from email.utils import formatdate
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from ...core.app import API, RawBodies, Reply, error_response
from ...core.auth import Sender
from ...core.errors import (
    BodyTooLarge,
    Conflict,
    Invalid,
    NotSupported,
    StreamsteadError,
)
from ...core.http_limits import MORE_TIME
from ..recorder.services import ServicesDep
from .own_files import OwnFiles
from .tus import PIECE_BYTES, FileUpload, Piece, UploadBroken

PATH = f"{API}/uploads/"
CONTENT_TYPE = "application/offset+octet-stream"
RAW_BODIES = RawBodies(PATH, CONTENT_TYPE, PIECE_BYTES)

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
DIGESTS = ("sha1", "sha256", "md5")
BUFFER_BYTES = 256 * 1024
PATIENCE_S = 30.0
"""Without a byte for so long a piece is given up; what came of it counts."""

PIECE_S = 600.0
MAX_METADATA = 4096


class VersionUnknown(StreamsteadError):
    """The client speaks another version of tus."""

    code, status, default_key = 4017, 412, "upload_version"


class Unfinished(BaseModel):
    """A file of which a part has arrived. ``purpose``: empty for the library, or vlive."""

    id: str
    purpose: str
    filename: str
    title: str
    size_bytes: int
    offset_bytes: int
    created_ms: int
    expires_ms: int


class UnfinishedUploads(BaseModel):
    uploads: list[Unfinished]


class _TusRoute(APIRoute):
    """Every answer says the version, errors too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except StreamsteadError as exc:
                response = error_response(exc)
            response.headers["Tus-Resumable"] = VERSION
            response.headers["Cache-Control"] = "no-store"
            if response.status_code == VersionUnknown.status:
                response.headers["Tus-Version"] = VERSION
            return response

        return answer


router = APIRouter(prefix=f"{API}/uploads", tags=["uploads"], route_class=_TusRoute)


def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise VersionUnknown(
            "this is tus 1.0.0", "Send the header Tus-Resumable: 1.0.0.", key="upload_version"
        )


Tus = Depends(_check_version)
Number = Annotated[int | None, Header(ge=0, le=1 << 50)]


def _own_files(services: ServicesDep) -> OwnFiles:
    return services.own_files


Files = Annotated[OwnFiles, Depends(_own_files)]


@router.options("/", status_code=204)
async def abilities(_: Sender, files: Files) -> Response:
    """Tell what of tus there is, and how large a file may be."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(DIGESTS),
        "Tus-Max-Size": str(await asyncio.to_thread(files.folder.room)),
    }
    return Response(status_code=204, headers=headers)


@router.get("/")
async def unfinished(_: Sender, files: Files) -> Reply[UnfinishedUploads]:
    """List files of which a part has arrived."""
    found = await asyncio.to_thread(files.folder.all)
    listed = [
        Unfinished(
            id=one.id,
            purpose=one.purpose,
            filename=one.filename,
            title=one.title,
            size_bytes=one.size,
            offset_bytes=one.offset,
            created_ms=one.created_ms,
            expires_ms=one.expires_ms,
        )
        for one in found
        if not one.whole
    ]
    return Reply(data=UnfinishedUploads(uploads=listed))


@router.post("/", status_code=201, dependencies=[Tus])
async def create(
    request: Request,
    _: Sender,
    files: Files,
    upload_length: Number = None,
    upload_metadata: Annotated[str, Header(max_length=MAX_METADATA)] = "",
) -> Response:
    """Begin to send a file; the answer's Location is where its bytes go.

    With the purpose ``vlive`` it becomes no recording but ``vlive/<id>.<ext>``, for channels, by
    the id of the upload.
    """
    if "upload-defer-length" in request.headers:
        raise NotSupported("the length must be known", "Send the header Upload-Length.")
    if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
        raise NotSupported("no bytes may come with this call", "Send them with PATCH.")
    if upload_length is None:
        raise Invalid("the length is missing", "Send the header Upload-Length.")
    if upload_length == 0:
        raise Invalid("the file is empty", "Choose another one.", key="upload_empty")
    told = _metadata(upload_metadata)
    title = told.get("title") or told.get("filename", "").rpartition(".")[0]
    made = await files.create(
        upload_length, told.get("filename", ""), title, told.get("purpose", "")
    )
    return Response(status_code=201, headers={"Location": f"{PATH}{made.id}"} | _progress(made))


@router.head("/{id}", dependencies=[Tus])
async def progress(id: str, _: Sender, files: Files) -> Response:
    """Tell how much has arrived."""
    found = await asyncio.to_thread(files.folder.get, id)
    return Response(headers={"Upload-Length": str(found.size)} | _progress(found))


@router.delete("/{id}", status_code=204, dependencies=[Tus])
async def discard(id: str, _: Sender, files: Files) -> Response:
    """Forget an upload with all that has arrived."""
    found = await asyncio.to_thread(files.folder.get, id)
    async with files.alone(id):
        await asyncio.to_thread(files.folder.remove, found)
    return Response(status_code=204)


@router.patch("/{id}", status_code=204, dependencies=[Tus])
async def send(
    id: str,
    request: Request,
    _: Sender,
    files: Files,
    upload_offset: Number = None,
    upload_checksum: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Send the next piece, from ``Upload-Offset`` on. What the answer counts is on disk."""
    if upload_offset is None:
        raise Invalid("the offset is missing", "Send the header Upload-Offset.")
    digest, wanted = _checksum(upload_checksum)
    async with files.alone(id):
        found = await asyncio.to_thread(files.folder.get, id)
        if upload_offset != found.offset:
            raise Conflict(
                f"{found.offset} bytes have arrived, not {upload_offset}",
                "Go on from there.",
                key="upload_offset",
            )
        if not found.whole:
            piece = await asyncio.to_thread(files.folder.begin_piece, found)
            try:
                found = await _receive(request, piece, digest, wanted)
            finally:
                await asyncio.to_thread(piece.close)
        if found.whole:
            await files.arrived(found)
    return Response(status_code=204, headers=_progress(found))


async def _receive(request: Request, piece: Piece, digest: Any, wanted: bytes) -> FileUpload:
    """Write a body as it comes; a client that goes away keeps what came, unless it is to be
    checked as a whole."""
    waiting = bytearray()
    loop = asyncio.get_running_loop()
    end = loop.time() + PIECE_S
    seen = 0
    more_time = request.scope.get(MORE_TIME)
    gone = False
    with suppress(ClientDisconnect):
        gone = True
        async for block in request.stream():
            if more_time is not None:
                more_time(min(end, loop.time() + PATIENCE_S))
            seen += len(block)
            if seen > PIECE_BYTES:
                raise BodyTooLarge(
                    "the piece is larger than 16 MB", "Send the file in smaller pieces."
                )
            waiting += block
            if len(waiting) >= BUFFER_BYTES:
                await _write(piece, waiting, digest)
        gone = False
    await _write(piece, waiting, digest)
    if digest is not None and (gone or not hmac.compare_digest(digest.digest(), wanted)):
        raise UploadBroken("this piece arrived damaged", "It is sent again by itself.")
    return await asyncio.to_thread(piece.keep)


async def _write(piece: Piece, waiting: bytearray, digest: Any) -> None:
    data = bytes(waiting)
    waiting.clear()
    if digest is not None:
        await asyncio.to_thread(digest.update, data)
    await asyncio.to_thread(piece.write, data)


def _progress(upload: FileUpload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset)}
    if not upload.whole:
        headers["Upload-Expires"] = formatdate(upload.expires_ms / 1000, usegmt=True)
    return headers


def _checksum(header: str) -> tuple[Any, bytes]:
    if not header:
        return None, b""
    name, _, value = header.partition(" ")
    if name not in DIGESTS:
        raise Invalid(f"the checksum {name[:20]} is not known", f"These are: {', '.join(DIGESTS)}.")
    return hashlib.new(name, usedforsecurity=False), _decoded(value)


def _metadata(header: str) -> dict[str, str]:
    """Read ``name base64, name base64``; words that are not text are left out."""
    found = {}
    for pair in header.split(","):
        name, _, value = pair.strip().partition(" ")
        if name:
            found[name] = _decoded(value).decode(errors="replace")
    return found


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("a header is not valid base64", "Encode it again.") from None
