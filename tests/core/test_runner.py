"""A process that serves: how it starts, stops and fails."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.runner import EX_CONFIG, background, find_service

from ..conftest import free_port, wait_until

PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from pathlib import Path
import streamstead.core.runner as runner
from streamstead.core.app import create_app
from streamstead.core.settings import Settings

async def loop():
    {loop}

@asynccontextmanager
async def opening(settings):
    yield runner.Running(
        [runner.Listener(create_app("x", "x"), port={port})], [loop()])
    print("closed", flush=True)

runner.find_service = lambda name: runner.Service("x", opening)
settings = Settings(data_dir="/nowhere", api_secret="a", hook_secret="b", redis_password="c")
sys.exit(runner.run(["x"], settings))
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def begin(port: int, loop: str = "await asyncio.sleep(3600)") -> subprocess.Popen[str]:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(PROGRAM).format(port=port, loop=loop))
        return subprocess.Popen(
            [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return begin


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_sigterm_closes_everything_and_ends_with_zero(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    port = free_port()
    child = start(port)
    wait_until(lambda: _listens(port), "it listens")
    os.kill(child.pid, signal.SIGTERM)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, "closed\n"), err


def test_a_taken_port_is_a_configuration_error_in_words(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        child = start(port)
        _, err = child.communicate(timeout=60)
    assert child.returncode == EX_CONFIG
    assert err.strip().splitlines()[-1].startswith(f"port {port} cannot be used")


def test_a_loop_that_fails_ends_the_process(start: Callable[..., subprocess.Popen[str]]) -> None:
    child = start(free_port(), "raise RuntimeError('a bug')")
    _, err = child.communicate(timeout=60)
    assert child.returncode not in (0, EX_CONFIG)
    assert "a bug" in err


async def test_a_loop_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append(1)

    async with asyncio.timeout(30), background(stubborn()):
        await asyncio.sleep(0)
    assert swallowed


def test_an_unknown_service_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="nonsense") as caught:
        find_service("nonsense")
    assert "hooks" in caught.value.help
