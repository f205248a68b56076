"""The command line follows a backup job over the end of the manager that began it."""

import json
import socket
import threading
from typing import Any

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.cli import backup

LAST = {"started_ms": 1, "error": None, "id": "20261121-1"}


def test_an_answer_that_is_cut_off_by_the_restart_of_the_manager_is_asked_for_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "POLL_S", 0.01)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(settings.data.mgmt_socket))
    door.listen()
    found: Any = {"code": 0, "data": {"running": None, "last": LAST, "backups": []}}
    body = json.dumps(found).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    def answer() -> None:
        # It ends before a word, then in the middle of one; the next one answers.
        for said in (b"", head + body[:9], head + body):
            client, _ = door.accept()
            with client:
                client.recv(4096)
                client.sendall(said)

    manager = threading.Thread(target=answer, daemon=True)
    manager.start()
    assert backup._wait(settings, {"started_ms": 1}) == LAST
    manager.join()
    door.close()
