"""Fetching images, with progress that can be followed."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...core.errors import Upstream
from ...core.log import get_logger
from .state import KeptImage

log = get_logger(__name__)

SILENCE_S = 60
"""A registry that says nothing for so long is given up; what has arrived in whole stays."""
LIMIT_S = 1800.0
TRIES = 3
PAUSE_S = 3.0
TELL_EVERY_S = 0.3
KEEP = 20


@dataclass(frozen=True, slots=True)
class Pull:
    """``state``: running, done or failed. ``total_bytes`` grows as layers become known."""

    name: str
    image: str
    done_bytes: int
    total_bytes: int
    state: str
    message: str
    at_ms: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class PullBoard:
    """The latest pull of every program, and who follows them."""

    def __init__(self) -> None:
        self._pulls: dict[str, Pull] = {}
        self._numbers: dict[str, int] = {}
        self._number = 0
        self._changed = asyncio.Condition()

    def of(self, name: str) -> Pull | None:
        return self._pulls.get(name)

    def running(self, name: str) -> bool:
        found = self._pulls.get(name)
        return found is not None and found.state == "running"

    async def post(self, pull: Pull) -> None:
        async with self._changed:
            self._number += 1
            self._pulls[pull.name] = pull
            self._numbers[pull.name] = self._number
            self._changed.notify_all()

    async def follow(self) -> AsyncIterator[Pull]:
        """Yield those that are known at once, then every change; one that is slow skips some."""
        seen: dict[str, int] = {}
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: seen != self._numbers)  # noqa: B023
                news = [name for name, at in self._numbers.items() if seen.get(name) != at]
                pulls = [self._pulls[name] for name in news]
                seen = dict(self._numbers)
            for pull in pulls:
                yield pull


async def fetch(
    board: PullBoard, name: str, image: str, connect: Callable[[int], Any]
) -> KeptImage:
    """Fetch an image by its name or digest, telling the board; return what it is.

    ``connect(timeout_s)`` gives a client. Raises Upstream, in words, after some tries.
    """
    loop = asyncio.get_running_loop()
    pull = Pull(name, image, 0, 0, "running", "", _now_ms())
    await board.post(pull)
    stop = threading.Event()

    def tell(done: int, total: int) -> None:
        now = replace(pull, done_bytes=done, total_bytes=total, at_ms=_now_ms())
        asyncio.run_coroutine_threadsafe(board.post(now), loop)

    try:
        async with asyncio.timeout(LIMIT_S):
            kept = await _tries(image, connect, tell, stop)
    except TimeoutError:
        problem = Upstream(f"{image} did not arrive within {LIMIT_S / 60:.0f} min", _HELP)
        await board.post(replace(pull, state="failed", message=problem.message, at_ms=_now_ms()))
        raise problem from None
    except Upstream as exc:
        await board.post(replace(pull, state="failed", message=exc.message, at_ms=_now_ms()))
        raise
    finally:
        stop.set()
    last = board.of(name) or pull
    await board.post(
        replace(last, done_bytes=last.total_bytes, state="done", message="", at_ms=_now_ms())
    )
    return kept


_NEVER = ("manifest unknown", "not found", "repository does not exist", "access denied")
"""What a registry says that will say so again."""
_HELP = "Look at the network and the name of the image; what arrived is kept for the next try."


async def _tries(
    image: str,
    connect: Callable[[int], Any],
    tell: Callable[[int, int], None],
    stop: threading.Event,
) -> KeptImage:
    from docker.errors import DockerException, NotFound
    from requests.exceptions import RequestException

    for left in range(TRIES - 1, -1, -1):
        try:
            return await asyncio.to_thread(_pull, image, connect, tell, stop)
        except (DockerException, RequestException, OSError) as exc:
            if isinstance(exc, NotFound) or any(sign in str(exc) for sign in _NEVER):
                raise Upstream(f"{image} does not exist there ({_said(exc)})", _HELP) from None
            log.warning("image.pull_failed", image=image, error=_said(exc), tries_left=left)
            if left == 0 or "no space left" in str(exc):
                words = "the disk is full" if "no space left" in str(exc) else _said(exc)
                raise Upstream(f"{image} cannot be fetched: {words}", _HELP) from None
        await asyncio.sleep(PAUSE_S)
    raise AssertionError("the last try returns or raises")


def _pull(
    image: str,
    connect: Callable[[int], Any],
    tell: Callable[[int, int], None],
    stop: threading.Event,
) -> KeptImage:
    client = connect(SILENCE_S)
    try:
        lines = client.api.pull(*_split(image), stream=True, decode=True)
        _follow(lines, tell, stop)
        return kept_image(client, image)
    finally:
        client.close()


def _follow(
    lines: Iterable[dict[str, Any]], tell: Callable[[int, int], None], stop: threading.Event
) -> None:
    from docker.errors import APIError

    layers: dict[str, tuple[int, int]] = {}
    told = 0.0
    for line in lines:
        if stop.is_set():
            raise APIError("it was given up")
        if "error" in line:
            raise APIError(str(line["error"]))
        progress = line.get("progressDetail") or {}
        # Unpacking counts the same bytes once more.
        if line.get("status") == "Downloading" and progress.get("total"):
            layers[line["id"]] = (progress.get("current", 0), progress["total"])
        elif line.get("status") == "Download complete" and line.get("id") in layers:
            total = layers[line["id"]][1]
            layers[line["id"]] = (total, total)
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            tell(sum(done for done, _ in layers.values()), sum(all_ for _, all_ in layers.values()))


def kept_image(client: Any, image: str) -> KeptImage:
    """Return what a name means on this machine now. Raises docker's ImageNotFound."""
    attrs = client.images.get(image).attrs
    digests: list[str] = attrs.get("RepoDigests") or []
    repository = _split(image)[0]
    own = [one for one in digests if one.split("@")[0].endswith(repository.split("/")[-1])]
    return KeptImage(image_id=attrs["Id"], digest=(own or digests or [""])[0])


def _split(image: str) -> tuple[str, str]:
    """Return repository, and tag or digest; without a tag ``latest``, never all of them."""
    if "@" in image:
        repository, digest = image.split("@", 1)
        return repository, digest
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, "latest")


def _said(exc: Exception) -> str:
    text = str(getattr(exc, "explanation", "") or exc)
    return text.splitlines()[0][:200] if text else type(exc).__name__


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
