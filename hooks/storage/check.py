"""Try a storage out, step by step, each told in words."""

import hashlib
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from ...core.errors import StreamsteadError
from .errors import StorageFailed
from .object_store import ObjectStore

LIMIT_S = 60.0
MAX_SKEW_S = 300
PART_BYTES = 5 << 20
"""The least that a part but the last may have."""

_SMALL = b"Streamstead tries this storage out; this file may be deleted.\n" * 40


@dataclass(frozen=True, slots=True)
class Step:
    """``ok`` None: not tried. ``key``, ``message``, ``help`` say what is wrong."""

    name: str
    ok: bool | None
    took_ms: int = 0
    key: str = ""
    message: str = ""
    help: str = ""


@dataclass(slots=True)
class _Trial:
    store: ObjectStore
    folder: str = field(default_factory=lambda: f"streamstead-test-{secrets.token_hex(6)}")
    begun: float = field(default_factory=time.monotonic)

    def key(self, name: str) -> str:
        return self.store.target.key_of(f"{self.folder}/{name}")

    def dns(self) -> None:
        parts = urlsplit(self.store.endpoint)
        if not parts.hostname:
            raise StorageFailed.of("storage_address", "the endpoint is missing")
        try:
            socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
        except OSError:
            raise StorageFailed.of("storage_dns", parts.hostname) from None

    def connect(self) -> None:
        parts = urlsplit(self.store.endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((str(parts.hostname), port), timeout=8).close()
        except ConnectionRefusedError:
            raise StorageFailed.of("storage_refused") from None
        except TimeoutError:
            raise StorageFailed.of("storage_timeout") from None
        except OSError:
            raise StorageFailed.of("storage_unreachable") from None

    def clock(self) -> None:
        """Any answer has a date; a server without one says nothing about clocks."""
        try:
            with httpx.Client(timeout=8, trust_env=False) as client:
                said = client.get(self.store.endpoint).headers.get("date", "")
        except httpx.ConnectError as exc:
            if "CERTIFICATE" in str(exc).upper() or "SSL" in str(exc).upper():
                raise StorageFailed.of("storage_tls") from None
            raise StorageFailed.of("storage_unreachable") from None
        except httpx.TimeoutException:
            raise StorageFailed.of("storage_timeout") from None
        except httpx.HTTPError:
            raise StorageFailed.of("storage_unreachable") from None
        with suppress(ValueError):
            skew_s = time.time() - parsedate_to_datetime(said).timestamp()
            if abs(skew_s) > MAX_SKEW_S:
                way = "ahead" if skew_s > 0 else "behind"
                detail = f"this machine is {abs(skew_s):.0f} s {way}"
                raise StorageFailed.of("storage_clock", detail)

    def auth(self) -> None:
        self.store.check_bucket()

    def put(self) -> None:
        self.store.put_bytes(self.key("small"), _SMALL, content_type="text/plain")

    def get(self) -> None:
        if self.store.get_bytes(self.key("small"), 1 << 20) != _SMALL:
            raise StorageFailed.of("storage_checksum")

    def range(self) -> None:
        if b"".join(self.store.read(self.key("small"), 100, 199)) != _SMALL[100:200]:
            raise StorageFailed.of("storage_range")

    def multipart(self) -> None:
        key, data = self.key("parts"), secrets.token_bytes(1024) * (PART_BYTES // 1024)
        whole = hashlib.sha256(data + b"end").hexdigest()
        upload = self.store.begin_parts(key, "application/octet-stream", whole)
        try:
            self.store.put_part(key, upload, 1, data)
            self.store.put_part(key, upload, 2, b"end")
            parts = self.store.parts(key, upload)
            if [one.size for one in parts] != [PART_BYTES, 3]:
                raise StorageFailed.of("storage_failed", "parts that were sent are not listed")
            self.store.finish_parts(key, upload, parts)
        except StorageFailed:
            with suppress(StorageFailed):
                self.store.abort_parts(key, upload)
            raise

    def checksum(self) -> None:
        facts = self.store.head(self.key("small"))
        if facts is None:
            raise StorageFailed.of("storage_not_found")
        if facts.size != len(_SMALL) or facts.sha256 != hashlib.sha256(_SMALL).hexdigest():
            raise StorageFailed.of("storage_checksum", "it does not keep what is noted with a file")

    def delete(self) -> None:
        keys = [self.key("small"), self.key("parts")]
        self.store.delete(keys)
        if any(self.store.head(key) is not None for key in keys):
            raise StorageFailed.of("storage_failed", "what was deleted is still there")

    def clean_up(self) -> None:
        with suppress(StorageFailed):
            self.store.delete([self.key("small"), self.key("parts")])


STEPS = (
    "dns",
    "connect",
    "clock",
    "auth",
    "put",
    "get",
    "range",
    "multipart",
    "checksum",
    "delete",
)


def try_out(store: ObjectStore) -> list[Step]:
    """Try everything that recordings need; blocks for a minute at most. What was written is deleted
    in any case. After the first failure the rest is not tried."""
    trial = _Trial(store)
    steps = list(_run(trial))
    if any(step.ok is False for step in steps):
        trial.clean_up()
    return steps


def _run(trial: _Trial) -> Iterator[Step]:
    failed = False
    for name in STEPS:
        if failed or time.monotonic() - trial.begun > LIMIT_S:
            yield Step(name, None)
            continue
        step = _step(name, getattr(trial, name))
        failed = not step.ok
        yield step


def _step(name: str, work: Callable[[], None]) -> Step:
    begun = time.monotonic()
    try:
        work()
    except StreamsteadError as exc:
        took = round((time.monotonic() - begun) * 1000)
        return Step(name, False, took, exc.key, exc.message, exc.help)
    return Step(name, True, round((time.monotonic() - begun) * 1000))
