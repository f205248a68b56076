"""Addresses: kept in full for a day, then shortened for good.

A shortened address names a network: the first 24 bits of IPv4, the first 48 of IPv6. All are
stored as 16 bytes (IPv4 as ``::ffff:a.b.c.d``), so the rest is overwritten in place. Nothing of
it stays in the write-ahead log either: that is emptied afterwards.
"""

import ipaddress
import sqlite3

from .stats_files import DAY_MS

FULL_MS = DAY_MS
CHUNK = 20_000
"""So many addresses in one transaction: new sessions are written in between."""

NONE = bytes(16)
"""Stands for an address that is not known."""

_CUT = """
UPDATE addresses SET cut = 1, ip = CASE
  WHEN substr(ip, 1, 12) = x'00000000000000000000ffff'
  THEN CAST(substr(ip, 1, 15) || x'00' AS BLOB)
  ELSE CAST(substr(ip, 1, 6) || zeroblob(10) AS BLOB) END
WHERE cut = 0 AND id > ? AND id <= ?
  AND (SELECT started_ms FROM sessions WHERE sessions.id = addresses.id) < ?
"""


def pack(ip: str) -> bytes:
    """Return the 16 bytes of an address, ``NONE`` for what is no address."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return NONE
    if address.version == 4:
        return bytes(10) + b"\xff\xff" + address.packed
    return address.packed


def cut(packed: bytes) -> bytes:
    """Return the network's part of a packed address."""
    if packed.startswith(bytes(10) + b"\xff\xff"):
        return packed[:15] + b"\0"
    return packed[:6] + bytes(10)


def show(packed: bytes, was_cut: bool) -> str:
    """Return the address as people write it; a shortened one with its prefix, ``192.0.2.0/24``."""
    if packed == NONE:
        return ""
    address = ipaddress.IPv6Address(packed)
    if address.ipv4_mapped is not None:
        return f"{address.ipv4_mapped}{'/24' if was_cut else ''}"
    return f"{address}{'/48' if was_cut else ''}"


def cut_chunk(connection: sqlite3.Connection, after_id: int, now_ms: int) -> int | None:
    """Shorten the addresses of sessions that began more than a day ago, ``CHUNK`` rows at most.

    Returns the id to go on after; None when the end is reached.
    """
    last = connection.execute("SELECT coalesce(max(id), 0) FROM addresses").fetchone()[0]
    until = min(after_id + CHUNK, last)
    connection.execute(_CUT, (after_id, until, now_ms - FULL_MS))
    return until if until < last else None


def empty_journal(connection: sqlite3.Connection) -> bool:
    """Move everything into the file and empty the write-ahead log, which holds old pages.

    Returns False when a reader is in the way: try again later.
    """
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy
