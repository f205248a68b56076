"""Own files through the real front door: who sends is asked before the first byte."""

import shutil
import socket
from collections.abc import Iterator

import pytest

from ...conftest import scratch_data_dir, scratch_settings
from ..front import API, LIMIT_S, FrontDoor, opened
from .test_play_front import Recorder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

PATH = f"{API}/uploads/"
PIECE = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    with scratch_data_dir() as data, opened(scratch_settings(data)) as door:
        recorder = Recorder(door)
        try:
            yield door
        finally:
            recorder.stop()


@pytest.fixture
def session(door: FrontDoor) -> dict[str, str]:
    secret = door.settings.api_secret.get_secret_value()
    return {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {secret}"}


def begin(door: FrontDoor, session: dict[str, str], size: int) -> str:
    reply = door.client.post(PATH, headers=session | {"Upload-Length": str(size)})
    assert reply.status_code == 201, reply.text
    return reply.headers["Location"]


def test_large_pieces_arrive_byte_for_byte(door: FrontDoor, session: dict[str, str]) -> None:
    address = begin(door, session, 2 * PIECE + 1)
    sent = bytes(range(256)) * (PIECE // 256)
    for n in range(2):
        headers = session | {
            "Upload-Offset": str(n * PIECE),
            "Content-Type": "application/offset+octet-stream",
        }
        reply = door.client.patch(address, content=sent, headers=headers)
        assert (reply.status_code, reply.headers["Upload-Offset"]) == (204, str((n + 1) * PIECE))
    (part,) = door.settings.data.upload.glob("*.part")
    assert part.read_bytes() == sent * 2


def test_without_a_session_the_answer_comes_before_the_body(door: FrontDoor) -> None:
    head = f"PATCH {PATH}{'0' * 32} HTTP/1.1\r\nHost: h\r\nTus-Resumable: 1.0.0\r\n"
    head += "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
    head += f"Content-Length: {PIECE}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", door.settings.http_port), LIMIT_S) as line:
        line.sendall(head.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 401 ")
