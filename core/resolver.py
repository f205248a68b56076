"""Look up names without letting a name server that does not answer hold up anything else."""

import _thread
import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

MAX_LOOKUPS = 32

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> addresses, best first. Raises OSError."""


class Resolver:
    """The system's resolver. Each look-up has a thread of its own, because it may hang for
    half a minute and cannot be cancelled: in the shared pool six of them would stop everybody who
    uses threads. The same name is asked once at a time, so one bad name holds one thread.
    """

    def __init__(self, lookup: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        asked = self._running.get((host, port))
        if asked is None:
            if len(self._running) >= MAX_LOOKUPS:
                raise OSError("too many names are being looked up")
            asked = self._start(host, port)
        return await asyncio.shield(asked)

    def _start(self, host: str, port: int) -> asyncio.Future[list[str]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        self._running[host, port] = future

        def settle(found: list[str], error: OSError | None) -> None:
            del self._running[host, port]
            if error is not None:
                future.set_exception(error)
                future.exception()  # whoever asked may be gone; that is no unseen failure
            else:
                future.set_result(found)

        def work() -> None:
            found: list[str] = []
            error: OSError | None = None
            try:
                answers = self._lookup(
                    host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                )
                found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
            except (OSError, UnicodeError) as exc:
                error = exc if isinstance(exc, OSError) else OSError("the name is not valid")
            with suppress(RuntimeError):  # the process has ended its loop meanwhile
                loop.call_soon_threadsafe(settle, found, error)

        # Unlike Thread.start, this does not stop the loop until the thread has begun.
        _thread.start_new_thread(work, ())
        return future
