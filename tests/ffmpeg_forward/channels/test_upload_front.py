"""Films as a form through the real front door: who sends is asked before the first byte."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from streamstead.core.settings import Settings

from ...conftest import scratch_data_dir, scratch_settings, wait_until
from ...hooks.front import API, LIMIT_S, FrontDoor, opened

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

PATH = f"{API}/ffmpeg/vlive/upload/film.mp4"
FILM = bytes(range(256)) * 40_000
"""Larger than any body that is not a film may be."""


@contextmanager
def served(settings: Settings, *names: str) -> Iterator[None]:
    """Run services of the house in one process."""
    program = Path(sys.prefix) / "bin" / "streamstead"
    argv = [str(program), "serve", *names, "--data", str(settings.data_dir)]
    with (settings.data.logs / "services.log").open("ab") as log:
        child = subprocess.Popen(argv, stdout=log, stderr=log)

    def answers() -> bool:
        assert child.poll() is None, (settings.data.logs / "services.log").read_text()
        try:
            for port in (settings.recorder_port, settings.ffmpeg_port):
                httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            return False
        return True

    try:
        wait_until(answers, "the services answer", LIMIT_S)
        yield
    finally:
        child.terminate()
        child.wait(LIMIT_S)


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    with (
        scratch_data_dir() as data,
        opened(scratch_settings(data)) as door,
        served(door.settings, "recorder", "ffmpeg_forward"),
    ):
        yield door


def bearer(door: FrontDoor) -> dict[str, str]:
    return {"Authorization": f"Bearer {door.settings.api_secret.get_secret_value()}"}


def test_a_film_arrives_byte_for_byte(door: FrontDoor) -> None:
    reply = door.client.post(PATH, files={"file": ("film.mp4", FILM)}, headers=bearer(door))
    assert reply.status_code == 200, reply.text
    target = reply.json()["data"]["target"]
    assert (door.settings.data_dir / target).read_bytes() == FILM
    reply = door.client.post(f"{API}/mgmt/limits/query", json={}, headers=bearer(door))
    assert reply.json()["data"] == {"vlive": 5000, "camera": 5000}


def test_without_a_session_the_answer_comes_before_the_body(door: FrontDoor) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(FILM)}\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    with socket.create_connection(("127.0.0.1", door.settings.http_port), LIMIT_S) as line:
        line.sendall(head.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 401 ")
