"""Relay processes are kept as they are wanted, and outlive the process that keeps them."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from streamstead.core.paths import DataDir
from streamstead.ffmpeg_forward.relay.config import FORWARD, DestinationConfig, RelayConfig
from streamstead.ffmpeg_forward.relays import Relays

pytestmark = pytest.mark.integration

LIMIT_S = 60.0
KEY = "aGlkZGVu-house-key-of-nobody"


def config(**changes: Any) -> RelayConfig:
    fields: dict[str, Any] = {
        "name": "one",
        "mode": FORWARD,
        "rtmp_port": 1,
        "house_key": "aGlkZGVu",
    }
    return RelayConfig(**(fields | changes))


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[DataDir]:
    made = DataDir(tmp_path)
    for directory in (made.run, made.slate):
        directory.mkdir()
    yield made
    # Whatever a failed test has left running goes with the mark of a house that stops.
    made.stop_mark.touch()
    async with keeping(made) as relays:
        relays.only("", ())
        await until(lambda: not list(made.run.glob("ffmpeg-*.json")), "all relays have ended")


@asynccontextmanager
async def keeping(data: DataDir) -> AsyncIterator[Relays]:
    relays = Relays(data)
    task = asyncio.create_task(relays.run())
    await asyncio.sleep(0)
    try:
        yield relays
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(check: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert check(), what


async def pid_of(relays: Relays, name: str = "one") -> int:
    await until(lambda: relays.status(name), "the relay tells how it is")
    status = relays.status(name)
    assert status is not None
    return int(status["pid"])


def seen_of(pid: int, root: Path) -> bytes:
    """Return what anybody could read of a process and its files."""
    proc = Path(f"/proc/{pid}")
    files = [path.read_bytes() for path in root.rglob("*") if path.is_file()]
    return b"".join([(proc / "cmdline").read_bytes(), (proc / "environ").read_bytes(), *files])


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_relay_runs_while_it_is_wanted(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
        assert (data.run / "relay-one.sock").stat().st_mode & 0o777 == 0o600
        relays.drop("one")
        await until(lambda: gone(pid), "it has ended")
        assert not (data.run / "relay-one.sock").exists()


async def test_a_killed_relay_comes_back_and_is_told_again(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: (relays.status("one") or {}).get("pid", pid) != pid, "another one")
        await until(lambda: (relays.status("one") or {}).get("mode") == FORWARD, "it was told")


async def test_a_relay_goes_on_when_its_keeper_goes_and_is_taken_over(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
    assert not gone(pid)
    async with keeping(data) as relays:
        relays.want("one", config())
        assert await pid_of(relays) == pid


async def test_what_nobody_wants_any_more_is_ended(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("out-a", config(name="out-a"))
        relays.want("other", config(name="other"))
        left, kept = await pid_of(relays, "out-a"), await pid_of(relays, "other")
    async with keeping(data) as relays:
        relays.only("out-", ())
        await until(lambda: gone(left), "it has ended")
        assert await pid_of(relays, "other") == kept


async def test_relays_end_with_a_house_that_is_stopped(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
        data.stop_mark.touch()
    assert gone(pid)


async def test_a_relay_without_keeper_ends_with_the_house(data: DataDir) -> None:
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
    data.stop_mark.touch()
    await until(lambda: gone(pid), "it has seen the mark")


async def test_a_relay_ends_when_its_house_is_removed(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "removed")
    data.run.mkdir(parents=True)
    async with keeping(data) as relays:
        relays.want("one", config())
        pid = await pid_of(relays)
    shutil.rmtree(data.root)
    await until(lambda: gone(pid), "it has seen that")


async def test_nothing_secret_is_in_the_list_of_processes_or_on_disk(data: DataDir) -> None:
    async with keeping(data) as relays:
        target = DestinationConfig("d", f"rtmp://127.0.0.1:1/live/{KEY}", secrets=(KEY,))
        relays.want("one", config(destinations=(target,)))
        pid = await pid_of(relays)
        await until(lambda: relays.status("one")["destinations"], "it was told")  # type: ignore[index]
        seen = seen_of(pid, data.root)
        assert KEY.encode() not in seen
        assert KEY not in str(relays.status("one"))
