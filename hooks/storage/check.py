"""Try a storage out, step by step, each told in words."""

import hashlib
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from ...core.errors import StreamsteadError
from .answers import MAX_SKEW_S, skew_s, skew_words
from .errors import StorageFailed
from .object_store import ObjectStore

LIMIT_S = 40.0
CONNECT_S = 8.0
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
    origin: str
    folder: str = field(default_factory=lambda: f"streamstead-test-{secrets.token_hex(6)}")
    begun: float = field(default_factory=time.monotonic)

    def key(self, name: str) -> str:
        return self.store.target.key_of(f"{self.folder}/{name}")

    def in_time(self, _: int = 0) -> None:
        """Raise StorageFailed when the time is over: a line may be so slow that 5 MB take hours."""
        if time.monotonic() - self.begun > LIMIT_S:
            raise StorageFailed.of("storage_timeout", f"the test took more than {LIMIT_S:.0f} s")

    def dns(self) -> None:
        parts = urlsplit(self.store.endpoint)
        if not parts.hostname:
            raise StorageFailed.of("storage_address", "the endpoint is missing")
        try:
            socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise StorageFailed.of("storage_dns", parts.hostname) from None

    def connect(self) -> None:
        parts = urlsplit(self.store.endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((str(parts.hostname), port), timeout=CONNECT_S).close()
        except ConnectionRefusedError:
            raise StorageFailed.of("storage_refused") from None
        except TimeoutError:
            raise StorageFailed.of("storage_timeout") from None
        except OSError:
            raise StorageFailed.of("storage_unreachable") from None

    def clock(self) -> None:
        """Any answer has a date; a server without one says nothing about clocks."""
        try:
            with _head_only(self.store.endpoint) as answer:
                said = answer.headers.get("date", "")
        except httpx.ConnectError as exc:
            if "CERTIFICATE" in str(exc).upper() or "SSL" in str(exc).upper():
                raise StorageFailed.of("storage_tls") from None
            raise StorageFailed.of("storage_unreachable") from None
        except httpx.TimeoutException:
            raise StorageFailed.of("storage_timeout") from None
        except httpx.HTTPError:
            raise StorageFailed.of("storage_unreachable") from None
        skew = skew_s(said)
        if abs(skew) > MAX_SKEW_S:
            raise StorageFailed.of("storage_clock", skew_words(skew))

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
            self.store.put_part(key, upload, 1, data, self.in_time)
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

    def cors(self) -> None:
        """Ask as a browser does before a page may read what it fetched."""
        link = self.store.presign(self.key("small"), 60)
        try:
            with _head_only(link, {"Origin": self.origin}) as answer:
                allowed = answer.headers.get("access-control-allow-origin")
        except httpx.HTTPError:
            raise StorageFailed.of("storage_unreachable") from None
        if allowed not in ("*", self.origin):
            raise StorageFailed.of("storage_cors")

    def delete(self) -> None:
        keys = [self.key("small"), self.key("parts")]
        self.store.delete(keys)
        if any(self.store.head(key) is not None for key in keys):
            raise StorageFailed.of("storage_failed", "what was deleted is still there")

    def clean_up(self, steps: list[Step]) -> None:
        """Delete what may be there, unless the storage could not even be used."""
        if not any(step.name == "auth" and step.ok for step in steps):
            return
        with suppress(StorageFailed):
            self.store.delete([self.key("small"), self.key("parts")])


@contextmanager
def _head_only(address: str, headers: dict[str, str] | None = None) -> Iterator[httpx.Response]:
    """Get something, but never its body: nobody knows how long that is."""
    with (
        httpx.Client(timeout=CONNECT_S, trust_env=False) as client,
        client.stream("GET", address, headers=headers) as answer,
    ):
        yield answer


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
    "cors",
    "delete",
)
_BESIDE = ("cors",)
"""When it fails the storage is of use nevertheless, and the rest is tried."""


def first_fault(steps: list[Step]) -> Step | None:
    """Return why a storage is of no use; None when it is."""
    return next((step for step in steps if not step.ok and step.name not in _BESIDE), None)


def try_out(store: ObjectStore, origin: str) -> list[Step]:
    """Try everything that recordings need; blocks for about a minute at most.

    ``cors`` is tried, with the ``origin`` of the operator's page, only for a storage that players
    are sent to. What was written is deleted in any case. After a failure the rest is not tried.
    """
    trial = _Trial(store, origin)
    steps = list(_run(trial))
    if first_fault(steps) is not None:
        trial.clean_up(steps)
    return steps


def _run(trial: _Trial) -> Iterator[Step]:
    failed = False
    for name in STEPS:
        if name == "cors" and trial.store.target.delivery != "redirect":
            continue
        if failed:
            yield Step(name, None)
            continue
        step = _step(name, trial)
        failed = not step.ok and name not in _BESIDE
        yield step


def _step(name: str, trial: _Trial) -> Step:
    begun = time.monotonic()
    work: Callable[[], None] = getattr(trial, name)
    try:
        trial.in_time()
        work()
    except StreamsteadError as exc:
        took = round((time.monotonic() - begun) * 1000)
        return Step(name, False, took, exc.key, exc.message, exc.help)
    return Step(name, True, round((time.monotonic() - begun) * 1000))
