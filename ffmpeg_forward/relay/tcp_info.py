"""What the kernel knows of a TCP connection. Source: linux/tcp.h, struct tcp_info."""

import socket
import struct
from dataclasses import dataclass

_ASKED = 148
_UNACKED = 24
_BYTES_ACKED = 120
_NOT_SENT = 144


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
