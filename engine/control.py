"""Ask nginx: its statistics, and to drop a connection."""

from urllib.parse import urlencode

from .boot import Boot
from .http_client import HttpError, request
from .stat import Stat, parse_stat

TIMEOUT_S = 2.0


class Control:
    def __init__(self, port: int, boot: Boot) -> None:
        self._port = port
        self._boot = boot

    async def stat(self) -> Stat:
        """Raise OSError, TimeoutError or BadStat when nginx does not answer as it should."""
        target = f"/{self._boot.control_token}/stat"
        reply = await request(self._port, "GET", target, timeout_s=TIMEOUT_S)
        if reply.status != 200:
            raise HttpError(f"status {reply.status} instead of the statistics")
        return parse_stat(reply.body)

    async def drop(self, app: str, cid: int) -> bool:
        """Cut a connection; False when there is none. Raises OSError or TimeoutError."""
        query = urlencode({"app": app, "clientid": cid})
        target = f"/{self._boot.control_token}/control/drop/client?{query}"
        reply = await request(self._port, "GET", target, timeout_s=TIMEOUT_S)
        # nginx-rtmp answers 200 in any case; the body is how many it dropped.
        return reply.status == 200 and reply.body.strip() not in (b"", b"0")
