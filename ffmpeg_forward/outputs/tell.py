"""Tell what becomes of outputs: each thing once, however often this process is killed."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.events import MAX_EVENTS, EventStream, EventType
from ...core.log import get_logger
from ...core.store import text
from .output import Output, OutputState
from .states import Standing, States, source_name
from .store import OutputStore

log = get_logger(__name__)

_SCRIPT = Path(__file__).with_name("tell.lua")
_RETRY_S = 2.0
_GAP_S = 0.1

_TYPES = {
    "live": EventType.OUTPUT_LIVE,
    "lost": EventType.OUTPUT_LOST,
    "failed": EventType.OUTPUT_FAILED,
    "ended": EventType.OUTPUT_ENDED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """``phase``: live, lost or failed; ``at_ms`` names which one. The rest is for telling of its
    end when the output itself is no more."""

    phase: str
    at_ms: int
    stream: str = ""
    label: str = ""
    platform: str = ""


class Teller:
    """``STREAMSTEAD_OUTPUTS_TOLD`` hash: output id -> Told JSON, while its end is to be told.

    ``run`` is an endless loop; ``wake`` may be called by anyone.
    """

    KEY = "STREAMSTEAD_OUTPUTS_TOLD"

    def __init__(
        self,
        redis: Redis,
        outputs: OutputStore,
        states: States,
        decided: Callable[[], bool],
        clock: Callable[[], int],
    ) -> None:
        """``decided``: whether what is to run is known, so that the states mean something."""
        self._redis = redis
        self._outputs = outputs
        self._states = states
        self._decided = decided
        self._clock = clock
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        self._told: dict[str, str] | None = None
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look whether there is something to tell."""
        self._wake.set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._look()
            except RedisError as exc:
                log.warning("outputs.not_told", error=type(exc).__name__)
                self._told = None  # what of it was done is read again
                await asyncio.sleep(_RETRY_S)
                self._wake.set()
            await asyncio.sleep(_GAP_S)

    async def _look(self) -> None:
        if not self._outputs.loaded or not self._decided():
            return
        if self._told is None:
            found = await self._redis.hgetall(self.KEY)
            self._told = {text(id_): text(raw) for id_, raw in found.items()}
        known = {output.id: output for output in self._outputs.current}
        for output in known.values():
            await self._tell_of(output, self._states.standing(output))
        for output_id in set(self._told) - set(known):
            before = _read(self._told[output_id])
            if before is not None and before.phase != "failed":
                await self._write(output_id, None, "ended", before, {})
            else:
                await self._write(output_id, None)

    async def _tell_of(self, output: Output, standing: Standing) -> None:
        assert self._told is not None
        before = _read(self._told.get(output.id, ""))
        phase, at_ms = _phase(standing)
        stream = standing.route.source if standing.route else ""
        stream = stream or (before.stream if before else "") or source_name(output)
        now = Told(phase, at_ms, stream, output.label, output.platform)
        about = _problem(standing)
        if phase == "live":
            if before is None or (before.phase, before.at_ms) != (phase, at_ms):
                await self._write(output.id, now, "live", now, {"since_ms": at_ms})
        elif phase == "down":
            if before is not None and before.phase == "live":
                lost = Told("lost", before.at_ms, stream, output.label, output.platform)
                await self._write(output.id, lost, "lost", lost, about)
        elif phase == "failed":
            if before is None or (before.phase, before.at_ms) != (phase, at_ms):
                await self._write(output.id, now, "failed", now, about)
        elif phase == "idle" and before is not None:
            if before.phase == "failed":
                await self._write(output.id, None)
            else:
                await self._write(output.id, None, "ended", before, {})

    async def _write(
        self,
        output_id: str,
        now: Told | None,
        what: str = "",
        about: Told | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        assert self._told is not None
        raw = orjson.dumps(asdict(now)).decode() if now is not None else ""
        args: list[str | int] = [output_id, self._told.get(output_id, ""), raw, MAX_EVENTS]
        if about is not None:
            data = {
                "output": output_id,
                "label": about.label,
                "platform": about.platform,
                **(more or {}),
            }
            args += [
                f"output.{what}:{output_id}:{about.at_ms}",
                _TYPES[what].value,
                self._clock(),
                about.stream,
                orjson.dumps(data).decode(),
            ]
        if not await self._script(keys=(EventStream.KEY, self.KEY), args=args):
            self._told = None  # not as it was: read it, and look again
            raise RedisError("told by somebody else")
        if raw:
            self._told[output_id] = raw
        else:
            self._told.pop(output_id, None)


def _phase(standing: Standing) -> tuple[str, int]:
    """Return live, down, failed or idle, and when that began; nothing while it is not known."""
    state, facts = standing.state, standing.facts
    if state is OutputState.LIVE:
        return "live", int(facts.get("live_since_ms") or standing.since_ms)
    if state is OutputState.FAILED:
        return "failed", standing.since_ms
    if standing.route is None:
        return "idle", 0
    if not standing.known or state is OutputState.STALLED:
        return "", 0
    return "down", 0


def _problem(standing: Standing) -> dict[str, Any]:
    problem = standing.facts.get("problem")
    if not problem:
        return {}
    return {"problem": {name: str(problem.get(name, "")) for name in ("key", "message", "help")}}


def _read(raw: str) -> Told | None:
    if not raw:
        return None
    try:
        return Told(**orjson.loads(raw))
    except (ValueError, TypeError):
        return None
