"""The doctor as a process of its own: what it needs is not held by the manager afterwards."""

import asyncio
import sys
from typing import Any

import orjson

from ...core.errors import Upstream, UpstreamTimeout
from ...core.settings import Settings
from ..services.ours import own_environment

TIMEOUT_S = 80.0


async def report(settings: Settings) -> dict[str, Any]:
    """Return ``{"items", "at_ms"}``. Raises Upstream when it fails or takes too long."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streamstead.mgmt.doctor.examine", str(settings.data_dir),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        | dict(own_environment()),
        cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, _ = await child.communicate()
    except TimeoutError:
        raise UpstreamTimeout(
            f"the examination did not end within {TIMEOUT_S:.0f} s",
            "A disk or a file system that hangs does this; run `streamstead doctor` on the server.",
        ) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        found: dict[str, Any] = orjson.loads(said)
    except orjson.JSONDecodeError:
        raise Upstream(
            "the examination broke off", "Run `streamstead doctor` on the server."
        ) from None
    return found
