"""What may be asked of the programs of this house, and done with them."""

import asyncio
import shutil
import time
from functools import partial
from typing import Any

from ...core.errors import Conflict, MissingField, StreamsteadError
from ...core.log import get_logger
from ...core.settings import Monitoring
from ..house import House
from ..runtime.spec import RuntimeName, ServiceSpec
from ..services.monitoring import ROOM_MB, memory_mb
from ..status import State
from ..unit import Unit
from .helper import Assistant
from .images import Images
from .names import own_name
from .news import News
from .ports import doors_of
from .state import MONITORING, OPTIONAL
from .switching import Switch, refuse_while_live, running_media
from .usage import Usage, Usages
from .versions import Versions

log = get_logger(__name__)

FIRST_LOOK_S = 0.3
_REASONS = {
    "redis": "it holds every setting",
    "hooks": "nobody could publish",
    "platform": "it is the page itself",
    "front": "it is the door of the page and of every viewer",
    "media": "it is what streams go through",
}


class Containers:
    """All actions; a name may be one of SRS-cloud."""

    def __init__(self, house: House, images: Images, assistant: Assistant, news: News) -> None:
        self._house = house
        self._images = images
        self._assistant = assistant
        self._news = news
        self._switch = Switch(house, images, news)
        self._usages = Usages()
        self._looking = asyncio.Lock()
        self._versions = Versions(house)

    def begin(self) -> None:
        """Hold what is not to run; before anything is started."""
        for unit in self._house.supervisor.units():
            reason = self._off_reason(unit.spec)
            if reason:
                unit.hold(State.OFF, reason)

    async def settle(self) -> None:
        """Resolve images, and start monitoring where its images are; when the engine answers."""
        if RuntimeName.DOCKER not in self._house.supervisor.runtimes:
            return
        await self._images.resolve()
        for unit in self._house.supervisor.units():
            name = unit.spec.name
            if name not in MONITORING or not unit.held:
                continue
            if self._off_reason(unit.spec, image_there=True):
                continue
            # Fetched only for an operator who asked: it is much for a small disk.
            if self._house.plan.programs.enabled.get(name):
                self._images.begin(name, partial(self._have_image, unit))
            elif await self._images.here(unit.spec.image):
                await self._have_image(unit)

    async def _have_image(self, unit: Unit) -> None:
        unit.hold(State.OFF, f"its image {unit.spec.image} is being fetched")
        try:
            await self._images.have(unit.spec.name, unit.spec.image)
        except StreamsteadError as exc:
            unit.hold(State.OFF, exc.message)
            raise
        if self._house.plan.programs.enabled.get(unit.spec.name) is not False:
            unit.release()
            await self._images.resolve()

    def _off_reason(self, spec: ServiceSpec, image_there: bool = False) -> str:
        """Return why a program is not to run; empty when it is."""
        if spec.name not in OPTIONAL:
            return ""
        chosen = self._house.plan.programs.enabled.get(spec.name)
        if chosen is False:
            return "switched off"
        if spec.name not in MONITORING:
            return ""
        if chosen is None:
            if self._house.settings.monitoring is Monitoring.OFF:
                return "off by STREAMSTEAD_MONITORING"
            if memory_mb() < ROOM_MB:
                return f"off: this machine has less than {ROOM_MB} MB of memory"
        if spec.runtime is RuntimeName.DOCKER:
            pinned = spec.name in self._house.plan.programs.images
            return "" if pinned or image_there else f"its image {spec.image} is not here yet"
        return "" if shutil.which(spec.argv[0]) else f"{spec.argv[0]} is not installed"

    async def query(self, name: str | None) -> list[dict[str, Any]]:
        """Return a row for every program, or for one."""
        units = self._units(name)
        facts = await self._container_facts()
        usages = await self._look(units)
        return [await self._row(unit, facts.get(unit.spec.name), usages) for unit in units]

    async def stats(self, name: str | None) -> list[dict[str, Any]]:
        """Return what every program uses of the machine, or one."""
        units = self._units(name)
        usages = await self._look(units)
        now_ms = time.time_ns() // 1_000_000
        rows = []
        for unit in units:
            pid = unit.status.pid
            found = usages.get(pid) if pid else None
            rows.append({"name": unit.spec.name, **_usage(found), "at_ms": now_ms})
        return rows

    async def enabled(self, name: str, enabled: bool | None) -> None:
        """Switch a program on or off for good. Raises Conflict when it must run."""
        if enabled is None:
            raise MissingField("enabled is missing", "Send true or false.")
        unit = self._unit(name)
        own = unit.spec.name
        if own not in OPTIONAL:
            if enabled:
                return
            raise Conflict(
                f"{own} cannot be switched off: {_REASONS[own]}",
                "It can be restarted; `streamstead stop` stops everything.",
                key="service_needed",
            )
        await self._images.keep(
            lambda now: now.model_copy(update={"enabled": {**now.enabled, own: enabled}})
        )
        if not enabled:
            unit.hold(State.OFF, "switched off")
        elif (reason := self._off_reason(unit.spec)) and unit.spec.runtime is RuntimeName.DOCKER:
            unit.hold(State.OFF, reason)
            self._images.begin(own, partial(self._have_image, unit))
        elif reason:
            unit.hold(State.OFF, reason)
            raise Conflict(
                f"{own} cannot be started: {reason}",
                f"Install it: apt-get install {_package(own)}, or run ./bootstrap again.",
                key="service_not_installed",
            )
        else:
            unit.release()
        self._news.changed(own, "on" if enabled else "off")

    async def start(self, name: str) -> None:
        """Start what was stopped. Raises Conflict for one that is switched off."""
        unit = self._unit(name)
        if unit.status.state is State.OFF:
            raise Conflict(
                f"{unit.spec.name} is off: {unit.status.detail}",
                "Switch it on: action enabled with enabled true.",
                key="service_off",
            )
        unit.release()

    async def stop(self, name: str, force: bool) -> None:
        """Stop a program until it is started, or until the manager itself starts again."""
        unit = self._unit(name)
        own = unit.spec.name
        if own not in (*OPTIONAL, "media"):
            raise Conflict(
                f"{own} cannot be stopped: {_REASONS[own]}",
                "It can be restarted; `streamstead stop` stops everything.",
                key="service_needed",
            )
        if own == "media":
            await refuse_while_live(self._house, "a stop", force)
        if not unit.held:
            unit.hold(State.STOPPED, "stopped by the operator")

    async def restart(self, name: str, force: bool) -> None:
        unit = self._unit(name)
        if unit.spec.name == "media":
            await refuse_while_live(self._house, "a restart", force)
        # Asked first: while the engine is away nothing must be left undone half-way.
        await unit.runtime.inspect(unit.spec.name)
        await self._house.supervisor.restart(unit.spec.name)

    async def upgrade(self, name: str, force: bool) -> None:
        """Begin to fetch the newest image of a program, and to go on with it."""
        unit = self._unit(name)
        if unit.spec.name == "media":
            await refuse_while_live(self._house, "another image", force)
        self._images.upgrade(unit.spec.name)

    async def roll_back(self, name: str, force: bool) -> None:
        unit = self._unit(name)
        if unit.spec.name == "media":
            await refuse_while_live(self._house, "another image", force)
        await self._images.roll_back(unit.spec.name)

    async def switch(self, name: str, force: bool) -> None:
        await self._switch.to(name, force)

    async def logs(self, name: str, lines: int) -> list[str]:
        return await self._unit(name).logs(lines)

    def _unit(self, name: str) -> Unit:
        known = [unit.spec.name for unit in self._house.supervisor.units()]
        return self._house.supervisor.unit(own_name(name, known))

    def _units(self, name: str | None) -> list[Unit]:
        return [self._unit(name)] if name else self._house.supervisor.units()

    async def _look(self, units: list[Unit]) -> dict[int, Usage]:
        pids = [unit.status.pid for unit in units]
        mains = [pid for pid in pids if pid]
        async with self._looking:
            if not all(self._usages.knows(pid) for pid in mains):
                await asyncio.to_thread(self._usages.take, mains)
                await asyncio.sleep(FIRST_LOOK_S)
            return dict(await asyncio.to_thread(self._usages.take, mains))

    async def _container_facts(self) -> dict[str, dict[str, Any]]:
        """Return id and image id of our containers by program; empty while the engine is away."""
        if RuntimeName.DOCKER not in self._house.supervisor.runtimes:
            return {}
        try:
            return await self._images.docker.containers()
        except StreamsteadError:
            return {}

    async def _row(
        self, unit: Unit, facts: dict[str, Any] | None, usages: dict[int, Usage]
    ) -> dict[str, Any]:
        spec, status = unit.spec, unit.status
        in_container = spec.runtime is RuntimeName.DOCKER
        pin = self._house.plan.programs.images.get(spec.name) if in_container else None
        pull = self._images.board.of(spec.name)
        last = self._assistant.exits.get(spec.name)
        health = unit.health
        return {
            "name": spec.name,
            "enabled": status.state is not State.OFF,
            "can_disable": spec.name in OPTIONAL,
            "container": _container(status.pid, status.since_ms, facts),
            "kind": "container" if in_container else "process",
            **status.as_dict(),
            "image": spec.image if in_container else "",
            "digest": (pin.digest or pin.image_id) if pin else "",
            "version": await self._versions.of(spec),
            "ports": [
                {"port": door.port, "proto": door.proto, "public": door.public}
                for door in doors_of(spec, self._house.plan)
            ],
            **_usage(usages.get(status.pid) if status.pid else None),
            "memory_limit_bytes": spec.memory_mb * 2**20 if in_container else None,
            "health": health and {"ok": health.ok, "detail": health.detail, "at_ms": health.at_ms},
            "last_exit": last and last.model_dump(),
            "can_rollback_image": bool(pin and pin.previous),
            "media_server": running_media(self._house) if spec.name == "media" else "",
            "pull": pull and pull.as_dict(),
        }


def _usage(found: Usage | None) -> dict[str, Any]:
    return {
        "cpu_percent": found.cpu_percent if found else None,
        "memory_bytes": found.memory_bytes if found else None,
        "pids": found.pids if found else None,
    }


def _container(pid: int | None, since_ms: int, facts: dict[str, Any] | None) -> dict[str, str]:
    if not pid:
        return {}
    seconds = max(0, time.time_ns() // 1_000_000 - since_ms) // 1000
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            age = f"{seconds // size} {unit}"
            break
    else:
        age = f"{seconds} seconds"
    id_ = str(facts["Id"])[:12] if facts else str(pid)
    return {"ID": id_, "State": "running", "Status": f"Up {age}"}


def _package(name: str) -> str:
    return "prometheus-node-exporter" if name == "node_exporter" else name
