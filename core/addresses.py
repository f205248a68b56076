"""Which IP addresses we may be sent to by an address that somebody typed in."""

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# The library's own lists lack these or, depending on its version, call them global.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(net)
    for net in (
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # metadata and more of one big cloud
        "64:ff9b:1::/48",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)

# Never, not even where private addresses are allowed: nobody has a server there, but clouds hand
# out credentials.
_NEVER = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.192/32",
        "100.100.100.200/32",
        "255.255.255.255/32",
        "fe80::/10",
        "fd00:c1::/32",
        "fd00:ec2::/32",
        "fd20:ce::/32",
        "::/128",
    )
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _plain(ip: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 one only wraps (mapped, compatible, NAT64, 6to4)."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address, written in full and without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def may_connect(address: str, *, allow_private: bool) -> bool:
    """Tell whether this address may be connected to; False for what is no address.

    Without ``allow_private`` only public unicast addresses. With it also private and loopback
    ones, but never multicast, broadcast, link-local and those of cloud metadata.
    """
    try:
        ip = _plain(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if ip.is_multicast or any(ip in net for net in _NEVER):
        return False
    if allow_private:
        return True
    return ip.is_global and not any(ip in net for net in _NOT_PUBLIC)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine's own, by which nobody comes from outside."""
    try:
        return _plain(ipaddress.ip_address(address)).is_loopback
    except ValueError:
        return False


def neighbours(address: str) -> str:
    """Return what failures of a client are counted by: its IPv4 address, or the /64 of its IPv6
    address, of which one subscriber has all; ``unknown`` for what is no address."""
    try:
        ip = _plain(ipaddress.ip_address(address))
    except ValueError:
        return "unknown"
    if ip.version == 6:
        return str(ipaddress.IPv6Network((int(ip), 64), strict=False))
    return str(ip)
