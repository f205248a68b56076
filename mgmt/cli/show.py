"""What the commands print."""

import asyncio
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from ...core.errors import NotFound, StreamsteadError
from ...core.files import read_plain
from ...core.settings import Settings
from .addresses import public_host, publish_addresses

_COLOURS = {"running": "green", "starting": "yellow", "stopped": "dim", "off": "dim"}


def status(out: Console, found: dict[str, Any]) -> None:
    """Print the programs as a table."""
    out.print(
        f"Streamstead {found['version']}, {found['runtime']} with {found['media_server']}"
        f" ({found['runtime_reason']})",
        markup=False,
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("program", "state", "for", "restarts", "pid", "detail"):
        table.add_column(heading, overflow="fold")
    for one in found["services"]:
        colour = _COLOURS.get(one["state"], "red")
        table.add_row(
            one["name"],
            f"[{colour}]{one['state']}[/]",
            age(one["since_ms"]),
            str(one["restarts"]),
            str(one["pid"] or "-"),
            one["detail"].replace("[", "\\["),
        )
    out.print(table)


def streams(out: Console, found: list[dict[str, Any]]) -> None:
    """Print live streams as a table."""
    if not found:
        out.print("nothing is live")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("stream", "by", "from", "for", "viewers", "video", "audio"):
        table.add_column(heading)
    for one in found:
        video, audio = one.get("video"), one.get("audio")
        table.add_row(
            one["url"],
            one["protocol"],
            one["ip"],
            age(one["since_ms"]),
            str(one["viewers"]["total"]),
            f"{video['codec']} {video['width']}x{video['height']}" if video else "-",
            audio["codec"] if audio else "-",
        )
    out.print(table)


def read_setup_code(settings: Settings) -> str:
    """Return the setup code. Raises NotFound when a password is set already."""
    try:
        return read_plain(settings.data.setup_code).decode("ascii").strip()
    except FileNotFoundError:
        raise NotFound(
            "there is no setup code: a password is set, or Streamstead never ran",
            "Sign in on the page; or run: streamstead start",
        ) from None


def setup_url(settings: Settings, code: str) -> str:
    """Return the page's first-run address; the code is in the fragment, which no server sees."""
    return f"http://{public_host(settings)}:{settings.http_port}/mgmt/setup#code={code}"


def ingest(settings: Settings) -> dict[str, str]:
    """Return what an encoder needs, by protocol. Raises StreamsteadError when Redis is away."""
    return publish_addresses(settings, "live", "livestream", asyncio.run(_publish_secret(settings)))


async def _publish_secret(settings: Settings) -> str:
    from redis.exceptions import RedisError

    from ...core.publish_secret import PublishSecretStore
    from ...core.store import open_redis

    try:
        async with open_redis(settings) as redis:
            return await PublishSecretStore(redis).ensure()
    except RedisError as exc:
        raise StreamsteadError(
            f"the settings store (Redis) does not answer: {exc}",
            "Start Streamstead with `streamstead start`.",
        ) from None


def age(since_ms: int) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = max(0, int(time.time() - since_ms / 1000))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
