"""Answer one callback: read it, let the gate decide, count it. The door brings the bodies."""

import time

import orjson
from prometheus_client import Counter, Histogram

from ..core.errors import StreamsteadError
from ..core.log import get_logger
from .callback import parse
from .gate import Gate

log = get_logger(__name__)

_ACCEPTED = orjson.dumps({"code": 0, "data": None})
_CALLS = Counter("streamstead_callbacks", "Callbacks of the media server", ["action", "answer"])
_SECONDS = Histogram(
    "streamstead_callback_seconds",
    "Time to answer a callback",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.006, 0.01, 0.025, 0.1, 0.5, 2.0),
)


class Receiver:
    """Makes (HTTP status, body) of a callback: 200 ``{"code":0,...}`` lets the client in, anything
    else is a refusal to SRS."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        # The library looks a counter up under a lock each time; there are only a few of them.
        self._counters: dict[tuple[str, int], Counter] = {}

    async def answer(self, body: bytes) -> tuple[int, bytes]:
        """Decide; a failure of any kind is a refusal too."""
        begun = time.perf_counter()
        action, status, reply = "none", 200, _ACCEPTED
        try:
            callback = parse(body)
            action = callback.action.value
            await self._gate.decide(callback)
        except StreamsteadError as exc:
            status, reply = exc.status, _envelope(exc)
        except Exception:
            # A fault of ours must refuse, not hang: SRS would wait and then let nobody in either.
            log.exception("callback.failed", action=action)
            status, reply = 500, orjson.dumps({"code": StreamsteadError.code, "data": None})
        self._count(action, status)
        _SECONDS.observe(time.perf_counter() - begun)
        return status, reply

    def refuse(self, error: StreamsteadError) -> tuple[int, bytes]:
        """Answer a request that is not worth reading."""
        self._count("none", error.status)
        return error.status, _envelope(error)

    def _count(self, action: str, status: int) -> None:
        counter = self._counters.get((action, status))
        if counter is None:
            counter = _CALLS.labels(action, "accepted" if status == 200 else "refused")
            self._counters[action, status] = counter
        counter.inc()


def _envelope(error: StreamsteadError) -> bytes:
    data = {"message": error.message, "help": error.help, "key": error.key}
    return orjson.dumps({"code": error.code, "data": data})
