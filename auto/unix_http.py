"""HTTP over a unix socket with the standard library alone, for scripts that run very early."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any


class UnixConnection(http.client.HTTPConnection):
    """An HTTPConnection to a socket path instead of a host."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(path: Path, method: str, target: str, timeout_s: float = 5.0) -> dict[str, Any]:
    """Return ``data`` of the envelope, {} for null.

    Raises OSError or HTTPException when nobody answers or the answer is a refusal.
    """
    connection = UnixConnection(path, timeout_s)
    try:
        connection.request(method, target, headers={"Content-Type": "application/json"})
        response = connection.getresponse()
        reply = json.loads(response.read() or b"{}")
    finally:
        connection.close()
    data: dict[str, Any] = reply.get("data") or {}
    if response.status != http.client.OK:
        raise http.client.HTTPException(data.get("message", f"status {response.status}"))
    return data
