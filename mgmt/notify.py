"""systemd's notification protocol: a datagram to the socket it names."""

import os
import socket


def sd_notify(*lines: str) -> bool:
    """Send ``lines`` (``READY=1``, ``STATUS=...``); return False when nobody asked for them."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.connect(address)
        sock.sendall("\n".join(lines).encode())
    return True


def watchdog_every_s() -> float | None:
    """Return how often systemd wants to hear from us (half its limit); None when it does not."""
    raw = os.environ.get("WATCHDOG_USEC", "")
    return int(raw) / 2_000_000 if raw.isdigit() and int(raw) > 0 else None
