"""What one program's keeper cannot know: who has its port, where its image comes from."""

import asyncio
from contextlib import suppress
from typing import Any

from ...core.errors import StreamsteadError
from ..house import House
from ..runtime.spec import RuntimeName, ServiceSpec
from ..state_file import StateFile
from ..status import LastExit, State
from .images import Images
from .news import News
from .ports import DoorOf, Holder, container_of, doors_of, holders
from .state import MONITORING, ExitNote, Exits
from .usage import Usages

GIVE_UP_AFTER = 3
AGAIN_S = 600.0
PORT_EVERY_S = 20.0


class Assistant:
    """Helper of all units; see mgmt/unit.py."""

    def __init__(self, house: House, images: Images, news: News, exits: StateFile[Exits]) -> None:
        self._house = house
        self._images = images
        self._news = news
        self._file = exits
        self._writing: asyncio.Task[None] | None = None
        self.exits = exits.read().exits

    def image_missing(self, spec: ServiceSpec) -> None:
        self._images.fetch_missing(spec)

    def ended(self, name: str, how: LastExit) -> None:
        self._news.ended(name, how)
        self.exits[name] = ExitNote(
            at_ms=how.at_ms, status=how.status, reason=how.reason, lines=how.lines
        )
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        with suppress(OSError):  # a full disk; it is in the log all the same
            await asyncio.to_thread(self._file.write, Exits(exits=dict(self.exits)))

    def failing(self, spec: ServiceSpec, reason: str, times: int) -> None:
        """Let the house do without monitoring: it is shown as off, and tried again later."""
        taken = reason.startswith("port ")
        if spec.name in MONITORING and (taken or times >= GIVE_UP_AFTER):
            self._house.supervisor.unit(spec.name).hold(State.OFF, reason)
            loop = asyncio.get_running_loop()
            loop.call_later(PORT_EVERY_S if taken else AGAIN_S, self._again, spec.name, reason)

    def _again(self, name: str, reason: str) -> None:
        unit = self._house.supervisor.unit(name)
        if unit.held_for == reason:  # else the operator has decided something meanwhile
            unit.release()

    async def explain(self, spec: ServiceSpec) -> str:
        """Name who holds a port that this program needs."""
        found = await asyncio.to_thread(holders, doors_of(spec, self._house.plan))
        for door, holder in found.items():
            if not await self._is_ours(spec, holder):
                return await self._words(door, holder)
        return ""

    async def _is_ours(self, spec: ServiceSpec, holder: Holder) -> bool:
        unit = self._house.supervisor.unit(spec.name)
        try:
            instance = await unit.runtime.inspect(spec.name)
        except (OSError, StreamsteadError):
            # Not to be known now; a wrong suspicion is worse than none.
            return True
        if instance is None:
            return False
        family = await asyncio.to_thread(Usages.family, instance.pid)
        same = holder.container and holder.container == container_of(instance.pid)
        return bool(same) or holder.pid in family

    async def _words(self, door: DoorOf, holder: Holder) -> str:
        who = f"{holder.name} (pid {holder.pid})"
        name = await self._container_name(door, holder)
        if name:
            who = f"the container {name}"
        return f"port {door.port}/{door.proto} is taken by {who}: end it, or give us another port"

    async def _container_name(self, door: DoorOf, holder: Holder) -> str:
        if RuntimeName.DOCKER not in self._house.supervisor.runtimes:
            return f"{holder.container[:12]}" if holder.container else ""

        def look(client: Any) -> str:
            for one in client.api.containers():
                published = {port.get("PublicPort") for port in one.get("Ports", ())}
                if one["Id"] == holder.container or (
                    holder.name == "docker-proxy" and door.port in published
                ):
                    return str(one["Names"][0]).lstrip("/")
            return holder.container[:12]

        try:
            return await self._images.docker.call(look)
        except StreamsteadError:
            return holder.container[:12]
