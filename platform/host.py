"""Client of the host daemon's socket, and what the page may know of the house."""

from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from ..core.errors import Upstream

TIMEOUT_S = 3.0


class ServiceState(BaseModel):
    """One program; ``state`` is starting, running, unhealthy, backoff, stopped or failed."""

    model_config = ConfigDict(extra="ignore")

    name: str
    state: str
    since_ms: int
    restarts: int = 0
    pid: int | None = None
    detail: str = ""


class HostStatus(BaseModel):
    """What mgmt says of itself."""

    model_config = ConfigDict(extra="ignore")

    version: str = ""
    runtime: str = "unknown"
    runtime_reason: str = ""
    media_server: str = "srs"
    front_ports: list[int] = []
    """What nginx really listens on; a wanted port may have been taken."""
    services: list[ServiceState] = []


class Host:
    """Typed calls to mgmt over its unix socket."""

    def __init__(self, socket: Path) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(socket)),
            base_url="http://mgmt",
            timeout=TIMEOUT_S,
        )

    async def status(self) -> HostStatus:
        """Raises Upstream when mgmt does not answer."""
        try:
            reply = await self._client.get("/v1/status")
            return HostStatus.model_validate(reply.json()["data"])
        except (httpx.HTTPError, ValueError, KeyError, ValidationError) as exc:
            raise Upstream(
                f"the host daemon does not answer ({type(exc).__name__})",
                "It is restarted by itself; `streamstead status` on the server tells more.",
            ) from None

    async def aclose(self) -> None:
        await self._client.aclose()
