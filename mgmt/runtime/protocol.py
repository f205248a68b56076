"""The protocol both runtimes keep."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from ...core.errors import Upstream
from .once import Ran, RunOnce
from .spec import RuntimeName, ServiceSpec

UNKNOWN_PID = 0
"""Pid of an ``Ended`` that names its program alone."""


class EngineAway(Upstream):
    """The Docker Engine cannot be reached: nothing is known of containers, and nothing is done."""

    default_key = "engine_away"


class ImageMissing(Upstream):
    """The image of a program is not on this machine."""

    default_key = "image_missing"


@dataclass(frozen=True, slots=True)
class EngineNews:
    """The Docker Engine was lost, or is back."""

    reachable: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A program that runs now. ``started_ms`` is since the epoch."""

    name: str
    pid: int
    spec_hash: str
    started_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that was running is gone. ``status`` is None when nobody could read it."""

    name: str
    pid: int
    status: int | None

    @property
    def reason(self) -> str:
        if self.status is None:
            return "ended"
        if self.status < 0:
            return f"ended by signal {-self.status}"
        return f"ended with exit status {self.status}"


class Runtime(Protocol):
    """Starts, finds and stops programs. Every method may raise Upstream or OSError."""

    @property
    def kind(self) -> RuntimeName: ...

    async def ensure(self, spec: ServiceSpec) -> Instance:
        """Return what runs when its hash is right; else stop it, if any, and start it anew."""
        ...

    async def inspect(self, name: str) -> Instance | None:
        """Return what runs under this name, adopted where an earlier manager started it."""
        ...

    async def adopted(self, spec: ServiceSpec) -> None:
        """Take over what an earlier manager held for the process that runs."""
        ...

    async def stop(self, name: str, grace_s: float = 10.0, *, again: bool = False) -> None:
        """Ask it to end, wait, insist. Return when it is gone; absent is fine.

        ``again``: it is started anew at once, so whoever connects meanwhile may wait.
        """
        ...

    async def signal(self, name: str, number: int) -> None:
        """Send a signal to its main process; absent is fine."""
        ...

    async def check(self, spec: ServiceSpec) -> str | None:
        """Run ``spec.check``; return None when it is good, else what it said."""
        ...

    async def run(self, once: RunOnce, timeout_s: float) -> Ran:
        """Run a one-shot program to its end; it is killed at the limit and on cancellation.

        Nothing of it is left when this returns.
        """
        ...

    async def logs(self, name: str, lines: int) -> list[str]:
        """Return the last lines it wrote; empty for one that never ran."""
        ...

    async def rotate_logs(self) -> None:
        """Keep what is on disk bounded."""
        ...

    def events(self) -> AsyncIterator[Ended | EngineNews]:
        """Yield every end of a program, expected or not, as it happens."""
        ...

    async def close(self) -> None:
        """Let go without stopping anything."""
        ...
