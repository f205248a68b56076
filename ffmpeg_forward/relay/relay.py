"""One timeline: what comes in is spliced, and what is due goes to every destination."""

import asyncio
import base64
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ...core.house_grant import HouseGrants
from ...core.paths import DataDir
from ...core.rtmp.chunk import Message
from ..splice.media import MediaMeter
from ..splice.selector import Selector
from ..splice.splicer import Splicer
from .config import (
    CAMERA,
    FORWARD,
    ITEMS,
    PROGRAMME,
    SLATE,
    STREAM,
    DestinationConfig,
    RelayConfig,
    SourceConfig,
)
from .control import ControlServer
from .destination import Destination
from .feeders import CameraFeeder, StreamFeeder, now_ms, wall_ms
from .hub import Hub
from .items import ItemsFeeder
from .opening import Network
from .slate_keeper import SlateKeeper
from .steadily import complain, steadily

TICK_MS = 10
"""What is due within one tick goes out together."""

IDLE_MS = 500
MATCH_MS = 250
"""So often it is asked whether the slate fits what is on the air."""

SILENT_MS = 5_000
"""Without a slate, a timeline that has had nothing for so long is over until something comes."""

Feeder = StreamFeeder | ItemsFeeder | CameraFeeder


class Relay:
    """Does what the controller says, and goes on doing it while there is none."""

    def __init__(self, name: str, data: DataDir) -> None:
        self._name = name
        self._data = data
        self._config: RelayConfig | None = None
        self._hub = Hub()
        self._network = Network()
        self._meter = MediaMeter()
        self._splicer = Splicer()
        self._selector = Selector()
        self._feeders: dict[str, tuple[Feeder, asyncio.Task[None]]] = {}
        self._destinations: dict[str, tuple[Destination, asyncio.Task[None]]] = {}
        self._slate = SlateKeeper(data.slate / "cache", self._new_slate)
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = asyncio.Event()
        self._part: str | None = None
        self._since_ms = wall_ms()
        self._on_air: str | None = None
        self._on_air_since_ms = self._since_ms
        self._sent_ms = self._matched_ms = now_ms()
        self._begun = False
        self._control = ControlServer(data.run / f"relay-{name}.sock", self._obey, self._status)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Run until told to end, or cancelled."""
        async with self._control.serving(), asyncio.TaskGroup() as group:
            self._group = group
            tasks = [
                group.create_task(self._keep_pumping()),
                group.create_task(steadily(self._slate.run)),
                group.create_task(self._watch_house()),
            ]
            try:
                await self._ended.wait()
            finally:
                self._group = None
                leaving = [task for _, task in self._destinations.values()]
                for task in leaving:
                    task.cancel()
                # Each says goodbye to its server.
                if leaving:
                    await asyncio.wait(leaving)
                for task in (*tasks, *(task for _, task in self._feeders.values())):
                    task.cancel()

    async def _watch_house(self) -> None:
        """End with the house when nobody is there to tell us: it is stopped, or was removed."""
        mark = self._data.stop_mark
        while True:
            await asyncio.sleep(2.0)
            if not self._control.is_controlled and (mark.exists() or not mark.parent.exists()):
                self._ended.set()

    # What the controller says.

    def _obey(self, command: Mapping[str, Any]) -> None:
        op = command.get("op")
        if op == "apply":
            try:
                self._apply(RelayConfig.of(command["config"]))
            except (KeyError, TypeError, ValueError) as exc:
                print(f"not understood: a configuration ({type(exc).__name__})", file=sys.stderr)
        elif op == "retry" and command.get("id") in self._destinations:
            self._destinations[command["id"]][0].retry_now()
        elif op == "skip":
            for feeder, _ in self._feeders.values():
                if isinstance(feeder, ItemsFeeder):
                    feeder.skip()
        elif op == "end":
            self._ended.set()

    def _apply(self, config: RelayConfig) -> None:
        before, self._config = self._config, config
        if self._group is None:
            return
        self._configure(config)
        anew = before is not None and before.normalise != config.normalise
        self._apply_sources(config, anew)
        self._apply_destinations(config)
        self._slate.look(config.slate if config.mode == PROGRAMME else None, config.normalise)
        self._wake.set()

    def _configure(self, config: RelayConfig) -> None:
        self._splicer.configure(
            buffer_ms=config.buffer_ms,
            lost_after_ms=config.lost_after_ms,
            paced=config.mode != FORWARD,
        )

    def _apply_sources(self, config: RelayConfig, anew: bool) -> None:
        wanted = {source.id: source for source in config.sources}
        for id_, (feeder, task) in list(self._feeders.items()):
            new = wanted.get(id_)
            if new is None or anew or _other_source(feeder.config, new):
                task.cancel()
                del self._feeders[id_]
                self._splicer.remove(id_)
                if isinstance(feeder, ItemsFeeder) and self._part is not None:
                    self._splicer.remove(self._part)
                    self._part = None
            else:
                feeder.update(new)
        for id_, source in wanted.items():
            if id_ not in self._feeders:
                feeder = self._feeder(source, config)
                assert self._group is not None
                if source.kind != ITEMS:
                    self._splicer.add(id_)
                self._feeders[id_] = (feeder, self._group.create_task(steadily(feeder.run)))

    def _feeder(self, source: SourceConfig, config: RelayConfig) -> Feeder:
        if source.kind == ITEMS:
            return ItemsFeeder(source, self, self._show_part)
        if source.kind == CAMERA:
            return CameraFeeder(source, self)
        return StreamFeeder(source, self, _grants(config), config.rtmp_port, config.normalise)

    def _apply_destinations(self, config: RelayConfig) -> None:
        wanted = {one.id: one for one in config.destinations}
        for id_, (destination, task) in list(self._destinations.items()):
            if wanted.get(id_) != destination.config:
                task.cancel()
                del self._destinations[id_]
        for id_, one in wanted.items():
            if id_ not in self._destinations:
                self._destinations[id_] = self._start(one, config)

    def _start(
        self, one: DestinationConfig, config: RelayConfig
    ) -> tuple[Destination, asyncio.Task[None]]:
        assert self._group is not None
        destination = Destination(
            one,
            self._hub,
            wall_ms,
            _grants(config),
            config.rtmp_port,
            self._control.changed,
            reads=self._reads,
            network=self._network,
        )
        return destination, self._group.create_task(steadily(destination.run))

    def _reads(self) -> list[str]:
        """Return the streams of this house that the timeline is made of."""
        sources = self._config.sources if self._config else ()
        return [f"{one.app}/{one.stream}" for one in sources if one.kind == STREAM]

    # What the feeders say (Desk).

    def fresh(self, source: str, message: Message) -> None:
        if not self._hub.has_media:
            self._hub.expect(message)
        self._splicer.feed(source, message, now_ms())
        self._wake.set()

    def gone(self, source: str) -> None:
        self._splicer.ended(source, now_ms())
        self._wake.set()

    def room_ms(self, source: str) -> int:
        return self._splicer.room(source)

    async def wait_room(self, source: str) -> None:
        while self._splicer.room(source) <= 0:
            self._room.clear()
            await self._room.wait()

    def add_part(self, source: str) -> None:
        self._splicer.add(source, live=False)

    def changed(self) -> None:
        self._control.changed()

    def _show_part(self, part: str) -> None:
        before, self._part = self._part, part
        self._splicer.want(part)
        if before is not None:
            self._splicer.retire(before)

    def _new_slate(self) -> None:
        self._wake.set()

    # What goes out.

    async def _keep_pumping(self) -> None:
        """Pump for ever. A fault in splicing costs the connections, not the show."""
        while True:
            try:
                await self._pump()
            except Exception:
                complain()
                self._hub.over()
                self._splicer = Splicer()
                if self._config is not None:
                    self._configure(self._config)
                    self._apply_sources(self._config, anew=True)
                await asyncio.sleep(TICK_MS / 1000)

    async def _pump(self) -> None:
        while True:
            now = now_ms()
            self._select(now)
            messages = self._splicer.due(now)
            if messages:
                self._send(messages, now)
            elif self._is_over(now):
                self._hub.over()
                self._splicer.reset()
                self._control.changed()
            self._note_on_air()
            self._room.set()
            next_ms = self._splicer.next_ms(now)
            wait_ms = IDLE_MS if next_ms is None else min(IDLE_MS, next_ms - now)
            paced = self._config is not None and self._config.mode != FORWARD
            if paced or wait_ms <= 0:
                # Messages that come meanwhile are not worth a round of their own.
                await asyncio.sleep(max(wait_ms if next_ms is not None else 0, TICK_MS) / 1000)
            if next_ms is None or not paced:
                self._wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(wait_ms, 1) / 1000):
                        await self._wake.wait()

    def _send(self, messages: list[Message], now: int) -> None:
        self._sent_ms = now
        for message in messages:
            self._meter.feed(message, now)
        self._hub.send(messages)

    def _is_over(self, now: int) -> bool:
        """Tell whether destinations should be let go: their show has ended."""
        if not self._hub.has_media or self._config is None or self._config.mode == PROGRAMME:
            return False
        if self._config.mode == FORWARD:
            return not any(feeder.facts.connected for feeder, _ in self._feeders.values())
        return now - self._sent_ms > SILENT_MS

    def _select(self, now: int) -> None:
        config = self._config
        if config is None or any(source.kind == ITEMS for source in config.sources):
            return
        if config.mode != PROGRAMME:
            self._splicer.want(config.sources[0].id if config.sources else None)
            for feeder, _ in self._feeders.values():
                feeder.wanted(True)
            return
        alive = {id_: self._is_well(id_, feeder, now) for id_, (feeder, _) in self._feeders.items()}
        wanted = self._selector.choose(
            [source.id for source in config.sources],
            alive,
            now,
            taken=config.taken,
            hold=config.hold,
        )
        for id_, (feeder, _) in self._feeders.items():
            # Who is on the air stays so until the wanted one can be shown.
            feeder.wanted(id_ in (wanted, self._on_air))
        self._splicer.want(None if wanted in (None, SLATE) else wanted)
        self._begun = self._begun or not config.wait_for_source or self._on_air not in (None, SLATE)
        if self._begun:
            current = self._feeders.get(wanted or "")
            settled = now - self._matched_ms >= MATCH_MS
            if settled and current is not None and alive[wanted or ""]:
                self._matched_ms = now
                self._slate.match(current[0].facts.meter.info())
            self._splicer.set_slate(self._slate.current)

    def _is_well(self, source: str, feeder: Feeder, now: int) -> bool:
        """Tell whether a source can be shown: so soon another one takes its place."""
        config = self._config
        if config is not None and config.normalise is not None:
            # Only what is wanted goes through the house format, and comes to the splicer at all.
            facts = feeder.facts
            return facts.last_ms >= 0 and now - facts.last_ms < config.lost_after_ms
        state = self._splicer.state(source, now)
        return state.has_key and not state.lost

    def _note_on_air(self) -> None:
        on_air = self._splicer.on_air
        if on_air != self._on_air:
            self._on_air, self._on_air_since_ms = on_air, wall_ms()
            for feeder, _ in self._feeders.values():
                if isinstance(feeder, ItemsFeeder):
                    feeder.note_on_air(on_air)
            self._control.changed()

    def _status(self) -> dict[str, Any]:
        """Return what status.py describes."""
        splicer = self._splicer
        return {
            "pid": os.getpid(),
            "mode": self._config.mode if self._config else "",
            "since_ms": self._since_ms,
            "on_air": self._on_air,
            "on_air_since_ms": self._on_air_since_ms,
            "switches": splicer.switches,
            "slate_ms": splicer.slate_ms,
            "dropped": splicer.dropped,
            "repaired": splicer.repaired,
            "media": asdict(self._meter.info()) if self._hub.has_media else None,
            "slate_problem": self._slate.problem,
            "lost_take": self._selector.lost_take,
            "sources": {id_: feeder.facts.told() for id_, (feeder, _) in self._feeders.items()},
            "destinations": {
                id_: asdict(destination.status())
                for id_, (destination, _) in self._destinations.items()
            },
        }


def _grants(config: RelayConfig) -> HouseGrants:
    return HouseGrants(base64.b64decode(config.house_key))


def _other_source(before: SourceConfig, after: SourceConfig) -> bool:
    """Tell whether a source must begin anew; a changed list or belief is followed as it runs."""
    same = ("kind", "app", "stream", "silent_audio")
    changed = any(getattr(before, name) != getattr(after, name) for name in same)
    return changed or (after.kind == CAMERA and before.items != after.items)
