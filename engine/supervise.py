"""Keep one nginx running: adopt it, start it, start it again."""

import asyncio
import time

from ..core.log import get_logger
from .clients import Kind
from .events import Events
from .lifecycle import Lifecycle
from .monitor import Monitor
from .nginx import Nginx

BACKOFF_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_S = 30.0
"""A nginx that ran this long had a good start; the next pause is a short one again."""
UP_TIMEOUT_S = 5.0
POLL_S = 0.05
HUNG_S = 20.0
"""A nginx that runs but has not answered for this long serves nobody any more."""
WATCH_S = 1.0

log = get_logger(__name__)


class Supervisor:
    def __init__(
        self, nginx: Nginx, lifecycle: Lifecycle, monitor: Monitor, events: Events
    ) -> None:
        self._nginx = nginx
        self._lifecycle = lifecycle
        self._monitor = monitor
        self._events = events

    async def begin(self) -> None:
        """Adopt the nginx of a shim that was killed, else start one; say who is gone since.

        Raises ConfigError when nginx cannot be started at all. One that ends at once is left
        to ``run``.
        """
        if await self._nginx.adopt():
            # Our viewers died with the process that served them.
            self._lifecycle.end_all("engine restarted", {Kind.FLV})
            await self._monitor.check(after_pause=True)
            return
        self._lifecycle.end_all("engine restarted")
        self._nginx.start()
        await self._until_up()

    async def run(self) -> None:
        """Start nginx again whenever it ends."""
        failures = 0
        while True:
            began = time.monotonic()
            await self._nginx.wait()
            reason = self._nginx.last_error()
            self._events.add("nginx_ended", reason or "nginx ended; its streams are cut")
            self._monitor.nginx_ended()
            self._lifecycle.end_all("nginx ended", {Kind.PUBLISH, Kind.PLAY, Kind.INTERNAL})
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            self._nginx.trim_log()
            self._nginx.start()
            await self._until_up()

    async def watch(self) -> None:
        """End a nginx that hangs, so that ``run`` starts another one."""
        answered = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_S)
            if self._monitor.stat is not None or not self._nginx.boot.alive():
                answered = time.monotonic()
            elif time.monotonic() - answered > HUNG_S:
                self._events.add("nginx_hung", "nginx runs but does not answer; it is ended")
                await self._nginx.stop()

    async def _until_up(self) -> None:
        """Wait until nginx answers, so that our own doors open in working order."""
        deadline = time.monotonic() + UP_TIMEOUT_S
        while time.monotonic() < deadline and self._nginx.boot.alive():
            await self._monitor.check()
            if self._monitor.stat is not None:
                return
            await asyncio.sleep(POLL_S)
