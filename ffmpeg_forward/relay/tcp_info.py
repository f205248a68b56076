"""What the kernel knows of a TCP connection. Source: linux/tcp.h, struct tcp_info."""

import ctypes
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

_ASKED = 148
_UNACKED = 24
_BYTES_ACKED = 120
_NOT_SENT = 144
_PIDFD_GETFD = 438
"""Of all architectures. Python has no name for it."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class TcpProgress:
    """``acked``: bytes that the far end's kernel has confirmed. ``pending``: some were sent, or
    wait to be sent, and are not confirmed."""

    acked: int
    pending: bool


def tcp_progress(sock: socket.socket) -> TcpProgress | None:
    """Return how far the connection got; None when it is closed or the kernel does not tell."""
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ASKED)
    except OSError:
        return None
    if len(raw) < _ASKED:
        return None
    (unacked,) = struct.unpack_from("I", raw, _UNACKED)
    (acked,) = struct.unpack_from("Q", raw, _BYTES_ACKED)
    (not_sent,) = struct.unpack_from("I", raw, _NOT_SENT)
    return TcpProgress(acked, bool(unacked or not_sent))


def connection_of(pid: int) -> socket.socket | None:
    """Return the TCP connection of a child of ours, shared with it; None when it has none, or the
    system does not let us see it. Close it when the child has ended: until then it stays open."""
    with suppress(OSError):
        child = os.pidfd_open(pid)
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                    found = _taken(child, int(name))
                    if found is not None:
                        return found
        finally:
            os.close(child)
    return None


def _taken(child: int, number: int) -> socket.socket | None:
    fd = _libc.syscall(_PIDFD_GETFD, child, number, 0)
    if fd < 0:
        return None
    found = socket.socket(fileno=fd)
    if found.family in (socket.AF_INET, socket.AF_INET6) and tcp_progress(found) is not None:
        return found
    found.close()
    return None
