"""A link to a server that is slow, stands still, breaks, or goes nowhere."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..conftest import free_port

BLOCK = 16_384
RECEIVE_BUFFER = 16_384
_TCP_CLOSE = 7


class BadLink:
    """Listens on loopback and hands everything to ``to_port``, as badly as it is told.

    ``to_port`` 0 leads nowhere: it takes connections and never reads, a black hole from the
    first byte. What is sent away from the client is slowed or stopped; answers are handed on.
    """

    def __init__(self, to_port: int = 0) -> None:
        self.port = free_port()
        self.bytes_s = 0
        """How fast it hands on; 0 as fast as it can."""
        self.clients: list[socket.socket] = []
        """Connections so far, oldest first."""
        self._to_port = to_port
        self._moving = threading.Event()
        self._moving.set()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        # Little room, so that not reading is felt soon.
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        self._start(self._accept)

    def freeze(self) -> None:
        """Read nothing more from clients, on old connections and new ones."""
        self._moving.clear()

    def thaw(self) -> None:
        self._moving.set()

    def is_closed(self, number: int) -> bool:
        """Tell whether a client has ended a connection, as far as the kernel knows."""
        state = self.clients[number].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return state[0] == _TCP_CLOSE

    def cut(self) -> None:
        """Break every connection there is."""
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.thaw()
        self.bytes_s = 0
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(30)
        for one in self._open:
            one.close()

    def url(self, key: str = "key", app: str = "live") -> str:
        return f"rtmp://127.0.0.1:{self.port}/{app}/{key}"

    def _start(self, work: object, *arguments: object) -> None:
        def run() -> None:
            with contextlib.suppress(OSError):
                assert callable(work)
                work(*arguments)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self.clients.append(client)
            with self._lock:
                self._open.add(client)
            if self._to_port:
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        with self._lock:
            self._open.add(server)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECEIVE_BUFFER)
            server.connect(("127.0.0.1", self._to_port))
            self._start(self._pump, client, server)
            while data := server.recv(BLOCK):
                client.sendall(data)
        finally:
            for one in (client, server):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while True:
                self._moving.wait()
                data = client.recv(
                    min(BLOCK, max(1, self.bytes_s // 20)) if self.bytes_s else BLOCK
                )
                if not data:
                    return
                if self.bytes_s:
                    time.sleep(len(data) / self.bytes_s)
                server.sendall(data)
        finally:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_link(to_port: int = 0) -> Iterator[BadLink]:
    link = BadLink(to_port)
    try:
        yield link
    finally:
        link.close()
