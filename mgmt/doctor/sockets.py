"""Who listens where, as the kernel tells it."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"
_FILES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}


@dataclass(frozen=True, slots=True)
class Listener:
    """``holder``: name and number of a program that has it; empty when that may not be seen."""

    port: int
    loopback: bool
    holder: str


def listeners(kind: str) -> list[Listener]:
    """Return all listening sockets of ``tcp`` or ``udp``."""
    found: list[tuple[int, bool, str]] = []
    for name in _FILES[kind]:
        try:
            lines = Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            remote_port = fields[2].rpartition(":")[2]
            listens = fields[3] == _LISTEN if kind == "tcp" else remote_port == "0000"
            if listens:
                found.append((int(port, 16), _is_loopback(address), fields[9]))
    holders = _holders({inode for _, _, inode in found})
    return [Listener(port, loop, holders.get(inode, "")) for port, loop, inode in found]


def _is_loopback(raw: str) -> bool:
    if len(raw) == 8:
        return raw.endswith("7F")
    packed = b"".join(
        int(raw[at : at + 8], 16).to_bytes(4, "little") for at in range(0, len(raw), 8)
    )
    text = socket.inet_ntop(socket.AF_INET6, packed)
    return text == "::1" or text.startswith("::ffff:127.")


def _holders(inodes: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        folder = f"/proc/{pid}/fd"
        try:
            links = [_target(f"{folder}/{number}") for number in os.listdir(folder)]
            name = Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
        except OSError:
            continue  # ended meanwhile, or of another account
        for link in links:
            inode = link.removeprefix("socket:[").removesuffix("]")
            if link.startswith("socket:[") and inode in inodes:
                found.setdefault(inode, f"{name} ({pid})")
    return found


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""  # closed meanwhile
