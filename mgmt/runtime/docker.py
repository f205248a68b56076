"""Programs as containers: host network, nothing but what they need, found again by label."""

import asyncio
import hashlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import ReadTimeout, RequestException

from ...core.errors import Upstream, UpstreamTimeout
from ...core.log import get_logger
from ...core.settings import DEFAULT_DATA_DIR, Settings
from . import docker_engine
from .account import Account
from .once import TIMED_OUT, Ran, RunOnce, Tail
from .protocol import UNKNOWN_PID, Ended, EngineAway, EngineNews, ImageMissing, Instance
from .spec import RuntimeName, ServiceSpec

log = get_logger(__name__)

T = TypeVar("T")

SPEC_LABEL = "streamstead.spec"
INSTANCE_LABEL = "streamstead.instance"
SERVICE_LABEL = "streamstead.service"
EVENTS_RETRY_S = 2.0
CHECK_TIMEOUT_S = 30.0
MAX_OUTPUT_LINES = 4000
REMOVAL_S = 10.0
_GOING = ("removing", "dead")
"""States of a container that somebody removes: it cannot be used any more."""


class DockerRuntime:
    """Runs specs as containers. The library blocks, so every call is made in a thread."""

    kind = RuntimeName.DOCKER

    def __init__(self, settings: Settings, account: Account) -> None:
        self._address = settings.docker_host
        self._account = account
        root = settings.data_dir.resolve()
        self._instance = hashlib.sha256(str(root).encode()).hexdigest()[:12]
        # Two installations on one machine must not take each other's containers.
        self._suffix = "" if root == DEFAULT_DATA_DIR else f"-{self._instance[:6]}"
        self._client: Any = None
        self._client_lock = threading.Lock()
        self._closed = threading.Event()

    async def ensure(self, spec: ServiceSpec) -> Instance:
        return await self._call(lambda client: self._ensure(client, spec))

    async def inspect(self, name: str) -> Instance | None:
        return await self._call(lambda client: self._running(client, name))

    async def adopted(self, spec: ServiceSpec) -> None:
        """Nothing is held for a container."""

    async def stop(self, name: str, grace_s: float = 10.0, *, again: bool = False) -> None:
        def work(client: Any) -> None:
            container = self.find(client, name)
            if container is not None:
                container.stop(timeout=int(grace_s))
                _remove(container)

        await self._call(work)

    async def signal(self, name: str, number: int) -> None:
        def work(client: Any) -> None:
            container = self.find(client, name)
            if container is not None and container.status == "running":
                container.kill(signal=number)

        await self._call(work)

    async def check(self, spec: ServiceSpec) -> str | None:
        if not spec.check:
            return None

        once = RunOnce(
            f"{spec.name}-check",
            spec.check,
            spec.image,
            spec.mounts,
            spec.env,
            spec.tmpfs,
            spec.workdir,
            privileged=spec.privileged,
            capabilities=spec.capabilities,
            memory_mb=spec.memory_mb,
            pids=spec.pids,
        )
        ran = await self.run(once, CHECK_TIMEOUT_S)
        if ran.status == TIMED_OUT:
            return f"{spec.check[0]} did not end within {CHECK_TIMEOUT_S:.0f} s"
        return None if ran.ok else ran.output.strip()

    async def run(self, once: RunOnce, timeout_s: float) -> Ran:
        beginning = asyncio.ensure_future(self._call(lambda client: self._begin(client, once)))
        try:
            container = await asyncio.shield(beginning)
        except asyncio.CancelledError:
            await asyncio.shield(self._undo(beginning))
            raise
        try:
            async with asyncio.timeout(timeout_s):
                status = await self._call(lambda _: container.wait(timeout=timeout_s + 5))
            code = int(status["StatusCode"])
        except (TimeoutError, UpstreamTimeout):
            code = TIMED_OUT
        except BaseException:
            await asyncio.shield(self._call(lambda _: self._finish(container)))
            raise
        said = await asyncio.shield(self._call(lambda _: self._finish(container)))
        return Ran(code, said)

    async def _undo(self, beginning: asyncio.Future[Any]) -> None:
        """Remove what the engine makes though nobody waits for it any more."""
        with suppress(Upstream):
            container = await beginning
            await self._call(lambda _: self._finish(container))

    async def logs(self, name: str, lines: int) -> list[str]:
        def work(client: Any) -> list[str]:
            container = self.find(client, name)
            if container is None or container.status in _GOING:
                return []
            raw: bytes = container.logs(tail=lines)
            return raw.decode(errors="replace").splitlines()

        return await self._call(work)

    async def rotate_logs(self) -> None:
        """Docker does it: see the log options of the containers."""

    async def events(self) -> AsyncIterator[Ended | EngineNews]:
        queue: asyncio.Queue[Ended | EngineNews] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(event: Ended | EngineNews) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, event)

        threading.Thread(target=self._follow, args=(put,), daemon=True).start()
        while True:
            yield await queue.get()

    async def close(self) -> None:
        self._closed.set()
        if self._client is not None:
            await asyncio.to_thread(self._client.close)

    async def _call(self, work: Callable[[Any], T]) -> T:
        def run() -> T:
            return work(self._connected())

        try:
            return await asyncio.to_thread(run)
        except ReadTimeout:
            raise UpstreamTimeout(
                "Docker: no answer in time", "Look at the engine with `docker info`."
            ) from None
        except APIError as exc:
            said = str(exc.explanation or exc).strip() or type(exc).__name__
            raise Upstream(
                f"Docker: {_short(said.splitlines()[0])}", "Look at the engine with `docker info`."
            ) from None
        except (DockerException, RequestException) as exc:
            # Whatever is no answer of the engine: it is not there, or went away over this call.
            raise EngineAway(
                f"{docker_engine.why_not(exc)}: what runs goes on, but nothing can be changed",
                "Start the engine (systemctl start docker), or look why it does not run.",
            ) from None

    async def call(self, work: Callable[[Any], T]) -> T:
        """Do something with the client of the library, in a thread.

        Raises EngineAway when no engine answers, Upstream for what it refuses.
        """
        return await self._call(work)

    def _connected(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = docker_engine.connect(self._address)
            return self._client

    async def containers(self) -> dict[str, dict[str, Any]]:
        """Return what the engine lists of our containers, by program."""
        ours = {"label": [f"{INSTANCE_LABEL}={self._instance}", SERVICE_LABEL]}
        found = await self._call(lambda client: client.api.containers(all=True, filters=ours))
        return {one["Labels"][SERVICE_LABEL]: one for one in found}

    def connect(self, timeout_s: int) -> Any:
        """Return a client of one's own, for what takes long; close it. Blocks."""
        return docker_engine.connect(self._address, timeout_s)

    def container_name(self, name: str) -> str:
        """Return what a program's container is called; the default installation has plain names."""
        return f"streamstead-{name}{self._suffix}"

    def _begin(self, client: Any, once: RunOnce) -> Any:
        """Start a one-shot container."""
        container = self._make(client, once, once.name)
        try:
            container.start()
        except BaseException:
            _remove(container)
            raise
        return container

    def _finish(self, container: Any) -> str:
        """Remove a one-shot container, running or not; return what it wrote."""
        said = Tail()
        try:
            with suppress(DockerException, RequestException):
                container.kill()  # refused when it has ended, as it should have
            for piece in container.logs(stream=True, follow=False, tail=MAX_OUTPUT_LINES):
                said.take(piece)
        finally:
            _remove(container)
        return said.text

    def find(self, client: Any, name: str) -> Any:
        """Return our container; None when absent. One of another installation is not ours."""
        try:
            container = client.containers.get(self.container_name(name))
        except NotFound:
            return None
        if container.labels.get(INSTANCE_LABEL) != self._instance:
            raise Upstream(
                f"a container called {self.container_name(name)} exists that is not ours",
                f"Rename or remove it: docker rm {self.container_name(name)}",
            )
        return container

    def _running(self, client: Any, name: str) -> Instance | None:
        container = self.find(client, name)
        if container is None or container.status != "running":
            return None
        state = container.attrs["State"]
        started = datetime.fromisoformat(state["StartedAt"][:19] + "+00:00")
        spec_hash = container.labels.get(SPEC_LABEL, "")
        return Instance(name, state["Pid"], spec_hash, int(started.timestamp() * 1000))

    def _ensure(self, client: Any, spec: ServiceSpec) -> Instance:
        container = self.find(client, spec.name)
        if container is not None and container.status in _GOING:
            _wait_gone(container)
            container = None
        if container is not None and container.labels.get(SPEC_LABEL) != spec.hash:
            # What runs is not given up for one that cannot be made: its image may be missing, or
            # the disk of the engine full.
            following = self._make(client, spec, f"{spec.name}-next")
            container.stop(timeout=int(spec.stop_grace_s))
            _remove(container)
            following.rename(self.container_name(spec.name))
            container = following
            log.info("container.outdated", name=spec.name)
        if container is None:
            container = self._make(client, spec, spec.name)
            log.info("container.created", name=spec.name)
        if container.status != "running":
            container.start()
            log.info("container.started", name=spec.name)
        running = self._running(client, spec.name)
        if running is None:
            container.reload()
            status = container.attrs["State"]["ExitCode"]
            raise Upstream(f"{Ended(spec.name, UNKNOWN_PID, status).reason} at once")
        return running

    def _make(self, client: Any, spec: ServiceSpec | RunOnce, name: str) -> Any:
        """Create a container; one that a killed manager left behind is removed."""
        stale = self.find(client, name)
        if stale is not None:
            _remove(stale)
        options = self._options(spec, self.container_name(name), spec.argv)
        try:
            return client.containers.create(**options)
        except ImageNotFound:
            raise ImageMissing(
                f"the image {spec.image} is not on this machine",
                f"It is fetched: docker pull {spec.image}",
            ) from None

    def _options(
        self, spec: ServiceSpec | RunOnce, name: str, argv: tuple[str, ...]
    ) -> dict[str, Any]:
        labels = {INSTANCE_LABEL: self._instance}
        if isinstance(spec, ServiceSpec):
            labels |= {SPEC_LABEL: spec.hash, SERVICE_LABEL: spec.name}
        owner = f"uid={self._account.uid},gid={self._account.gid}"
        volumes = {
            str(mount.path): {
                "bind": mount.at or str(mount.path),
                "mode": "rw" if mount.writable else "ro",
            }
            for mount in spec.mounts
        }
        return {
            "image": (spec.pin if isinstance(spec, ServiceSpec) else "") or spec.image,
            "name": name,
            # Official images and locally made ones differ in their entrypoints.
            "entrypoint": [argv[0]],
            "command": list(argv[1:]),
            "working_dir": spec.workdir or None,
            "user": "0:0" if spec.privileged else f"{self._account.uid}:{self._account.gid}",
            "environment": dict(spec.env),
            "network_mode": "host",
            "cap_drop": ["ALL"],
            "cap_add": list(spec.capabilities) if spec.privileged else [],
            "security_opt": ["no-new-privileges"],
            "read_only": True,
            "tmpfs": dict.fromkeys(spec.tmpfs, f"mode=1777,{owner}"),
            "volumes": volumes,
            "mem_limit": f"{spec.memory_mb}m",
            "pids_limit": spec.pids,
            "log_config": {"type": "json-file", "config": {"max-size": "10m", "max-file": "3"}},
            "labels": labels,
            "detach": True,
        }

    def _follow(self, put: Callable[[Ended | EngineNews], None]) -> None:
        """Read Docker's events until closed; after a break, begin again with what is new.

        The engine counts as lost when it cannot be reached again at once.
        """
        lost = False
        filters = {
            "type": "container",
            "event": ["die"],
            "label": [f"{INSTANCE_LABEL}={self._instance}", SERVICE_LABEL],
        }
        while not self._closed.is_set():
            try:
                client = docker_engine.connect(self._address, timeout_s=3600)
                stream = client.events(decode=True, filters=filters)
                if lost:
                    lost = False
                    put(EngineNews(reachable=True))
                for event in stream:
                    facts = event["Actor"]["Attributes"]
                    status = facts.get("exitCode", "")
                    put(
                        Ended(
                            facts[SERVICE_LABEL],
                            UNKNOWN_PID,
                            int(status) if status.isdigit() else None,
                        )
                    )
            except (DockerException, RequestException, OSError) as exc:
                if not lost and self._away():
                    lost = True
                    why = docker_engine.why_not(exc)
                    log.warning("docker.lost", why=why)
                    put(EngineNews(reachable=False, reason=why))
            self._closed.wait(EVENTS_RETRY_S)

    def _away(self) -> bool:
        try:
            docker_engine.connect(self._address, timeout_s=docker_engine.ANSWER_TIMEOUT_S).close()
        except (DockerException, RequestException, OSError):
            return True
        return False


def _short(said: str) -> str:
    """Keep both ends: it begins with what was tried, and ends with the cause."""
    return said if len(said) <= 300 else f"{said[:100]} ... {said[-195:]}"


def _remove(container: Any) -> None:
    """Remove it with the volumes that its image asks for: we use none of them, and nobody else
    would ever remove them."""
    container.remove(force=True, v=True)


def _wait_gone(container: Any) -> None:
    """Wait for somebody's removal; one that the engine gave up half-way is tried again."""
    until = time.monotonic() + REMOVAL_S
    while time.monotonic() < until:
        try:
            _remove(container)
        except NotFound:
            return
        except APIError as exc:
            log.info("container.going", error=str(exc.explanation)[:200])
        time.sleep(0.1)
