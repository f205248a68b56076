"""Writes small MMDB files. Source: the MaxMind DB file format, version 2.0."""

import ipaddress
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"


def mmdb(networks: dict[str, Any]) -> bytes:
    """Return a database that knows the records of these networks (IPv4 and IPv6)."""
    nodes: list[list[Any]] = [[None, None]]
    for network, record in networks.items():
        net = ipaddress.ip_network(network)
        prefix = net.prefixlen + (96 if net.version == 4 else 0)
        bits = f"{int(net.network_address):0128b}"[:prefix]
        node = nodes[0]
        for bit in bits[:-1]:
            if node[int(bit)] is None:
                nodes.append([None, None])
                node[int(bit)] = len(nodes) - 1
            node = nodes[node[int(bit)]]
        node[int(bits[-1])] = ("record", record)
    data = b""
    tree = b""
    for node in nodes:
        for child in node:
            value = len(nodes) if child is None else child
            if isinstance(child, tuple):
                value = len(nodes) + 16 + len(data)
                data += _encoded(child[1])
            tree += value.to_bytes(3, "big")
    about = {
        "node_count": len(nodes),
        "record_size": 24,
        "ip_version": 6,
        "database_type": "Test-Country",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "description": {"en": "made by a test"},
    }
    return tree + bytes(16) + data + _MARKER + _encoded(about)


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            raw = value.encode()
            assert len(raw) < 29
            return bytes([2 << 5 | len(raw)]) + raw
        case int():
            return bytes([6 << 5 | 4]) + value.to_bytes(4, "big")
        case list():
            return bytes([len(value), 11 - 7]) + b"".join(_encoded(one) for one in value)
        case dict():
            pairs = b"".join(_encoded(key) + _encoded(one) for key, one in value.items())
            return bytes([7 << 5 | len(value)]) + pairs
    raise TypeError(type(value))
