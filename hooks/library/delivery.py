"""Hand out one file of a recording: by nginx from the disk, else from the bucket."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi import Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...core.errors import NotFound, RateLimited, Upstream
from ...core.log import get_logger
from .buckets import Bucket
from .recording import PLAYLIST_FILE, Recording, directory_of

log = get_logger(__name__)

INTERNAL = "/.recordings"
"""Where nginx, and nobody else, finds ``DataDir.record``."""

SIGNED_S = 3600
"""A link into the bucket holds so long; each is asked for when it is needed."""

MAX_STREAMS = 64
MAX_NAME_BYTES = 150

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}
_NAME = re.compile(
    r"index\.m3u8|index\.mp4|poster\.jpg|sprite\.jpg|sprite\.vtt|[0-9A-Za-z][0-9A-Za-z_-]{0,199}\.ts"
)
_ANSWERED = ("content-length", "content-range", "etag", "last-modified")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_PATIENCE = httpx.Timeout(connect=5, read=20, write=10, pool=5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file. ``filename``: it is to be saved under this name; ``headers`` go along;
    ``through``: never by a redirect, which the page of the operator may not follow; ``public``:
    everybody may have it, so its address need not end."""

    name: str
    filename: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    through: bool = False
    public: bool = False


def is_file_name(name: str) -> bool:
    """Tell whether a file of a recording that viewers get can be called so."""
    return _NAME.fullmatch(name) is not None


def file_name(recording: Recording, suffix: str = ".mp4") -> str:
    """Return a name for saving a recording: its title, or stream and time (UTC)."""
    name = _UNSAFE.sub(" ", unicodedata.normalize("NFC", recording.title))
    name = " ".join(name.split()).strip(". ")
    if not name:
        at = datetime.fromtimestamp(recording.started_ms / 1000, UTC)
        stream = _UNSAFE.sub(" ", recording.stream).strip(". ") or "recording"
        name = f"{stream} {at:%Y-%m-%d %H-%M-%S}"
    while len(name.encode()) > MAX_NAME_BYTES:
        name = name[:-1]
    return name.rstrip(". ") + suffix


def content_disposition(filename: str) -> str:
    """Return the header that saves a file under a name of any letters (RFC 6266, RFC 5987)."""
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = re.sub(r'[\\"%;]', "_", plain).strip()
    if not plain or plain.startswith("."):
        plain = f"recording{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


class Delivery:
    """``bucket_of`` gives where a recording's copy lies, None when it has none. It may raise
    StorageFailed."""

    def __init__(
        self,
        root: Path,
        bucket_of: Callable[[Recording], Awaitable[Bucket | None]],
        client: httpx.AsyncClient,
    ) -> None:
        self._root = root
        self._bucket_of = bucket_of
        self._client = client
        self._streams = 0

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, root: Path, bucket_of: Callable[[Recording], Awaitable[Bucket | None]]
    ) -> AsyncIterator["Delivery"]:
        limits = httpx.Limits(max_connections=MAX_STREAMS, max_keepalive_connections=8)
        async with httpx.AsyncClient(timeout=_PATIENCE, limits=limits, trust_env=False) as client:
            yield cls(root, bucket_of, client)

    async def hand_out(self, recording: Recording, wanted: Wanted, request: Request) -> Response:
        """Return the file, a part of it as the request says, or a redirect to it.

        Raises NotFound (``recording_file_missing``), Upstream, RateLimited, StorageFailed.
        """
        path = directory_of(self._root, recording.id) / wanted.name
        if await asyncio.to_thread(path.is_file):
            headers = self._headers(wanted)
            headers["X-Accel-Redirect"] = f"{INTERNAL}/{recording.id}/{wanted.name}"
            return Response(headers=headers, media_type=headers["Content-Type"])
        bucket = await self._bucket_of(recording)
        if bucket is None:
            raise _missing()
        key = "/".join(part for part in (recording.prefix, recording.id, wanted.name) if part)
        # Relative names in a playlist must go on meaning addresses of ours.
        redirect = bucket.redirect and not wanted.through and wanted.name != PLAYLIST_FILE
        if redirect and wanted.public and wanted.filename is None:
            address = bucket.store.public_url(key)
            if address is not None:
                return _elsewhere(address)
        link = await asyncio.to_thread(
            bucket.store.presign,
            key,
            SIGNED_S,
            filename=wanted.filename,
            content_type=_type_of(wanted.name),
        )
        return _elsewhere(link) if redirect else await self._through(link, wanted, request)

    def _headers(self, wanted: Wanted) -> dict[str, str]:
        headers = {"Content-Type": _type_of(wanted.name), **wanted.headers}
        if wanted.filename is not None:
            headers["Content-Disposition"] = content_disposition(wanted.filename)
        return headers

    async def _through(self, link: str, wanted: Wanted, request: Request) -> Response:
        if self._streams >= MAX_STREAMS:
            raise RateLimited(
                "too many people fetch recordings from the bucket at once",
                "Try again in a few seconds, or let viewers go to the bucket themselves.",
                retry_after_s=5,
            )
        self._streams += 1
        async with AsyncExitStack() as stack:
            stack.callback(self._ended)
            reply = await self._fetch(link, request, stack)
            headers = self._headers(wanted) | _answered(reply)
            if request.method == "HEAD" or reply.status_code == 416:
                return Response(status_code=reply.status_code, headers=headers)
            return _Passing(reply, headers, stack.pop_all())

    async def _fetch(self, link: str, request: Request, stack: AsyncExitStack) -> httpx.Response:
        # What is measured and cut must not be packed on the way.
        asked = {"accept-encoding": "identity"}
        part = request.headers.get("range")
        if part is not None:
            asked["range"] = part
        reply = await self._ask(link, asked, stack)
        # Not every bucket knows If-Range: the part is taken back when it is of another version.
        version = request.headers.get("if-range")
        versions = (reply.headers.get("etag"), reply.headers.get("last-modified"))
        if reply.status_code in (206, 416) and version is not None and version not in versions:
            del asked["range"]
            reply = await self._ask(link, asked, stack)
        return reply

    async def _ask(
        self, link: str, headers: dict[str, str], stack: AsyncExitStack
    ) -> httpx.Response:
        try:
            return await stack.enter_async_context(
                self._client.stream("GET", link, headers=headers)
            )
        except httpx.HTTPError as exc:
            log.warning("vod.bucket_away", error=type(exc).__name__)
            raise Upstream(
                "the bucket that holds this recording does not answer",
                "Try again in a moment.",
                key="bucket_away",
            ) from None

    def _ended(self) -> None:
        self._streams -= 1


def _elsewhere(address: str) -> Response:
    return RedirectResponse(address, 302, {"Cache-Control": "no-store"})


def _answered(reply: httpx.Response) -> dict[str, str]:
    """Return what the bucket says of the part it sends. Raises NotFound, Upstream."""
    if reply.status_code == 404:
        raise _missing()
    if reply.status_code not in (200, 206, 416):
        log.warning("vod.bucket_refused", status=reply.status_code)
        raise Upstream(
            f"the bucket that holds this recording answers {reply.status_code}",
            "Test the storage target on the Recordings page.",
            key="bucket_refused",
        )
    headers = {name: reply.headers[name] for name in _ANSWERED if name in reply.headers}
    if reply.status_code == 416:
        headers["content-length"] = "0"
    return {"Accept-Ranges": "bytes", **headers}


class _Passing(StreamingResponse):
    """Passes on what the bucket sends; lets go of it however the viewer leaves."""

    def __init__(
        self, reply: httpx.Response, headers: dict[str, str], stack: AsyncExitStack
    ) -> None:
        super().__init__(reply.aiter_raw(), reply.status_code, headers)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


def _type_of(name: str) -> str:
    return _TYPES[name[name.rindex(".") :]]


def _missing() -> NotFound:
    return NotFound(
        "this file of the recording is not there",
        "It may still be in the making, or its copy was removed.",
        key="recording_file_missing",
    )


def has_mp4(recording: Recording) -> bool:
    """Tell whether there is an MP4 to fetch."""
    return recording.mp4_bytes > 0
