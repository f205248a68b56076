"""What this part adds to the manager: the logs of all programs, and the support bundle."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from ...core.errors import Conflict, Invalid, NotFound, Upstream
from ...core.settings import Settings
from ..house import House, Part
from ..http import PING, body, event_stream, post, sse, with_pings
from ..runtime.spec import RuntimeName
from .keep import keep_bounded
from .query import Containers, Logs, Wanted
from .tail import LiveLogs

MAX_LIMIT = 1000
MAX_DOWNLOADS = 2
MAX_LOOKING = 2
BUNDLE_S = 100.0


class QueryLogs(BaseModel):
    """As platform/house/logs.py sends it."""

    model_config = ConfigDict(extra="forbid")

    services: list[str] = []
    level: str | None = None
    text: str = ""
    before: str | None = None
    limit: int = 200


def open_part(house: House) -> Part:
    """Return its routes and loops."""
    containers = containers_of(house.settings, house.plan.runtime is RuntimeName.DOCKER)
    logs = Logs(house.data, containers)
    live = LiveLogs(house.data, getattr(containers, "follow", None))
    downloads, looking = asyncio.Semaphore(MAX_DOWNLOADS), asyncio.Semaphore(MAX_LOOKING)

    async def query(request: Request) -> Any:
        asked = await body(request, QueryLogs)
        if not 1 <= asked.limit <= MAX_LIMIT:
            raise Invalid(f"limit must be from 1 to {MAX_LIMIT}", "Correct the field.")
        wanted = Wanted.of(asked.services, asked.level or "", asked.text)
        # Each takes a thread and a processor; the manager has other work for both.
        async with looking:
            page = await asyncio.to_thread(logs.page, wanted, asked.limit, asked.before)
        return {
            "lines": [line.as_dict() for line in page.lines],
            "older": page.older,
            "services": page.services,
            "notes": page.notes,
        }

    async def follow(request: Request) -> Response:
        return event_stream(_events(live, _wanted(request)))

    async def download(request: Request) -> Response:
        blocks = logs.all_text(_wanted(request))
        return StreamingResponse(
            _in_thread(blocks, downloads), media_type="text/plain; charset=utf-8"
        )

    bundle = house.folder / "support-bundle.tar.gz"
    making = asyncio.Lock()

    async def make(_: Request) -> Any:
        if making.locked():
            raise Conflict("a support bundle is being made", "Wait until it is there.")
        async with making:
            names = await _make_bundle(house.settings, bundle)
        facts = bundle.stat()
        return {
            "name": bundle.name,
            "at_ms": int(facts.st_mtime * 1000),
            "bytes": facts.st_size,
            "parts": names,
        }

    async def download_bundle(_: Request) -> Response:
        if not bundle.is_file():
            raise NotFound("there is no support bundle", "Make one first.", key="no_bundle")
        return FileResponse(bundle, media_type="application/gzip")

    return Part(
        routes=[
            post("/v1/support-bundle", make),
            Route("/v1/support-bundle/download", download_bundle),
            post("/v1/logs/query", query),
            Route("/v1/logs/live", follow),
            Route("/v1/logs/download", download),
        ],
        loops=[keep_bounded(house.data.logs)],
    )


async def _make_bundle(settings: Settings, target: Path) -> list[str]:
    """Have it made by a program of its own. Raises Upstream."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", f"{__package__}.bundle"),
        *("--data", str(settings.data_dir), "--out", str(target)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd="/",
    )
    try:
        async with asyncio.timeout(BUNDLE_S):
            said, _ = await child.communicate()
        names: list[str] = orjson.loads(said)["parts"]
    except (TimeoutError, orjson.JSONDecodeError):
        raise Upstream(
            "the support bundle could not be made",
            "Try it on the server, where it says why: streamstead support-bundle",
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return names


def containers_of(settings: Settings, docker: bool) -> Containers:
    """Return where programs in containers are asked."""
    if not docker:
        return Containers()
    # Late: the library costs memory that a machine without Docker need not give.
    from .containers import DockerLogs

    root = str(settings.data_dir.resolve())
    instance = hashlib.sha256(root.encode()).hexdigest()[:12]
    return DockerLogs(settings.docker_host, instance)


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    services = [name for name in asked.get("services", "").split(",") if name]
    return Wanted.of(services, asked.get("level", ""), asked.get("text", ""))


async def _events(live: LiveLogs, wanted: Wanted) -> AsyncIterator[bytes]:
    try:
        yield PING
        async for found in with_pings(live.follow(wanted)):
            if found is None:
                yield PING
                continue
            lines, skipped = found
            told = [line.as_dict() for line in lines]
            yield sse("lines", {"lines": told, "skipped": skipped})
    except OSError as exc:
        raise Upstream(f"the logs cannot be followed: {exc.strerror}") from None


async def _in_thread(blocks: Iterator[bytes], downloads: asyncio.Semaphore) -> AsyncIterator[bytes]:
    async with downloads:
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            yield block
