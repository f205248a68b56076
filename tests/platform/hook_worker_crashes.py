"""A webhook worker that dies at a chosen command to Redis; started by test_hook_worker_crashes.py.

Arguments: socket and password of Redis. Reads lines ``before N`` or ``after N`` and for each runs
a worker that is killed before its N-th command leaves, or when it has left and before its answer
is read; ``N`` 0 lives until killed. Answers each line by the signal number that ended the worker.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool, UnixDomainSocketConnection

from streamstead.core.events import EventStream
from streamstead.core.hook_queue import HookQueue
from streamstead.core.hook_targets import HookTargetStore
from streamstead.core.outbound import Outbound
from streamstead.core.runner import background
from streamstead.platform.hook_worker import HookWorker
from streamstead.platform.main import now_ms

KEY = b"k" * 32


class Doomed(UnixDomainSocketConnection):
    """Counts the commands of all connections, but for those that open a connection."""

    when, left = "before", 0

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        opens = any(word in b"".join(command)[:40] for word in (b"HELLO", b"CLIENT"))
        Doomed.left -= 0 if opens else 1
        doomed = Doomed.left == 0 and not opens
        if doomed and Doomed.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().send_packed_command(command, check_health)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)


async def work(socket_path: str, password: str) -> None:
    pool: Any = BlockingConnectionPool(
        connection_class=Doomed,
        path=socket_path,
        password=password,
        decode_responses=True,
        max_connections=8,
        socket_timeout=30,
    )
    redis: Redis = Redis(connection_pool=pool)
    targets, queue = HookTargetStore(redis, KEY), HookQueue(redis)
    worker = HookWorker(EventStream(redis), targets, queue, Outbound(), now_ms)
    async with background(worker.take_events(), worker.send()):
        await asyncio.Event().wait()


def main() -> None:
    socket_path, password = sys.argv[1:]
    for line in sys.stdin:
        when, count = line.split()
        child = os.fork()
        if child == 0:
            Doomed.when, Doomed.left = when, int(count)
            asyncio.run(work(socket_path, password))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1, flush=True)


if __name__ == "__main__":
    main()
