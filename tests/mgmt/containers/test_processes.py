"""Programs as processes: Prometheus itself, switched off and on, without its port, killed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import yaml

from streamstead.core.settings import Monitoring, Settings
from streamstead.mgmt.containers.usage import Usages
from streamstead.mgmt.status import State

from ...conftest import free_port, need
from .conftest import OneProgram, Open

OUR_NAME = Path("/proc/self/comm").read_text().strip()

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
async def prometheus(open_house: Open) -> OneProgram:
    need("prometheus")
    house = await open_house("prometheus", prometheus_port=free_port())
    assert isinstance(house, OneProgram)
    return house


async def running(one: OneProgram) -> None:
    async with asyncio.timeout(60):
        async for _ in one.house.supervisor.follow():
            if one.status.state is State.RUNNING:
                return


async def test_prometheus_answers_below_its_path_with_our_rules_and_targets(
    prometheus: OneProgram,
) -> None:
    await running(prometheus)
    port = prometheus.house.settings.prometheus_port
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/prometheus/api/v1", timeout=60
    ) as client:
        rules = (await client.get("/rules")).json()["data"]["groups"]
        config = yaml.safe_load((await client.get("/status/config")).json()["data"]["yaml"])
    assert sum(len(group["rules"]) for group in rules) > 10
    jobs = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]
    }
    assert set(jobs) == {
        "platform", "hooks", "recorder", "ffmpeg_forward", "engine", "node", "prometheus",
    }  # fmt: skip
    assert jobs["hooks"] == [f"127.0.0.1:{prometheus.house.settings.hooks_port}"]
    row = await prometheus.row()
    assert row["kind"] == "process"
    assert row["version"].startswith("2.")
    assert row["ports"] == [{"port": port, "proto": "tcp", "public": False}]
    assert row["memory_bytes"] > 10_000_000
    assert row["cpu_percent"] is not None


async def test_what_is_switched_off_stays_off_for_the_next_manager(
    prometheus: OneProgram, open_house: Open, until: Until
) -> None:
    await running(prometheus)
    await prometheus.ask("enabled", enabled=False)
    await until(lambda: prometheus.status.pid is None)
    row = await prometheus.row()
    assert (row["state"], row["enabled"], row["detail"]) == ("off", False, "switched off")
    assert (await prometheus.ask("restart"))["key"] == "conflict"
    assert (await prometheus.ask("start"))["key"] == "service_off"

    settings = prometheus.house.settings
    next_one = await open_house("prometheus", prometheus_port=settings.prometheus_port)
    assert next_one.status.state is State.OFF
    await next_one.ask("enabled", enabled=True)
    await running(next_one)
    assert next_one.told[-2:] == ["service.changed", "service.changed"]


async def test_a_stop_is_for_now_and_a_start_ends_it(prometheus: OneProgram, until: Until) -> None:
    await running(prometheus)
    await prometheus.ask("stop")
    await until(lambda: prometheus.status.pid is None)
    assert prometheus.status.state is State.STOPPED
    await prometheus.ask("start")
    await running(prometheus)


async def test_a_machine_without_the_program_has_a_house_all_the_same(open_house: Open) -> None:
    need("prometheus")
    one = await open_house("prometheus", monitoring=Monitoring.OFF)
    assert one.status.state is State.OFF
    assert one.status.detail == "off by STREAMSTEAD_MONITORING"


async def test_who_has_its_port_is_named(open_house: Open, until: Until) -> None:
    need("prometheus-node-exporter")
    port = free_port()
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", port))
        thief.listen()
        one = await open_house("node_exporter", node_exporter_port=port)
        await until(lambda: one.status.state is State.OFF)
        assert one.status.detail.startswith(f"port {port}/tcp is taken by {OUR_NAME} (pid ")
    await one.ask("enabled", enabled=True)
    await running(one)


async def test_an_end_that_nobody_asked_for_is_kept_with_its_last_words(
    open_house: Open, until: Until
) -> None:
    need("redis-server")
    one = await open_house("redis")
    await running(one)
    pid = one.status.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    await until(lambda: one.status.pid not in (None, pid))
    exits = one.house.folder / "exits.json"
    await until(exits.exists)
    next_one = await open_house("redis")
    row = await next_one.row()
    assert (row["last_exit"]["status"], row["last_exit"]["reason"]) == (-9, "ended by signal 9")
    assert any("ready to accept connections" in line for line in row["last_exit"]["lines"])
    assert one.told == ["service.changed"]


@pytest.fixture
def small_run(settings: Settings) -> Iterator[Path]:
    """The folder of pidfiles and sockets, on a disk of 64 kB."""
    if os.geteuid() != 0:
        pytest.skip("mounts a small disk, which only root may")
    run = settings.data.run
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", run], check=True)
    yield run
    subprocess.run(["umount", "-l", run], check=True)


async def test_a_full_disk_is_told_in_words_and_no_process_is_forgotten(
    small_run: Path, open_house: Open, until: Until
) -> None:
    need("redis-server")
    one = await open_house("redis")
    await running(one)
    pid = one.status.pid
    assert pid
    (small_run / "redis.pid").unlink()
    with suppress(OSError), (small_run / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: one.status.state is State.BACKOFF)
    assert one.status.detail.startswith("the disk is full: it is tried again when there is room")
    assert one.status.pid is None
    (small_run / "filler").unlink()
    await running(one)
    assert one.status.restarts < 8


@pytest.mark.parametrize(
    ("action", "more"), [("enabled", {"enabled": False}), ("stop", {})], ids=["off", "stop"]
)
async def test_what_the_house_needs_is_not_taken_away(
    open_house: Open, action: str, more: dict[str, bool]
) -> None:
    need("redis-server")
    one = await open_house("redis")
    await running(one)
    refused = await one.ask(action, **more)
    assert refused["key"] == "service_needed"
    assert "it holds every setting" in refused["message"]
    assert (await one.ask("upgrade"))["key"] == "not_a_container"
    assert (await one.ask("enabled"))["key"] == "field_missing"


async def test_the_use_of_a_program_is_that_of_its_children_too() -> None:
    usages = Usages()
    busy = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'while True: pass']);"
        "print(flush=True); time.sleep(60)"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", busy, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        assert child.stdout is not None
        await child.stdout.readline()
        first = usages.take([child.pid])[child.pid]
        assert first.cpu_percent is None
        await asyncio.sleep(1)
        second = usages.take([child.pid])[child.pid]
        assert second.pids == 2
        assert second.cpu_percent is not None
        assert second.cpu_percent > 3
        assert second.memory_bytes > 2_000_000
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
