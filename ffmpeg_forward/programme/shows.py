"""The programmes as relays: what is to run, and what is told of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from ...core.errors import Conflict, NotFound
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ..relay.config import SLATE, DestinationConfig, RelayConfig
from ..relays import Relays
from .programme import Programme
from .show import PREFIX, relay_config
from .store import ProgrammeStore

log = get_logger(__name__)

MAX_WAITING = 1_000
"""So many switches wait for Redis to come back; older ones are not told."""

RETRY_S = 5.0


class Shows:
    """Follows the relays of programmes. ``slate_file`` finds an own picture or clip by its id."""

    def __init__(
        self,
        programmes: ProgrammeStore,
        relays: Relays,
        events: EventStream,
        rtmp_port: int,
        house_key: str,
        slate_file: Callable[[str], Path | None],
    ) -> None:
        self._programmes = programmes
        self._relays = relays
        self._events = events
        self._rtmp_port = rtmp_port
        self._house_key = house_key
        self._slate_file = slate_file
        self._on_air: dict[str, str | None] = {}
        self._waiting: list[tuple[str, str, int]] = []
        self._lost: dict[str, str] = {}
        self._anything = asyncio.Event()
        relays.subscribe(self._changed)

    @property
    def loaded(self) -> bool:
        """Whether the programmes were ever read."""
        return self._programmes.loaded

    def relays(
        self,
        live: Iterable[str],
        destinations: Callable[[str], tuple[DestinationConfig, ...]],
    ) -> Mapping[str, RelayConfig]:
        """Return what is to run, by programme id."""
        urls = frozenset(live)
        return {
            one.id: relay_config(
                one,
                destinations(one.id),
                live=urls,
                rtmp_port=self._rtmp_port,
                house_key=self._house_key,
                slate_file=self._slate_file,
            )
            for one in self._programmes.current
            if one.enabled
        }

    def _changed(self, name: str) -> None:
        if not name.startswith(PREFIX):
            return
        id_ = name.removeprefix(PREFIX)
        told: Mapping[str, Any] | None = self._relays.status(name)
        if told and told.get("lost_take"):
            self._lost[id_] = told["lost_take"]
            self._anything.set()
        on_air = told["on_air"] if told else None
        if on_air is None or on_air == self._on_air.get(id_):
            return
        known = id_ in self._on_air
        self._on_air[id_] = on_air
        if known and told:
            # Not what was so already when we began to look: that was told by who looked then.
            self._waiting.append((id_, on_air, told["on_air_since_ms"]))
            del self._waiting[:-MAX_WAITING]
            self._anything.set()

    async def run(self) -> None:
        """Append what happens to the events, oldest first; never returns."""
        while True:
            await self._anything.wait()
            self._anything.clear()
            try:
                await self._forget_lost_takes()
                await self._tell()
            except RedisError as exc:
                log.info("programme.told_later", error=type(exc).__name__)
                await asyncio.sleep(RETRY_S)
                self._anything.set()

    async def _forget_lost_takes(self) -> None:
        """What was taken by hand counts until it is lost, also for a relay that begins anew."""
        while self._lost:
            id_, lost = self._lost.popitem()
            known = {one.id: one for one in self._programmes.current}
            if id_ in known and known[id_].taken == lost and not known[id_].hold:
                with suppress(NotFound, Conflict):
                    await self._programmes.change(id_, partial(_without_take, lost))

    async def _tell(self) -> None:
        while self._waiting:
            id_, on_air, at_ms = self._waiting[0]
            type_ = EventType.PROGRAMME_SLATE if on_air == SLATE else EventType.PROGRAMME_SWITCHED
            label = next((one.label for one in self._programmes.current if one.id == id_), "")
            stream = "" if on_air == SLATE else on_air
            data = {"id": id_, "label": label, "on_air": on_air}
            await self._events.append(f"{type_.value}:{id_}:{at_ms}", type_, at_ms, stream, data)
            del self._waiting[0]


def _without_take(lost: str, programme: Programme) -> Programme:
    if programme.taken != lost or programme.hold:
        return programme
    return replace(programme, taken="")
