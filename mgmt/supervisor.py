"""All programs together: started in order, kept running, stopped in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import groupby

from ..core.errors import Conflict, NotFound, StreamsteadError
from ..core.log import get_logger
from .helper import Helper
from .runtime.protocol import EngineNews, Runtime
from .runtime.spec import RuntimeName, ServiceSpec
from .status import ServiceStatus
from .turns import Turns
from .unit import LAST_LINES, Unit

log = get_logger(__name__)

ROTATE_EVERY_S = 10.0


class Supervisor:
    """Owns one ``Unit`` per program. ``run`` ends by cancellation and leaves everything running."""

    def __init__(self, runtimes: Mapping[RuntimeName, Runtime]) -> None:
        self._runtimes = runtimes
        self._units: dict[str, Unit] = {}
        self._turns = Turns()
        self._keeping: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()
        self._version = 0
        self._dirty = asyncio.Event()
        self._stopping = False
        self._on_engine: Callable[[EngineNews], None] | None = None

    @property
    def runtimes(self) -> Mapping[RuntimeName, Runtime]:
        """What programs are run by; processes always."""
        return self._runtimes

    def assist(self, helper: Helper, on_engine: Callable[[EngineNews], None]) -> None:
        """Give all programs a helper, and tell somebody when the Docker Engine goes and comes."""
        for unit in self._units.values():
            unit.helper = helper
        self._on_engine = on_engine

    def unit(self, name: str) -> Unit:
        """Return one program's keeper. Raises NotFound."""
        return self._find(name)

    def units(self) -> list[Unit]:
        """Return all keepers, first to start first."""
        return sorted(self._units.values(), key=lambda unit: unit.spec.order)

    def add(self, unit: Unit) -> None:
        """Add a program; all of them before ``run``."""
        unit.turns = self._turns
        self._units[unit.spec.name] = unit

    def on_change(self) -> None:
        """Take note that some status is new; ``Unit`` calls it."""
        self._dirty.set()

    def status(self) -> list[ServiceStatus]:
        return [unit.status for unit in self.units()]

    def ports(self, name: str) -> tuple[int, ...]:
        """Return the TCP ports a program was given; none when there is no such program."""
        unit = self._units.get(name)
        return unit.spec.ports if unit is not None else ()

    async def follow(self) -> AsyncIterator[list[ServiceStatus]]:
        """Yield the status at once and whenever it changes."""
        seen = -1
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._version != seen)  # noqa: B023
                seen = self._version
            yield self.status()

    async def change(self, specs: Sequence[ServiceSpec]) -> None:
        """Go on by these specs; all or none.

        Raises Invalid when a program refuses its new one, and Upstream when what runs it is away.
        """
        done: list[tuple[Unit, ServiceSpec]] = []
        try:
            for spec in specs:
                unit = self._find(spec.name)
                before = unit.spec
                if before != spec:
                    await unit.change(spec, self._runtimes[spec.runtime])
                    done.append((unit, before))
                elif before.pin != spec.pin:
                    unit.spec = spec
        except (OSError, StreamsteadError):
            for unit, before in reversed(done):
                try:
                    await unit.change(before, self._runtimes[before.runtime])
                except (OSError, StreamsteadError) as exc:
                    log.error("service.not_put_back", name=before.name, error=str(exc))
            raise

    async def restart(self, name: str) -> None:
        """Restart one program. Raises NotFound, and Conflict while everything is being stopped."""
        if self._stopping:
            raise Conflict("everything is being stopped", "Start Streamstead again first.")
        unit = self._find(name)
        if unit.held:
            raise Conflict(
                f"{name} is switched off ({unit.status.detail})", "Switch it on or start it."
            )
        unit.ask_restart()

    async def logs(self, name: str, lines: int = LAST_LINES) -> list[str]:
        return await self._find(name).logs(lines)

    async def run(self) -> None:
        """Keep all programs as they should be."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._announce())
            group.create_task(self._rotate())
            for runtime in self._runtimes.values():
                group.create_task(self._listen(runtime))
            await self._stop_strays()
            self._keeping = group.create_task(self._keep())
            # A stop ends the keeping alone: the answers to it go on until the process ends.
            await asyncio.wait([self._keeping])
            if not self._keeping.cancelled():
                self._keeping.result()

    async def stop_all(self) -> None:
        """Stop everything, last started first; programs of one order together."""
        self._stopping = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        units = sorted(self._units.values(), key=lambda unit: -unit.spec.order)
        for _, together in groupby(units, key=lambda unit: unit.spec.order):
            done = await asyncio.gather(*(u.stop() for u in together), return_exceptions=True)
            for failure in done:
                if isinstance(failure, BaseException):
                    log.error("service.stop_failed", error=str(failure))

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as group:
            for unit in self._units.values():
                needs = [self._units[n] for n in unit.spec.needs if n in self._units]
                group.create_task(unit.run(needs))

    async def _stop_strays(self) -> None:
        """Stop what the other runtime still runs from before the choice changed."""
        for name, unit in self._units.items():
            for runtime in self._runtimes.values():
                if runtime is unit.runtime:
                    continue
                try:
                    await runtime.stop(name)
                except (OSError, StreamsteadError) as exc:
                    log.warning("stray.not_stopped", name=name, error=str(exc))

    async def _listen(self, runtime: Runtime) -> None:
        async for event in runtime.events():
            if isinstance(event, EngineNews):
                self._engine_news(runtime, event)
                continue
            unit = self._units.get(event.name)
            if unit is not None and unit.runtime is runtime:
                unit.ended(event)

    def _engine_news(self, runtime: Runtime, news: EngineNews) -> None:
        if self._on_engine is not None:
            self._on_engine(news)
        for unit in self._units.values():
            if unit.runtime is runtime:
                unit.look()

    async def _rotate(self) -> None:
        while True:
            for runtime in self._runtimes.values():
                await runtime.rotate_logs()
            await asyncio.sleep(ROTATE_EVERY_S)

    async def _announce(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            async with self._changed:
                self._version += 1
                self._changed.notify_all()

    def _find(self, name: str) -> Unit:
        unit = self._units.get(name)
        if unit is None:
            known = ", ".join(sorted(self._units))
            raise NotFound(f"no program is called {name!r}", f"They are: {known}.")
        return unit

    async def anything_runs(self) -> bool:
        """Look at what really runs, whoever started it."""
        found = [await u.runtime.inspect(u.spec.name) for u in self._units.values()]
        return any(found)
