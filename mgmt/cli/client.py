"""Calls of the CLI: to the manager by its socket, to our services by loopback."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import StreamsteadError, Upstream
from ...core.settings import Settings

NOT_RUNNING_HELP = "Start it with `streamstead start`; `streamstead doctor` says what is wrong."


class NotRunning(Upstream):
    """The manager does not answer."""

    default_key = "mgmt_unavailable"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask_manager(
    settings: Settings,
    method: str,
    path: str,
    timeout_s: float = 10.0,
    body: dict[str, Any] | None = None,
) -> Any:
    """Call the manager's socket; return ``data``. Raises NotRunning, or the error it answered."""
    connection = _UnixConnection(settings.data.mgmt_socket, timeout_s)
    raw = None if body is None else json.dumps(body)
    try:
        return _exchange(connection, method, path, {}, raw)
    except PermissionError:
        raise Upstream(
            f"this account may not use {settings.data.mgmt_socket}",
            "Use sudo.",
        ) from None
    except OSError:
        raise NotRunning(
            f"Streamstead does not run for {settings.data_dir}", NOT_RUNNING_HELP
        ) from None


def follow_manager(
    settings: Settings, timeout_s: float, path: str = "/v1/status/stream"
) -> Iterator[Any]:
    """Yield the events of a stream, of the status if none is named: at once and on every change.
    Ends when nothing comes for ``timeout_s``."""
    connection = _UnixConnection(settings.data.mgmt_socket, timeout_s)
    try:
        connection.request("GET", path)
        for raw in connection.getresponse():
            if raw.startswith(b"data: "):
                yield json.loads(raw.removeprefix(b"data: "))
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()


def ask_service(
    settings: Settings, port: int, path: str, body: dict[str, Any], timeout_s: float = 15
) -> Any:
    """POST to one of our services with the API secret; return ``data``."""
    headers = {
        "Authorization": f"Bearer {settings.api_secret.get_secret_value()}",
        "Content-Type": "application/json",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        return _exchange(connection, "POST", path, headers, json.dumps(body))
    except OSError as exc:
        raise Upstream(f"port {port} does not answer: {exc}", NOT_RUNNING_HELP) from None


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: dict[str, str],
    body: str | None = None,
) -> Any:
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        raw = reply.read()
    except http.client.HTTPException as exc:
        raise Upstream(f"the answer to {path} was cut off: {exc!r}", NOT_RUNNING_HELP) from None
    finally:
        connection.close()
    try:
        envelope = json.loads(raw)
        data = envelope["data"]
    except (ValueError, KeyError, TypeError):
        raise Upstream(f"{path} answered {reply.status} without our envelope") from None
    if envelope["code"] != 0:
        raise StreamsteadError(data["message"], data["help"], key=data["key"])
    return data
