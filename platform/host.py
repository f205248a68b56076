"""Client of the host daemon's socket, and what the page may know of the house."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from ..core.audit import AUDITED_HEADER
from ..core.errors import RateLimited, StreamsteadError, Upstream, UpstreamTimeout
from ..core.loopback import NO_TLS

TIMEOUT_S = 3.0
MAX_FOLLOWERS = 40
SILENCE_S = 40.0
"""Its streams say something at least every 15 s."""


class HostRefused(StreamsteadError):
    """An error of mgmt, handed on as it is."""

    def __init__(self, code: int, status: int, data: dict[str, str]) -> None:
        super().__init__(data.get("message", ""), data.get("help", ""), key=data.get("key"))
        self.code, self.status = code, status  # type: ignore[misc]


def _silent(exc: Exception) -> Upstream:
    return Upstream(
        f"the host daemon does not answer ({type(exc).__name__})",
        "It is restarted by itself; `streamstead status` on the server tells more.",
    )


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
        self._followers = 0
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(verify=NO_TLS, uds=str(socket)),
            base_url="http://mgmt",
            # What we ask for was noted where somebody asked us.
            headers={AUDITED_HEADER: "1"},
            timeout=TIMEOUT_S,
        )

    async def status(self) -> HostStatus:
        """Raises Upstream when mgmt does not answer."""
        try:
            reply = await self._client.get("/v1/status")
            return HostStatus.model_validate(reply.json()["data"])
        except (httpx.HTTPError, ValueError, KeyError, ValidationError) as exc:
            raise _silent(exc) from None

    async def call(
        self, method: str, path: str, body: object = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        """Return the ``data`` of one typed operation.

        Raises what mgmt answers, with its code, status and words, and Upstream when it does not.
        """
        try:
            reply = await self._client.request(
                method, path, content=orjson.dumps(body or {}), timeout=timeout_s
            )
            answer = reply.json()
            data = answer["data"]
        except httpx.TimeoutException:
            raise UpstreamTimeout(
                f"the host daemon did not answer within {timeout_s:.0f} s",
                "Look whether it happened all the same, then try again.",
            ) from None
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            raise _silent(exc) from None
        if answer.get("code") == RateLimited.code:
            wait_s = int(reply.headers.get("retry-after", "60"))
            raise RateLimited(data["message"], data["help"], retry_after_s=wait_s)
        if answer.get("code") != 0:
            raise HostRefused(int(answer["code"]), reply.status_code, data)
        return data

    async def stream(self, path: str) -> AsyncGenerator[tuple[str, Any], None]:
        """Yield (name, data) of its server-sent events until it ends. Raises Upstream."""
        name = ""
        try:
            async with self._client.stream(
                "GET", path, timeout=httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
            ) as reply:
                async for line in reply.aiter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        yield name, orjson.loads(line[6:])
        except (httpx.HTTPError, ValueError) as exc:
            raise _silent(exc) from None

    async def follow(self, path: str) -> AsyncGenerator[tuple[str, Any], None]:
        """The same for a page. Raises Upstream when too many pages follow something: they must not
        take the connections that everybody needs."""
        if self._followers >= MAX_FOLLOWERS:
            raise Upstream("too many pages follow the host daemon", "Close some of them.")
        self._followers += 1
        try:
            async with aclosing(self.stream(path)) as found:
                async for one in found:
                    yield one
        finally:
            self._followers -= 1

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """Return the bytes of a file, as they come; nothing is held.

        Raises what mgmt answers, and Upstream when it does not.
        """
        timeout = httpx.Timeout(TIMEOUT_S, read=SILENCE_S)
        request = self._client.build_request("GET", path, timeout=timeout)
        try:
            reply = await self._client.send(request, stream=True)
            if reply.status_code != 200:
                answer = orjson.loads(await reply.aread())
                await reply.aclose()
                raise HostRefused(int(answer["code"]), reply.status_code, answer["data"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
            raise _silent(exc) from None
        return _pieces(reply)

    async def aclose(self) -> None:
        await self._client.aclose()


async def _pieces(reply: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in reply.aiter_raw():
            yield piece
    finally:
        await reply.aclose()
