"""Clients that mean harm: requests that never end, and a body without measure."""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

COUNT = 500
BODY_BYTES = 300_000_000
CALLBACK = "/terraform/v1/hooks/srs/verify"


@dataclass
class Harm:
    """What an attack did: MB the process grew at most, seconds until a connection was closed (the
    longest), how many never were, and the first answer."""

    grown_mb: float
    seconds: float
    open_after: int = 0
    answer: bytes = b""


def heads(hook: str = "wrong") -> dict[str, bytes]:
    """Return what is sent of a request that never ends, by what it is."""
    post = f"POST {CALLBACK}?hook={hook} HTTP/1.1\r\nHost: h\r\n".encode()
    api = b"POST /terraform/v1/mgmt/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    get = b"GET /healthz HTTP/1.1\r\nHost: h\r\n"
    return {
        "nothing": b"",
        "half a line": b"POST /terraform/v1/ho",
        "half a head": get + b"X-A: 1\r\n",
        "a long head": get + b"X-A: " + b"a" * 15_000,
        "many headers": get + b"A: b\r\n" * 95,
        "half a body": api + b"Content-Length: 900000\r\n\r\n" + b" " * 20_000,
        "half a chunk": api + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        "half a callback": post + b"X-A: 1\r\n",
        "a callback without body": post + b"Content-Length: 60000\r\n\r\n" + b" " * 20_000,
    }


def half_open(process: psutil.Process, port: int, sent: Sequence[bytes], limit_s: float) -> Harm:
    """Open 500 connections that send one of these each and no more; wait until the other side has
    closed all."""
    before = _rss(process)
    most = before
    selector = selectors.DefaultSelector()
    begun = time.monotonic()
    for number in range(COUNT):
        sock = socket.create_connection(("127.0.0.1", port), 10)
        sock.setblocking(False)
        _send(sock, sent[number % len(sent)])
        selector.register(sock, selectors.EVENT_READ, time.monotonic())
    answer = b""
    longest = 0.0
    while selector.get_map() and time.monotonic() < begun + limit_s:
        for key, _ in selector.select(0.2):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            try:
                said = sock.recv(65536)
            except OSError:
                said = b""
            answer = answer or said
            if not said:
                longest = max(longest, time.monotonic() - key.data)
                selector.unregister(sock)
                sock.close()
        most = max(most, _rss(process))
    left = [key.fileobj for key in selector.get_map().values()]
    for sock in left:
        assert isinstance(sock, socket.socket)
        sock.close()
    selector.close()
    return Harm((most - before) / 1e6, longest, len(left), answer)


def _send(sock: socket.socket, sent: bytes) -> None:
    try:
        sock.send(sent)
    except OSError:
        return


def endless_body(process: psutil.Process, port: int, head: bytes, limit_s: float) -> Harm:
    """Send 300 MB as fast as they are taken; stop when the other side closes."""
    before = _rss(process)
    most = before
    block, left, answer = b"x" * 262_144, BODY_BYTES, b""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(head)
        sock.setblocking(False)
        while time.monotonic() < begun + limit_s:
            try:
                if left > 0:
                    left -= sock.send(block[:left])
            except BlockingIOError:
                time.sleep(0.002)
            except OSError:
                left = 0  # it will not take more; what it said may still be there
            try:
                said = sock.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                said = b""
            finally:
                most = max(most, _rss(process))
            answer += said
            if not said:
                return Harm((most - before) / 1e6, time.monotonic() - begun, 0, answer)
    return Harm((most - before) / 1e6, time.monotonic() - begun, 1, answer)


def body_heads(path: str) -> dict[str, bytes]:
    start = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n".encode()
    return {
        "announced": start + b"Content-Length: %d\r\n\r\n" % BODY_BYTES,
        "in one chunk": start + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % BODY_BYTES,
    }


def _rss(process: psutil.Process) -> int:
    return int(process.memory_info().rss)
