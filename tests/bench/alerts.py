"""Print how long it takes from a cause to the message about it, and to the message of its end.

    python -m tests.bench.alerts        (from the root of the checkout; needs redis-server)

Runs the platform with a Redis of its own. Four targets are told besides the one
that is measured, whose servers take every connection and never say anything.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from streamstead.core.app import API
from streamstead.core.events import EventStream, EventType
from tests.alone import Alone, alone
from tests.conftest import free_port
from tests.platform.alerts.sinks import HttpSink, Silence, listening

MUTE = 4
WAIT_S = 60.0

Do = Callable[[], Awaitable[None]]


@dataclass
class Bench:
    house: Alone
    sink: HttpSink
    client: httpx.AsyncClient

    async def call(self, path: str, **body: Any) -> Any:
        reply = await self.client.post(path, json=body)
        said = reply.json()
        assert said["code"] == 0, said
        return said["data"]

    async def wait_for(self, rule: str, state: str) -> float:
        """Return how long it took."""
        begun = time.monotonic()
        while True:
            for said in self.sink.said():
                for alert in said.get("alerts", ()):
                    if (alert["rule"], alert["state"]) == (rule, state):
                        self.sink.posts.clear()
                        return time.monotonic() - begun
            if time.monotonic() - begun > WAIT_S:
                return float("nan")
            await asyncio.sleep(0.02)

    async def measure(self, name: str, rule: str, cause: Do, end: Do) -> None:
        await cause()
        fired = await self.wait_for(rule, "firing")
        await end()
        cleared = await self.wait_for(rule, "cleared")
        print(f"{name:40} told after {fired:5.1f} s, its end after {cleared:5.1f} s", flush=True)


def main() -> None:
    with alone(free_port, "platform") as house:
        asyncio.run(measure(house))


async def measure(house: Alone) -> None:
    base = f"http://127.0.0.1:{house.ports['platform']}{API}/mgmt"
    headers = {"Authorization": f"Bearer {house.settings.api_secret.get_secret_value()}"}
    async with (
        listening(Silence(), free_port()) as mute,
        listening(HttpSink(), free_port()) as sink,
        httpx.AsyncClient(base_url=base, headers=headers, timeout=30, trust_env=False) as client,
    ):
        bench = Bench(house, sink, client)
        # There is no manager here, which is one more cause; not the one that is measured.
        await bench.call("/alerts/rules/update", rule="manager_down", enabled=False)
        levels = ["critical", "warning", "info"]
        server = f"http://127.0.0.1:{mute.port}"
        for number in range(MUTE):
            fields = {"server": server, "topic": f"t{number}", "allow_private": "yes"}
            await bench.call(
                "/notify/create", label="mute", kind="ntfy", fields=fields, levels=levels
            )
        fields = {"url": f"http://127.0.0.1:{sink.port}/", "allow_private": "yes"}
        await bench.call(
            "/notify/create", label="sink", kind="webhook", fields=fields, levels=levels
        )
        await asyncio.sleep(20)
        await causes(bench)
        print(f"connections to servers that say nothing: {mute.ever}")


async def causes(bench: Bench) -> None:
    house = bench.house

    async def tell(type_: EventType) -> None:
        now = time.time_ns() // 1_000_000
        fields = {"id": f"{type_}:{now}", "type": type_.value, "at_ms": now, "stream": ""}
        house.redis.xadd(EventStream.KEY, fields | {"data": "{}"})

    async def hang() -> None:
        os.kill(house.redis_process.pid, signal.SIGSTOP)

    async def go_on() -> None:
        os.kill(house.redis_process.pid, signal.SIGCONT)

    async def less_room_than_wanted() -> None:
        await bench.call("/alerts/rules/update", rule="disk_low", threshold=99.9)

    async def enough_room() -> None:
        await bench.call("/alerts/rules/update", rule="disk_low", threshold=1)

    await bench.measure(
        "a backup failed (an event)",
        "backup_failed",
        lambda: tell(EventType.BACKUP_FAILED),
        lambda: tell(EventType.BACKUP_CREATED),
    )
    await bench.measure("Redis hangs", "redis_down", hang, go_on)
    await bench.measure(
        "less room on the disk than wanted", "disk_low", less_room_than_wanted, enough_room
    )


if __name__ == "__main__":
    main()
