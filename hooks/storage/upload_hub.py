"""What the lanes of all targets share: failures, when to try again, threads."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..library.recording import Recording
from .errors import StorageFailed
from .object_store import ObjectStore
from .upload_db import UploadDb

T = TypeVar("T")

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 300.0
WHOLE_TARGET = frozenset(
    f"storage_{name}"
    for name in (
        "forbidden", "wrong_key", "clock", "wrong_region", "no_bucket", "dns", "refused",
        "unreachable", "tls", "timeout", "busy", "full", "address", "sealed",
    )
)  # fmt: skip
"""Failures that every other object of the target would meet as well."""


NO_PROBLEM = {"problem": "", "problem_text": "", "problem_help": ""}
SWITCHED_OFF = (
    "storage_switched_off",
    "the storage that this recording goes to is switched off",
    "Switch it on again; the upload goes on by itself.",
)
REMOVED = (
    "storage_unknown",
    "the storage that this recording was to go to was removed",
    "Its files stay on this machine.",
)
"""Problems of recordings whose target cannot be used: (key, message, help)."""


class Fault(Protocol):
    """What is wrong with a target."""

    @property
    def key(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a target does not take anything. ``next_try``: loop time."""

    failed: StorageFailed
    since_ms: int
    next_try: float
    times: int


@dataclass(frozen=True, slots=True)
class Hub:
    """What all lanes share. ``change`` sets fields of a recording; ``verified`` is told of one that
    is in its bucket; ``tell`` of outages: (target id, failure or None)."""

    db: UploadDb
    clock: Callable[[], int]
    parallel: Callable[[], int]
    change: Callable[..., Awaitable[Recording]]
    verified: Callable[[Recording], None]
    tell: Callable[[str, StorageFailed | None, int], Awaitable[None]]
    freed: Callable[[str], None]
    """Told the id of a recording that was let go, when nothing of it is under way any more."""
    bucket_back: Callable[[str], None]
    """Told the id of a target whose bucket was gone for a while."""

    open_store: Callable[[str, float], ObjectStore]
    """Raises StorageFailed. ``float``: times the usual patience."""


def in_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Run in a thread that nobody waits for at the end of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as exc:
            error = exc
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, name="upload", daemon=True).start()
    return future


def is_ours(problem: str) -> bool:
    """Tell whether a recording's problem is one of its upload."""
    return problem.startswith(("storage_", "upload_"))


def retry_s(times: int) -> float:
    """Return how long to wait after so many failures in a row: 1 s doubling to 5 min, up to a
    quarter less, so that not all come back at once."""
    wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(times - 1, 20))
    return wait_s * random.uniform(0.75, 1.0)  # noqa: S311


def trouble_fact(target_id: str) -> str:
    """Return the name of the fact that an outage of the target was told of."""
    return f"failing:{target_id}"


def disk_failed(exc: OSError) -> StorageFailed:
    return StorageFailed(
        f"the recording's files cannot be read: {exc.strerror}",
        "Look at the disk of this machine.",
        key="upload_disk",
    )


def unexpected(exc: Exception) -> StorageFailed:
    return StorageFailed(
        f"something unexpected happened while uploading ({type(exc).__name__})",
        "It is tried again; the log of the recorder has more.",
        key="upload_failed",
    )
