"""A proxy before a real S3 server that can do what servers and networks do on a bad day."""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate

from .conftest import free_port

BLOCK = 16_384
PATIENCE_S = 60.0

_STATUS = {403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to requests that ``concerns`` names by (method, path with query).

    ``status`` not 0: it is answered so, with S3's ``code``, by a server whose clock is ``skew_s``
    ahead. ``cut_after`` >= 0: the connection breaks after so many bytes from the client.
    ``answer_cut_after`` >= 0: after so many of the answer. ``bytes_s`` > 0: no faster than this.
    ``silent``: nothing ever comes back.
    """

    name: str
    status: int = 0
    code: str = ""
    skew_s: float = 0
    cut_after: int = -1
    answer_cut_after: int = -1
    bytes_s: int = 0
    silent: bool = False
    concerns: Callable[[str, str], bool] = lambda _method, _path: True


REFUSED = Fault("refused", 403, "AccessDenied")
STORM = Fault("storm", 503, "SlowDown")
NO_BUCKET = Fault("no bucket", 404, "NoSuchBucket")
WRONG_CLOCK = Fault("wrong clock", 403, "RequestTimeTooSkewed", skew_s=3600)
SILENT = Fault("silent", silent=True)


def cut(after: int) -> Fault:
    """Break the connection after so many bytes of a PUT."""
    return Fault("cut", cut_after=after, concerns=lambda method, _: method == "PUT")


def cut_answer(after: int) -> Fault:
    """Break the connection after so many bytes of an answer to GET."""
    return Fault("cut answer", answer_cut_after=after, concerns=lambda method, _: method == "GET")


def slow(bytes_s: int) -> Fault:
    """Let no connection be faster than this, in either direction."""
    return Fault("slow", bytes_s=bytes_s)


class FaultProxy:
    """Listens on loopback and hands every request to ``port``, one a connection.

    ``seen`` are the requests so far, as (method, path with query); ``done`` counts, by its name,
    how often each fault was done.
    """

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self.seen: list[tuple[str, str]] = []
        self.done: Counter[str] = Counter()
        self._server_port = port
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._left: int | None = None
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, fault: Fault, times: int | None = None) -> None:
        """Do this to every request from now on, or to so many and then to none."""
        with self._lock:
            self._fault, self._left = fault, times

    def away(self) -> None:
        """Break every connection and refuse new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """Be there, and do no more harm."""
        with self._lock:
            self._fault = self._left = None
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            self._start(self._accept, self._listener)

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        self.away()
        for thread in list(self._threads):
            thread.join(PATIENCE_S)

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        def run() -> None:
            with contextlib.suppress(OSError):
                work(*arguments)
            self._threads.discard(thread)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.add(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            with self._lock:
                if self._listener is not listener:
                    client.close()
                    return
                self._open.add(client)
            self._start(self._serve, client)

    @contextmanager
    def _held(self, sock: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(sock)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(sock)
            # Closing alone would not wake another thread that waits for this socket.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve(self, client: socket.socket) -> None:
        with self._held(client):
            client.settimeout(PATIENCE_S)
            head, rest = _read_head(client)
            if not head:
                return
            method, path = head.split(b" ", 2)[:2]
            fault = self._take(method.decode(), path.decode())
            if fault is not None and fault.silent:
                while client.recv(BLOCK):
                    pass
            elif fault is not None and fault.status:
                _answer(client, fault, method == b"HEAD")
            else:
                self._relay(client, head, rest, fault or Fault("none"))

    def _take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            self.seen.append((method, path))
            fault = self._fault
            if fault is None or not fault.concerns(method, path):
                return None
            if self._left is not None:
                if self._left == 0:
                    return None
                self._left -= 1
            self.done[fault.name] += 1
            return fault

    def _relay(self, client: socket.socket, head: bytes, rest: bytes, fault: Fault) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port), PATIENCE_S)
        with self._held(server):
            server.sendall(_closing(head) + rest)
            forth = self._start(_pump_or_break, client, server, fault.cut_after, fault.bytes_s)
            try:
                _pump(server, client, fault.answer_cut_after, fault.bytes_s)
            finally:
                # Nobody may wait for a socket that is closed: that lasts as long as it may.
                for one in (client, server):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
                forth.join(PATIENCE_S)


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """Return (request line and headers, what came after them); nothing if it ended before."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(BLOCK)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _closing(head: bytes) -> bytes:
    """Return the head of a request after whose answer the server closes: one a connection."""
    lines = head[:-4].split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n"


def _pump_or_break(
    source: socket.socket, sink: socket.socket, cut_after: int, bytes_s: int
) -> None:
    """Do the same; a client that broke off is no reason to wait for an answer."""
    try:
        _pump(source, sink, cut_after, bytes_s)
    finally:
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket, cut_after: int, bytes_s: int) -> None:
    """Hand everything on; break both connections after ``cut_after`` bytes, if not negative."""
    handed, begun = 0, time.monotonic()
    while True:
        data = source.recv(min(BLOCK, bytes_s) if bytes_s else BLOCK)
        if not data:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
            return
        if 0 <= cut_after < handed + len(data):
            sink.sendall(data[: cut_after - handed])
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            return
        handed += len(data)
        if bytes_s:
            time.sleep(max(0.0, begun + handed / bytes_s - time.monotonic()))
        sink.sendall(data)


def _answer(client: socket.socket, fault: Fault, bare: bool) -> None:
    """Answer as S3 does, then let the client finish what it was sending."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{fault.code}</Code><Message>no</Message></Error>"
    ).encode()
    head = (
        f"HTTP/1.1 {fault.status} {_STATUS[fault.status]}\r\n"
        f"Date: {formatdate(time.time() + fault.skew_s, usegmt=True)}\r\n"
        f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    client.sendall(head.encode() + (b"" if bare else body))
    client.shutdown(socket.SHUT_WR)
    client.settimeout(5)
    while client.recv(BLOCK):
        pass
