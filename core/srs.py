"""Client of the SRS HTTP API (SRS 5, SRS 6 or the embedded engine). Source: recorded replies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from .errors import Upstream, UpstreamTimeout
from .loopback import NO_TLS

PAGE = 1000
TIMEOUT_S = 3.0
CODE_NO_SUCH_CLIENT = 2049


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class SrsPublish(_Loose):
    """``cid`` is absent for WebRTC publishers, and ``active`` is false for them."""

    active: bool = False
    cid: str = ""


class SrsVideo(_Loose):
    codec: str = ""
    profile: str = ""
    level: str = ""
    width: int = 0
    height: int = 0


class SrsAudio(_Loose):
    codec: str = ""
    profile: str = ""
    sample_rate: int = 0
    channel: int = 0


class SrsStream(_Loose):
    """``url`` is ``/app/stream``; bytes count from the start of the stream."""

    id: str
    name: str
    vhost: str
    app: str
    url: str
    recv_bytes: int = 0
    send_bytes: int = 0
    publish: SrsPublish = SrsPublish()
    video: SrsVideo | None = None
    audio: SrsAudio | None = None


class SrsClient(_Loose):
    """``type`` ends in ``-publish`` or ``-play``; ``vhost`` is an id, not a name."""

    id: str
    ip: str = ""
    url: str = ""
    name: str = ""
    tcUrl: str = ""  # noqa: N815
    type: str = ""
    publish: bool = False
    alive: float = 0.0
    send_bytes: int = 0
    recv_bytes: int = 0


class SrsVersion(_Loose):
    """``pid`` and ``service`` change when the media server is started again."""

    server: str = ""
    service: str = ""
    pid: str = ""
    version: str = ""
    engine: str = "srs"
    capabilities: list[str] | None = None
    """What the embedded engine can do; None for a real SRS, which can do everything."""


class SrsApi:
    """Typed calls. Every one raises Upstream (or UpstreamTimeout) when the server is away."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def _call(self, method: str, path: str, **params: int) -> dict[str, Any]:
        try:
            reply = await self._client.request(method, path, params=params)
            body = reply.json()
        except httpx.TimeoutException:
            raise UpstreamTimeout(
                "the media server does not answer", "See its log on the System page."
            ) from None
        except (httpx.HTTPError, ValueError) as exc:
            raise Upstream(
                f"the media server cannot be asked ({type(exc).__name__})",
                "It may be starting; see its state on the System page.",
            ) from None
        if not isinstance(body, dict):
            raise Upstream("the media server gave no object", "See its log on the System page.")
        return body

    async def version(self) -> SrsVersion:
        body = await self._call("GET", "/api/v1/versions")
        return SrsVersion.model_validate({**body.get("data", {}), **body})

    async def streams(self) -> list[SrsStream]:
        return [
            SrsStream.model_validate(one) for one in await self._all("/api/v1/streams/", "streams")
        ]

    async def clients(self) -> list[SrsClient]:
        return [
            SrsClient.model_validate(one) for one in await self._all("/api/v1/clients/", "clients")
        ]

    async def _all(self, path: str, field: str) -> list[dict[str, Any]]:
        """Read every page; the list may change meanwhile, so an entry can be missing or twice."""
        found: list[dict[str, Any]] = []
        while True:
            body = await self._call("GET", path, start=len(found), count=PAGE)
            page = body.get(field)
            if body.get("code") != 0 or not isinstance(page, list):
                raise Upstream(f"the media server gave no {field}", "See its log.")
            found += page
            if len(page) < PAGE:
                return found

    async def kick(self, client_id: str) -> bool:
        """Disconnect a client; False when the server has none of that id."""
        body = await self._call("DELETE", f"/api/v1/clients/{client_id}")
        if body.get("code") == CODE_NO_SUCH_CLIENT:
            return False
        if body.get("code") != 0:
            raise Upstream(
                f"the media server refused to disconnect the client (code {body.get('code')})",
                "Try again; if it stays, restart the media server on the System page.",
            )
        return True


@asynccontextmanager
async def open_srs(port: int) -> AsyncIterator[SrsApi]:
    """Yield a client of the API on loopback."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        timeout=TIMEOUT_S,
        limits=httpx.Limits(max_connections=4),
        # SRS ends each connection after its answer, and warns in its log unless that was wished.
        headers={"Connection": "close"},
        trust_env=False,
        verify=NO_TLS,
    ) as client:
        yield SrsApi(client)
