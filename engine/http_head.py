"""The head of a viewer's HTTP request, and the answers that are not a stream."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

import httptools
import orjson

MAX_HEAD = 16 << 10

_CORS = "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"


class Refusal(Exception):
    """What a viewer gets instead of a stream. ``key`` never changes."""

    def __init__(self, status: int, code: int, key: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.status = status
        body = {"code": code, "data": {"message": message, "help": help, "key": key}}
        self.body = orjson.dumps(body)

    def encode(self) -> bytes:
        return encode(self.status, "application/json", self.body)


def encode(status: int, content_type: str, body: bytes) -> bytes:
    """Return a whole answer after which the connection is closed."""
    return (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_CORS}"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


def stream_head() -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\n{_CORS}Content-Type: video/x-flv\r\nConnection: close\r\n\r\n"
    ).encode()


def preflight() -> bytes:
    return (
        f"HTTP/1.1 204 No Content\r\n{_CORS}Access-Control-Allow-Methods: GET\r\n"
        "Access-Control-Allow-Headers: *\r\nConnection: close\r\n\r\n"
    ).encode()


def websocket_head(accept: str) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()


@dataclass(slots=True)
class Head:
    """``headers`` by lower-case name; ``query`` raw, without its ``?``."""

    method: str = ""
    path: str = ""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def wants_websocket(self) -> bool:
        return self.headers.get("upgrade", "").lower() == "websocket"

    def viewer_ip(self, peer: str) -> str:
        """Return the address our front wrote down; only the front can reach this port."""
        given = self.headers.get("x-real-ip", "")
        try:
            return str(ip_address(given))
        except ValueError:
            return peer


class HeadReader:
    """Feeds httptools; ``done`` is called with the head once it is complete."""

    def __init__(self, done: Callable[[Head], None]) -> None:
        self._done = done
        self._head = Head()
        self._url = bytearray()
        self._size = 0
        self._parser = httptools.HttpRequestParser(self)
        self.complete = False

    def feed(self, data: bytes) -> None:
        """Raise Refusal for what is not a request, or is too large."""
        self._size += len(data)
        if self._size > MAX_HEAD:
            raise Refusal(431, 4003, "head_too_large", "the request head is too large")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return
        except httptools.HttpParserError:
            raise Refusal(400, 1004, "bad_request", "this is not an HTTP request") from None

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self.complete = True
        path, _, query = bytes(self._url).partition(b"?")
        self._head.method = self._parser.get_method().decode("latin-1")
        self._head.path = unquote_to_bytes(path).decode("utf-8", "replace")
        self._head.query = query.decode("latin-1")
        self._done(self._head)
