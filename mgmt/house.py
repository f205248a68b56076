"""The manager as its parts see it: one plan of the house, changed in one place."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from ..core.paths import DataDir
from ..core.settings import Settings
from .host_events import HostEvents
from .password.keeper import PasswordKeeper
from .services.common import Plan
from .services.plan import build_specs
from .supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the manager adds: routes of its socket, and loops that never return."""

    routes: Sequence[BaseRoute] = ()
    loops: Sequence[Coroutine[Any, Any, None]] = ()


@dataclass(slots=True)
class House:
    """Everything a part may use. ``request_stop`` begins the ordered stop and returns at once."""

    plan: Plan
    supervisor: Supervisor
    events: HostEvents
    request_stop: Callable[[], None]
    passwords: PasswordKeeper = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.passwords = PasswordKeeper(self.settings)

    @property
    def settings(self) -> Settings:
        return self.plan.settings

    @property
    def data(self) -> DataDir:
        return self.plan.data

    @property
    def folder(self) -> Path:
        """Where the manager keeps what it must remember."""
        return self.plan.data.mgmt

    async def change(self, **parts: Any) -> None:
        """Go on by a plan with these fields replaced, at once.

        Programs whose files alone differ are told to read them anew; others that differ are
        restarted. Raises Invalid, with what the program says, when one refuses its new
        configuration; everything is as before then. The caller keeps the new value only after this
        has returned.
        """
        async with self._lock:
            plan = replace(self.plan, **parts)
            await self.supervisor.change(build_specs(plan))
            self.plan = plan
