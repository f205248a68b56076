"""Keep relay processes as they are wanted, and know how each of them is.

A relay outlives this process: after a kill, a restart or an upgrade the next one finds it by its
identity file, takes it over and tells it again what is wanted, which changes nothing that is so
already. Only a house that is stopped ends its relays.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from ..core.log import get_logger
from ..core.paths import DataDir
from .backoff import Backoff
from .child import Limits, Place
from .relay.config import RelayConfig
from .relay.control import MAX_LINE, PROTOCOL
from .supervise import Command, Supervisor, Tell

log = get_logger(__name__)

PREFIX = "relay-"
_CONNECT_RETRY_S = 0.05
_SILENCE_S = 10.0
_END_S = 3.0
FIRST_BACKOFF_S = 0.2

Changed = Callable[[str], None]


@dataclass
class _Kept:
    supervisor: Supervisor
    config: RelayConfig | None = None
    status: dict[str, Any] | None = None
    writer: asyncio.StreamWriter | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Relays:
    """Every relay by name; names are plain words. ``run`` must be running for anything to be."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._kept: dict[str, _Kept] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._subscribers: list[Changed] = []
        self._group: asyncio.TaskGroup | None = None
        self._early: dict[str, RelayConfig] = {}
        self._going = False

    @property
    def names(self) -> set[str]:
        """Those that are wanted or were left by a process before us."""
        return set(self._kept) | set(self._early)

    def subscribe(self, changed: Changed) -> None:
        """Call ``changed(name)`` whenever a relay tells something new."""
        self._subscribers.append(changed)

    def want(self, name: str, config: RelayConfig) -> None:
        """Have a relay that does this; one that runs is changed without an interruption."""
        if self._group is None:
            self._early[name] = config
            return
        kept = self._kept.get(name) or self._start(name)
        if kept.config != config:
            kept.config = config
            self._send(kept, {"op": "apply", "config": _plain(config)})

    def drop(self, name: str) -> None:
        """End a relay."""
        self._early.pop(name, None)
        kept = self._kept.pop(name, None)
        if kept is None or self._group is None:
            return
        self._send(kept, {"op": "end"})
        self._ending[name] = self._group.create_task(self._end(name, kept))

    def only(self, prefix: str, names: Iterable[str]) -> None:
        """Drop every relay whose name begins so and is not among ``names``."""
        wanted = set(names)
        for name in self.names:
            if name.startswith(prefix) and name not in wanted:
                self.drop(name)

    def status(self, name: str) -> dict[str, Any] | None:
        """Return what the relay told last (relay/status.py); None while it tells nothing."""
        kept = self._kept.get(name)
        return kept.status if kept else None

    def command(self, name: str, **command: Any) -> bool:
        """Send ``{"op": ...}``; False when the relay cannot be reached now."""
        kept = self._kept.get(name)
        return kept is not None and self._send(kept, command)

    async def run(self) -> None:
        """Keep them until cancelled. They are left running then, unless the house is stopped."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for name in self._left_over():
                    self._start(name)
                early, self._early = self._early, {}
                for name, config in early.items():
                    self.want(name, config)
                try:
                    await asyncio.Event().wait()
                finally:
                    self._going = True
        finally:
            self._group = None
            self._kept.clear()

    def _left_over(self) -> list[str]:
        begin, end = f"ffmpeg-{PREFIX}", ".json"
        found = self._data.run.glob(f"{begin}*{end}")
        return [path.name.removeprefix(begin).removesuffix(end) for path in sorted(found)]

    def _start(self, name: str) -> _Kept:
        assert self._group is not None
        kept = _Kept(
            Supervisor(
                Place(self._data.run, PREFIX + name),
                # It reports every second whether or not there is media.
                limits=Limits(start_s=15.0, stall_s=5.0, grace_s=_END_S),
                backoff=Backoff(first_s=FIRST_BACKOFF_S),
                leave=self._is_left,
            )
        )
        self._kept[name] = kept
        before = self._ending.get(name)
        kept.tasks = [
            self._group.create_task(self._supervise(name, kept, before)),
            self._group.create_task(self._link(name, kept)),
        ]
        return kept

    def _is_left(self) -> bool:
        """Tell whether relays stay when this process goes."""
        return self._going and not self._data.stop_mark.exists()

    async def _supervise(self, name: str, kept: _Kept, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])

        async def plan(_: Tell) -> Command:
            module = f"{__package__}.relay"
            return Command((sys.executable, "-m", module, name, str(self._data.root)))

        await kept.supervisor.run(plan)

    async def _link(self, name: str, kept: _Kept) -> None:
        """Talk with the relay, and again after each end of the conversation."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(
                    self._socket(name), limit=MAX_LINE
                )
            except OSError:
                await asyncio.sleep(_CONNECT_RETRY_S)
                continue
            kept.writer = writer
            try:
                await self._listen(name, kept, reader)
            except (OSError, ValueError, TimeoutError):
                await asyncio.sleep(_CONNECT_RETRY_S)
            finally:
                kept.writer, kept.status = None, None
                writer.close()
                self._tell(name)

    async def _listen(self, name: str, kept: _Kept, reader: asyncio.StreamReader) -> None:
        while True:
            async with asyncio.timeout(_SILENCE_S):
                line = await reader.readline()
            if not line:
                return
            told = orjson.loads(line)
            if "hello" in told:
                if told["hello"] != PROTOCOL:
                    # Of another release, and not to be talked with: the supervisor starts ours.
                    log.warning("relay.replaced", name=name, protocol=told["hello"])
                    self._send(kept, {"op": "end"})
                elif kept.config is not None:
                    self._send(kept, {"op": "apply", "config": _plain(kept.config)})
                continue
            kept.status = told.get("status")
            self._tell(name)

    def _socket(self, name: str) -> Path:
        return self._data.run / f"{PREFIX}{name}.sock"

    @staticmethod
    def _send(kept: _Kept, command: dict[str, Any]) -> bool:
        if kept.writer is None or kept.writer.is_closing():
            return False
        kept.writer.write(orjson.dumps(command) + b"\n")
        return True

    def _tell(self, name: str) -> None:
        for changed in self._subscribers:
            changed(name)

    async def _end(self, name: str, kept: _Kept) -> None:
        """Give it a moment to say goodbye to its destinations, then end it."""
        supervised, link = kept.tasks
        link.cancel()
        supervised.cancel()
        await asyncio.wait([supervised, link])
        with suppress(KeyError):
            if self._ending[name] is asyncio.current_task():
                del self._ending[name]
        self._tell(name)


def _plain(config: RelayConfig) -> Any:
    return orjson.loads(config.to_json())
