"""What the manager says about programs."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Shown by the page and the CLI; the values are part of the API."""

    STARTING = "starting"
    RUNNING = "running"
    UNHEALTHY = "unhealthy"
    BACKOFF = "backoff"
    """Ended again and again; the next try is due later."""
    STOPPED = "stopped"
    FAILED = "failed"
    """Cannot start as it is configured; tried again every minute."""
    OFF = "off"
    """Switched off: by the operator, or because this machine has no room or no program for it."""


WELL = (State.RUNNING, State.OFF)
"""States that need nobody's attention."""

WAITS_FOR_TURN = "waits for its turn"
"""Detail of a program that still runs as it was, while others are replaced before it."""


@dataclass(frozen=True, slots=True)
class LastExit:
    """An end that nobody asked for. ``status``: negative for a signal, None when unknown."""

    at_ms: int
    status: int | None
    reason: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What the latest probe said."""

    ok: bool
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """``since_ms``: when the state began, ms since the epoch. ``restarts``: since mgmt started."""

    name: str
    state: State
    since_ms: int
    restarts: int
    pid: int | None
    detail: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
