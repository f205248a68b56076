"""Images of programs: what their names mean, another one and back, what may go."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...core.errors import Conflict, StreamsteadError
from ...core.event_types import EventType
from ...core.log import get_logger
from ..house import House
from ..runtime.spec import RuntimeName, ServiceSpec
from ..state_file import StateFile
from ..status import State
from .pulls import Pull, PullBoard, fetch, kept_image
from .state import KeptImage, Pin, Programs

if TYPE_CHECKING:
    from ..runtime.docker import DockerRuntime

log = get_logger(__name__)

HEALTHY_WITHIN_S = 90.0


class Images:
    """Of all programs that are containers. At most one pull for each program at a time."""

    def __init__(self, house: House, file: StateFile[Programs]) -> None:
        self.board = PullBoard()
        self._house = house
        self._file = file
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._keeping = asyncio.Lock()

    @property
    def docker(self) -> "DockerRuntime":
        """Raises Conflict in a house without containers."""
        found = self._house.supervisor.runtimes.get(RuntimeName.DOCKER)
        if found is None:
            raise Conflict(
                "this house runs programs of the distribution, no containers",
                "They are upgraded by its packages: apt-get upgrade.",
                key="not_a_container",
            )
        from ..runtime.docker import DockerRuntime

        assert isinstance(found, DockerRuntime)
        return found

    async def keep(self, change: Callable[[Programs], Programs], **plan: Any) -> None:
        """Go on by changed choices, and keep them; nothing is changed when that is refused."""
        async with self._keeping:
            new = change(self._house.plan.programs)
            await self._house.change(programs=new, **plan)
            await asyncio.to_thread(self._file.write, new)

    async def resolve(self) -> None:
        """Note what is really run under every name, so that the same is started next time."""
        for unit in self._house.supervisor.units():
            spec = unit.spec
            pin = self._house.plan.programs.images.get(spec.name)
            if spec.runtime is not RuntimeName.DOCKER or (pin and pin.tag == spec.image):
                continue
            try:
                found = await self.docker.call(partial(self._meaning, spec))
            except StreamsteadError as exc:
                log.info("image.not_resolved", name=spec.name, error=exc.message)
                continue
            if found is not None:
                await self._pin(spec, found, turn=0, previous=None)

    def _meaning(self, spec: ServiceSpec, client: Any) -> KeptImage | None:
        from docker.errors import ImageNotFound

        container = self.docker.find(client, spec.name)
        try:
            return kept_image(client, container.attrs["Image"] if container else spec.image)
        except ImageNotFound:
            return None

    def fetch_missing(self, spec: ServiceSpec) -> None:
        """Begin to fetch the image of a program that cannot start without it."""
        self._begin(spec.name, lambda: self._fetch_missing(spec))

    async def _fetch_missing(self, spec: ServiceSpec) -> None:
        pin = self._house.plan.programs.images.get(spec.name)
        if pin is not None and pin.tag != spec.image:
            pin = None
        # What is here under that name comes first: a house that moved brings the choices of its
        # old machine along.
        found = await self.here(spec.image)
        if found is None:
            found = await self._fetch(spec.name, (pin.digest if pin else "") or spec.image)
        unit = self._house.supervisor.unit(spec.name)
        if unit.spec.image == spec.image:
            turn = pin.turn if pin else 0
            await self._pin(spec, found, turn, pin.previous if pin else None)
        unit.ask_restart()

    def upgrade(self, name: str) -> None:
        """Begin to fetch what the name means now, and to go on with it; back when it fails."""
        spec = self._container(name)
        self._begin(name, lambda: self._upgrade(spec), must=True)

    async def _upgrade(self, spec: ServiceSpec) -> None:
        await self.resolve()
        before = self._house.plan.programs.images.get(spec.name)
        found = await self._fetch(spec.name, spec.image)
        if before is not None and before.tag == spec.image and before.image_id == found.image_id:
            await self._note(spec, "done", "it is the newest already")
            return
        await self._pin(spec, found, (before.turn if before else 0) + 1, _kept(before))
        problem = await self._settle(spec.name)
        if problem and before is not None:
            log.warning("image.rolled_back", name=spec.name, reason=problem)
            await self._pin(spec, _kept(before), before.turn + 2, None)
            words = f"the new image does not work, the old one is back: {problem}"
            await self._note(spec, "failed", words)
            return
        self._house.events.tell(
            EventType.SERVICE_UPGRADED,
            {"name": spec.name, "image": spec.image, "digest": found.digest or found.image_id},
        )
        await self._clean()

    async def roll_back(self, name: str) -> None:
        """Go on with the image before. Raises Conflict when there is none."""
        spec = self._container(name)
        pin = self._house.plan.programs.images.get(name)
        if pin is None or pin.previous is None:
            raise Conflict(
                f"no earlier image of {name} is kept",
                "There is one after an upgrade of it.",
                key="no_previous_image",
            )
        await self._pin(spec, pin.previous, pin.turn + 1, _kept(pin))

    async def have(self, name: str, image: str) -> KeptImage:
        """Return an image, fetched when it is not here. Raises Upstream."""
        return await self.here(image) or await self._fetch(name, image)

    async def here(self, image: str) -> KeptImage | None:
        """Return an image if it is on this machine. Raises Upstream."""

        def look(client: Any) -> KeptImage | None:
            from docker.errors import ImageNotFound

            try:
                return kept_image(client, image)
            except ImageNotFound:
                return None

        return await self.docker.call(look)

    def begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do something with images in the background. Raises Conflict while something is."""
        self._begin(name, work, must=True)

    def _begin(self, name: str, work: Callable[[], Awaitable[None]], must: bool = False) -> None:
        job = self._jobs.get(name)
        if job is not None and not job.done():
            if must:
                raise Conflict(
                    f"the image of {name} is being fetched already",
                    "Wait until it is done.",
                    key="pull_running",
                )
            return
        self._jobs[name] = asyncio.create_task(self._work(name, work))

    async def _work(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (OSError, StreamsteadError) as exc:
            log.warning("image.failed", name=name, error=str(exc))
            pull = self.board.of(name)
            if pull is None or pull.state != "failed":
                spec = self._house.supervisor.unit(name).spec
                await self._note(spec, "failed", str(exc))

    async def _fetch(self, name: str, image: str) -> KeptImage:
        docker = self.docker
        found = await fetch(self.board, name, image, docker.connect)
        if found.image_id not in self._house.plan.programs.pulled:
            await self.keep(
                lambda now: now.model_copy(update={"pulled": (*now.pulled[-50:], found.image_id)})
            )
        return found

    async def _pin(
        self, spec: ServiceSpec, image: KeptImage | None, turn: int, previous: KeptImage | None
    ) -> None:
        assert image is not None
        pin = Pin(
            tag=spec.image,
            image_id=image.image_id,
            digest=image.digest,
            turn=turn,
            previous=previous,
        )
        await self.keep(
            lambda now: now.model_copy(update={"images": {**now.images, spec.name: pin}})
        )

    async def _settle(self, name: str) -> str:
        """Wait until a program runs by its new spec; return why it does not."""
        unit = self._house.supervisor.unit(name)
        wanted = unit.spec.hash
        try:
            async with asyncio.timeout(HEALTHY_WITHIN_S):
                async for _ in self._house.supervisor.follow():
                    status = unit.status
                    if status.state is State.RUNNING and unit.runs(wanted):
                        return ""
                    if status.state in (State.BACKOFF, State.FAILED):
                        return status.detail
        except TimeoutError:
            pass
        return f"not healthy after {HEALTHY_WITHIN_S:.0f} s: {unit.status.detail}"

    async def _clean(self) -> None:
        """Remove what we fetched and nobody can go back to any more."""
        programs = self._house.plan.programs
        wanted = {pin.image_id for pin in programs.images.values()}
        wanted |= {pin.previous.image_id for pin in programs.images.values() if pin.previous}
        old = [one for one in programs.pulled if one not in wanted]

        def remove(client: Any) -> list[str]:
            from docker.errors import APIError, ImageNotFound

            gone = []
            for image_id in old:
                try:
                    client.images.remove(image_id)
                except ImageNotFound:
                    pass
                except APIError as exc:
                    log.info("image.kept", image=image_id[:19], why=str(exc.explanation)[:200])
                    continue
                gone.append(image_id)
            return gone

        if old:
            gone = set(await self.docker.call(remove))
            await self.keep(
                lambda now: now.model_copy(
                    update={"pulled": tuple(one for one in now.pulled if one not in gone)}
                )
            )

    async def _note(self, spec: ServiceSpec, state: str, message: str) -> None:
        last = self.board.of(spec.name) or Pull(spec.name, spec.image, 0, 0, state, "", 0)
        await self.board.post(replace(last, state=state, message=message))

    def _container(self, name: str) -> ServiceSpec:
        spec = self._house.supervisor.unit(name).spec
        if spec.runtime is not RuntimeName.DOCKER:
            raise Conflict(
                f"{name} is a process here, it has no image",
                "What we wrote is upgraded with Streamstead, the rest by the distribution.",
                key="not_a_container",
            )
        return spec


def _kept(pin: Pin | None) -> KeptImage | None:
    return None if pin is None else KeptImage(image_id=pin.image_id, digest=pin.digest)
