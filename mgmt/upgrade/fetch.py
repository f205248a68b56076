"""Fetch files of releases: over HTTPS, from this machine, never more than was announced."""

import hashlib
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ...core.errors import Upstream
from .errors import ReleaseRefused

CONNECT_S = 15.0
SILENCE_S = 30.0
WHOLE_S = 3000.0
PIECE_BYTES = 1 << 20
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Progress = Callable[[int], None]


def address(text: str, base: str = "") -> str:
    """Return the address of a file, relative ones from ``base``. Raises ReleaseRefused for a way
    that anybody could listen on or change."""
    whole = urljoin(base, text) if base else text
    if whole.startswith("/"):
        whole = f"file://{whole}"
    parts = urlsplit(whole)
    allowed = (
        parts.scheme == "https"
        or (parts.scheme == "file" and not parts.netloc)
        or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
    if not allowed or (base and parts.scheme == "file" != urlsplit(base).scheme):
        raise ReleaseRefused(
            f"releases are not taken from {parts.scheme or 'such an address'}://",
            "Give an address that begins with https://.",
            key="release_address",
        )
    return whole


def fetch_text(url: str, max_bytes: int) -> bytes:
    """Return a small file. Raises Upstream and ReleaseRefused."""
    pieces = bytearray()
    _fetch(url, max_bytes, pieces.extend)
    return bytes(pieces)


def fetch_file(
    url: str, path: Path, max_bytes: int, progress: Progress = lambda _bytes: None
) -> str:
    """Write the file to ``path``; return its SHA-256. Raises Upstream, ReleaseRefused, OSError."""
    digest, done = hashlib.sha256(), 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:

        def take(piece: bytes) -> None:
            nonlocal done
            digest.update(piece)
            file.write(piece)
            done += len(piece)
            progress(done)

        _fetch(url, max_bytes, take)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _fetch(url: str, max_bytes: int, take: Callable[[bytes], object]) -> None:
    parts = urlsplit(address(url))
    if parts.scheme == "file":
        _copy(Path(parts.path), max_bytes, take)
    else:
        _download(url, max_bytes, take)


def _copy(path: Path, max_bytes: int, take: Callable[[bytes], object]) -> None:
    try:
        with path.open("rb") as file:
            left = max_bytes
            while piece := file.read(PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise _too_large(max_bytes)
                take(piece)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as exc:
        raise Upstream(
            f"{path} cannot be read: {exc.strerror}", "Check the address of the releases."
        ) from None


def _download(url: str, max_bytes: int, take: Callable[[bytes], object]) -> None:
    # Late: only who fetches over a network carries it.
    import httpx

    where = urlsplit(url).hostname
    until, left = time.monotonic() + WHOLE_S, max_bytes
    timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
    advice = "Check the address and the connection, then try again."
    try:
        with (
            httpx.Client(
                timeout=timeout,
                headers={"Accept-Encoding": "identity"},
                follow_redirects=True,
                max_redirects=5,
                event_hooks={"request": [lambda request: _still_safe(str(request.url))]},
            ) as client,
            client.stream("GET", url) as reply,
        ):
            if reply.status_code != 200:
                raise Upstream(f"{where} answers {reply.status_code} for {_name(url)}", advice)
            # Raw: what is signed is what lies on the server, however it says it is packed.
            for piece in reply.iter_raw(PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise _too_large(max_bytes)
                if time.monotonic() > until:
                    raise Upstream(f"{where} sends {_name(url)} too slowly", advice)
                take(piece)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as exc:
        said = str(exc) or type(exc).__name__
        raise Upstream(f"{where} cannot be reached: {said[:200]}", advice) from None


def _still_safe(url: str) -> None:
    """A redirect, too, stays on ways that nobody can listen on."""
    address(url)


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or "it"


def _too_large(max_bytes: int) -> ReleaseRefused:
    return ReleaseRefused(
        f"it is larger than the {max_bytes} bytes that were announced",
        "Nothing of it was used; tell its publisher.",
        key="release_size",
    )
