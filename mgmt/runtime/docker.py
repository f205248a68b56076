"""Programs as containers: host network, nothing but what they need, found again by label."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, TypeVar

from docker.errors import DockerException, NotFound
from requests.exceptions import RequestException

from ...core.errors import Upstream
from ...core.log import get_logger
from ...core.settings import DEFAULT_DATA_DIR, Settings
from . import docker_engine
from .account import Account
from .protocol import UNKNOWN_PID, Ended, Instance
from .spec import RuntimeName, ServiceSpec

log = get_logger(__name__)

T = TypeVar("T")

SPEC_LABEL = "streamstead.spec"
INSTANCE_LABEL = "streamstead.instance"
SERVICE_LABEL = "streamstead.service"
EVENTS_RETRY_S = 2.0


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

    async def stop(self, name: str, grace_s: float = 10.0) -> None:
        def work(client: Any) -> None:
            container = self._find(client, name)
            if container is not None:
                container.stop(timeout=int(grace_s))
                container.remove(force=True)

        await self._call(work)

    async def signal(self, name: str, number: int) -> None:
        def work(client: Any) -> None:
            container = self._find(client, name)
            if container is not None and container.status == "running":
                container.kill(signal=number)

        await self._call(work)

    async def check(self, spec: ServiceSpec) -> str | None:
        if not spec.check:
            return None

        def work(client: Any) -> str | None:
            options = self._options(spec, f"{self.container_name(spec.name)}-check", spec.check)
            container = client.containers.create(**options)
            try:
                container.start()
                status = container.wait()["StatusCode"]
                said: bytes = container.logs()
            finally:
                container.remove(force=True)
            return None if status == 0 else said.decode(errors="replace").strip()

        return await self._call(work)

    async def logs(self, name: str, lines: int) -> list[str]:
        def work(client: Any) -> list[str]:
            container = self._find(client, name)
            if container is None:
                return []
            raw: bytes = container.logs(tail=lines)
            return raw.decode(errors="replace").splitlines()

        return await self._call(work)

    async def rotate_logs(self) -> None:
        """Docker does it: see the log options of the containers."""

    async def events(self) -> AsyncIterator[Ended]:
        queue: asyncio.Queue[Ended] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(event: Ended) -> None:
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
        except (DockerException, RequestException) as exc:
            raise Upstream(
                f"Docker: {str(exc).splitlines()[0][:300] if str(exc) else type(exc).__name__}",
                "Look at the engine with `docker info`.",
            ) from None

    def _connected(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = docker_engine.connect(self._address)
            return self._client

    def container_name(self, name: str) -> str:
        """Return what a program's container is called; the default installation has plain names."""
        return f"streamstead-{name}{self._suffix}"

    def _find(self, client: Any, name: str) -> Any:
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
        container = self._find(client, name)
        if container is None or container.status != "running":
            return None
        state = container.attrs["State"]
        started = datetime.fromisoformat(state["StartedAt"][:19] + "+00:00")
        spec_hash = container.labels.get(SPEC_LABEL, "")
        return Instance(name, state["Pid"], spec_hash, int(started.timestamp() * 1000))

    def _ensure(self, client: Any, spec: ServiceSpec) -> Instance:
        container = self._find(client, spec.name)
        if container is not None and container.labels.get(SPEC_LABEL) != spec.hash:
            container.stop(timeout=int(spec.stop_grace_s))
            container.remove(force=True)
            container = None
            log.info("container.outdated", name=spec.name)
        if container is None:
            options = self._options(spec, self.container_name(spec.name), spec.argv)
            container = client.containers.create(**options)
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

    def _options(self, spec: ServiceSpec, name: str, argv: tuple[str, ...]) -> dict[str, Any]:
        owner = f"uid={self._account.uid},gid={self._account.gid}"
        volumes = {
            str(mount.path): {
                "bind": mount.at or str(mount.path),
                "mode": "rw" if mount.writable else "ro",
            }
            for mount in spec.mounts
        }
        return {
            "image": spec.image,
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
            "labels": {
                SPEC_LABEL: spec.hash,
                INSTANCE_LABEL: self._instance,
                SERVICE_LABEL: spec.name,
            },
            "detach": True,
        }

    def _follow(self, put: Callable[[Ended], None]) -> None:
        """Read Docker's events until closed; after a break, begin again with what is new."""
        filters = {
            "type": "container",
            "event": ["die"],
            "label": f"{INSTANCE_LABEL}={self._instance}",
        }
        while not self._closed.is_set():
            try:
                client = docker_engine.connect(self._address, timeout_s=3600)
                for event in client.events(decode=True, filters=filters):
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
                log.warning("docker.events_lost", error=str(exc)[:200])
            self._closed.wait(EVENTS_RETRY_S)
