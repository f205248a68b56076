"""The disk that the engine keeps its containers on is full."""

import os
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamstead.mgmt.status import State

from ...conftest import wait_until
from .conftest import Open
from .engine import OwnEngine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
    # The library leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SIZE = 120 << 20


@pytest.fixture
def small_engine(layer: bytes, engine: object) -> Iterator[OwnEngine]:
    """One with an image of Redis, on a small disk of its own."""
    made = OwnEngine()
    data, disk = made.root / "data", made.root / "disk"
    data.mkdir()
    with disk.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", disk, data], check=False)
    if mounted.returncode != 0:
        made.remove()
        pytest.skip("this machine may not mount a small disk (a container without rights?)")
    made.start()
    with made.client() as client:
        client.api.import_image_from_data(layer, repository="small", tag="1")
    yield made
    made.remove()


@contextmanager
def kept_full(folder: Path) -> Iterator[None]:
    """Take whatever room there is, again and again."""
    ended = threading.Event()
    path = folder / "filler"

    def fill() -> None:
        with path.open("wb", buffering=0) as file:
            while not ended.is_set():
                try:
                    file.write(b"x" * 65536)
                except OSError:
                    ended.wait(0.01)

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        wait_until(lambda: os.statvfs(folder).f_bavail == 0, "the disk is full")
        yield
    finally:
        ended.set()
        thread.join()
        path.unlink()


async def test_a_container_that_cannot_be_made_is_told_and_made_when_there_is_room(
    small_engine: OwnEngine, open_house: Open, until: Callable[..., Awaitable[None]]
) -> None:
    one = await open_house(docker_host=small_engine.address, redis_image="small:1")
    await until(lambda: one.status.state is State.RUNNING)
    with kept_full(small_engine.root / "data"):
        with small_engine.client() as client:
            [container] = client.containers.list()
            container.remove(force=True)
        await until(lambda: one.status.state is State.BACKOFF)
        told = "the disk is full: it is tried again when there is room"
        assert one.status.detail.startswith(told)
        # Ever more seldom, and not in a loop.
        assert one.status.restarts <= 5
    await one.ask("restart")
    await until(lambda: one.status.state is State.RUNNING)
