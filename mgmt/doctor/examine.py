"""All looks in their order; one that breaks off is itself a finding, and stops no other."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import StreamsteadError
from ...core.log import get_logger
from ...core.settings import Settings
from ..cli.client import ask_manager
from . import disk, house, machine, network, programs
from .item import Item, warn

log = get_logger(__name__)

Look = Callable[[Settings, dict[str, Any] | None], Iterable[Item]]

LOOKS: tuple[Look, ...] = (
    house.services,
    house.unit,
    network.ports,
    network.internal,
    network.domains,
    network.firewall,
    house.certificate,
    machine.clock,
    machine.memory,
    machine.limits,
    disk.room,
    disk.mount,
    disk.speed,
    programs.versions,
    programs.docker,
    house.secrets,
    house.redis,
)


def examine(settings: Settings) -> Iterator[Item]:
    """Yield one finding after the other; takes some seconds."""
    status = _status(settings)
    for look in LOOKS:
        try:
            yield from look(settings, status)
        except Exception as exc:  # a strange machine must not hide what else is wrong with it
            name = f"{look.__module__.rpartition('.')[2]}.{look.__name__}"
            yield warn(name, name, f"could not be looked at: {exc}", "Look at it by hand.")


def _status(settings: Settings) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ask_manager(settings, "GET", "/v1/status")
    except StreamsteadError:
        return None
    return found


def main() -> int:
    settings = Settings.load(Path(sys.argv[1]))
    items = [
        {
            "id": item.id,
            "level": item.level.value,
            "title": item.title,
            "message": item.message,
            "help": item.help,
        }
        for item in examine(settings)
    ]
    sys.stdout.buffer.write(orjson.dumps({"items": items, "at_ms": time.time_ns() // 1_000_000}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
