"""The demo stream: on or off as Redis says, with the publish secret of the moment."""

import asyncio
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..core.log import get_logger
from ..core.publish_secret import PublishSecretStore
from .picture import Picture
from .supervise import Command, Status, Supervisor, Tell

log = get_logger(__name__)

NAME = "demo"
_FOLLOW_S = 30.0
"""The switch wakes us, and a demo that is refused reads the secret anew. This is for what changes
without us (a restored backup)."""

_WAIT_POLL_S = 0.5
_CONNECT_TIMEOUT_S = 1.0
_SWITCH_TIMEOUT_S = 5.0


class DemoStore:
    """``STREAMSTEAD_DEMO`` hash: ``enabled`` ("true" or "false"; absent is off)."""

    KEY = "STREAMSTEAD_DEMO"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def enabled(self) -> bool:
        return await self._redis.hget(self.KEY, "enabled") == "true"

    async def set_enabled(self, on: bool) -> None:
        await self._redis.hset(self.KEY, "enabled", "true" if on else "false")


class Demo:
    """Keeps the demo stream as it is wanted.

    ``ports``: what must answer on this machine before publishing makes sense, name by port.
    """

    def __init__(
        self,
        store: DemoStore,
        secrets: PublishSecretStore,
        picture: Picture,
        supervisor: Supervisor,
        ports: dict[int, str],
        follow_s: float = _FOLLOW_S,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._picture = picture
        self._supervisor = supervisor
        self._ports = ports
        self._follow_s = follow_s
        self._changed = asyncio.Event()
        self._waiting: list[asyncio.Event] = []

    @property
    def status(self) -> Status:
        return self._supervisor.status

    async def enabled(self) -> bool:
        """Raises RedisError."""
        return await self._store.enabled()

    async def update(self, on: bool) -> None:
        """Switch it on or off; return once ``run`` has begun or ended it. Raises RedisError."""
        await self._store.set_enabled(on)
        log.info("demo.switched", on=on)
        followed = asyncio.Event()
        self._waiting.append(followed)
        self._changed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SWITCH_TIMEOUT_S):
                await followed.wait()

    async def run(self) -> None:
        """Follow what is wanted until cancelled; then the stream ends.

        While Redis is away, what runs goes on, and so does what a process before us left running.
        """
        async with asyncio.TaskGroup() as group:
            task = None
            if self._supervisor.has_left_over():
                task = group.create_task(self._supervisor.run(self._plan))
            try:
                while True:
                    # Who asks from here on is answered by the next round: this one may have
                    # read the switch already.
                    waiting, self._waiting = self._waiting, []
                    with suppress(RedisError):
                        if task is not None and await self._is_outdated():
                            task.cancel()
                            await asyncio.wait([task])
                            task = None
                        if task is None and (await self._wanted())[0]:
                            task = group.create_task(self._supervisor.run(self._plan))
                    for followed in waiting:
                        followed.set()
                    await self._wait_for_change()
            finally:
                if task is not None:
                    task.cancel()

    async def _is_outdated(self) -> bool:
        """True when what runs is not wanted any more, or was told another secret."""
        enabled, secret = await self._wanted()
        running = self._supervisor.running_digest
        if not enabled or secret is None or running is None:
            return not enabled
        return running != (await self._picture.command(secret)).digest

    async def _wanted(self) -> tuple[bool, str | None]:
        """Return (switched on, publish secret). Raises RedisError."""
        enabled = await self._store.enabled()
        secret = await self._secrets.get() if enabled else None
        # The Redis client waits by `asyncio.wait_for`, which before Python 3.12 swallows a
        # cancellation that comes at the moment of the answer (CPython issue 86296).
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
        return enabled, secret

    async def _wait_for_change(self) -> None:
        """Wait for ``update``, or a while: the secret and the switch may change elsewhere too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._follow_s):
                await self._changed.wait()
        self._changed.clear()

    async def _plan(self, tell: Tell) -> Command:
        for port, name in self._ports.items():
            while not await _answers(port):
                tell(f"waiting for {name}")
                await asyncio.sleep(_WAIT_POLL_S)
        while True:
            try:
                # A run that took up an old record may not be wanted at all: no secret then.
                _, secret = await self._wanted()
            except RedisError:
                tell("waiting for the settings store (Redis)")
            else:
                if secret is not None:
                    return await self._picture.command(secret)
                tell("waiting for the publish secret")
            await asyncio.sleep(_WAIT_POLL_S)


async def _answers(port: int) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
