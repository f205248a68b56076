"""What the manager asks the media server: whether anybody is live, and how it cuts HLS."""

from typing import Any

import orjson

from ...core.errors import Upstream
from .fetch import fetch

PAGE = 1000


class MediaApi:
    """Of SRS or the embedded engine, on loopback. Every call raises Upstream when it is away."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def published(self) -> set[str]:
        """Return the streams (``app/stream``) that are live, whatever way their encoders send.

        The list of streams calls one that comes by WebRTC inactive, that of clients tells it.
        """
        found: set[str] = set()
        start = 0
        while True:
            body = await self._get(f"/api/v1/clients/?start={start}&count={PAGE}")
            clients = body.get("clients", [])
            found |= {one.get("url", "").strip("/") for one in clients if one.get("publish")}
            if len(clients) < PAGE:
                return found
            start += len(clients)

    async def fragment_s(self) -> float:
        """Return the length of a segment that it aims at."""
        body = await self._get("/api/v1/vhosts/")
        try:
            return float(body["vhosts"][0]["hls"]["fragment"])
        except (KeyError, IndexError, TypeError, ValueError):
            raise Upstream("the media server does not tell its segments", "See its log.") from None

    async def _get(self, path: str) -> dict[str, Any]:
        try:
            body = orjson.loads(await fetch(self._port, path))
        except (OSError, ValueError) as exc:
            raise Upstream(
                f"the media server cannot be asked ({type(exc).__name__})", "See its log."
            ) from None
        if not isinstance(body, dict) or body.get("code") != 0:
            raise Upstream("the media server answers with an error", "See its log.")
        return body
