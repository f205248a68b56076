"""How programs that know Oryx describe channels: its JSON from ours, and ours from its."""

import hashlib
import re
import uuid
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ...core.errors import Invalid, StreamsteadError
from ...core.names import check_stream
from ..outputs.address import Address
from .channel import (
    MAX_ITEMS,
    Channel,
    ChannelItemType,
    ChannelKind,
    ChannelToKind,
    Destination,
    Item,
)
from .url_policy import check_url, shown_url

PLATFORMS = ("wx", "bilibili", "kuaishou")
FOLDERS = ("vlive", "upload", "record")
MAX_PLATFORM = 64
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")
_PLATFORM = re.compile(r"[A-Za-z0-9_.-]+")


def check_platform(platform: str, kind: ChannelKind) -> str:
    """Return a name under which Oryx could keep a channel. Raises Invalid."""
    is_known = platform in PLATFORMS or f"{kind}-" in platform
    if not is_known or len(platform) > MAX_PLATFORM or not _PLATFORM.fullmatch(platform):
        raise Invalid(
            "this platform is not known",
            f"It is {', '.join(PLATFORMS)}, or a name of your own that begins with {kind}-.",
            key="platform_unknown",
        )
    return platform


def channel_id(platform: str, kind: ChannelKind) -> str:
    """Return the id of what Oryx keeps under a name: always the same one."""
    return hashlib.sha256(f"{kind}/{platform}".encode()).hexdigest()[:12]


def to_oryx(channel: Channel) -> dict[str, Any]:
    """Return a channel as Oryx keeps it, without what is secret; ``channel`` is its id here."""
    shown: dict[str, Any] = {
        "platform": channel.compat,
        "server": _server(channel),
        "secret": "",
        "enabled": channel.enabled,
        "custom": channel.compat not in PLATFORMS,
        "label": channel.label,
        "files": [source(item) for item in channel.items],
        "channel": channel.id,
    }
    if channel.kind is ChannelKind.CAMERA:
        shown["extraAudio"] = channel.extra_audio
    return shown


def source(item: Item) -> dict[str, Any]:
    """Return what Oryx calls a source: the item with the words of ffprobe."""
    return {
        "name": item.name,
        "path": "" if not item.is_file else item.target,
        "size": item.bytes,
        "uuid": item.id,
        "target": item.target,
        "type": item.type.value,
        "format": item.facts.get("format"),
        "video": item.facts.get("video"),
        "audio": item.facts.get("audio"),
    }


def _server(channel: Channel) -> str:
    to = channel.to
    if to.kind is ChannelToKind.STREAM:
        return f"rtmp://localhost/{to.app}" if to.stream else ""
    return to.shown_server


def destination(
    server: str, secret: str, rtmp_port: int, seal: Callable[[str], str]
) -> Destination:
    """Return where a server and a key lead: to a stream of this house, or away.

    Raises Invalid, of an address that is none.
    """
    own = _own_stream(server, secret, rtmp_port)
    if own is not None:
        app, stream = own
        check_stream(app, stream)
        return Destination(ChannelToKind.STREAM, app, stream)
    return sealed_address(Address.of(server, secret), seal)


def sealed_address(address: Address, seal: Callable[[str], str]) -> Destination:
    """Return a server and a key as they may be stored."""
    return Destination(
        ChannelToKind.ADDRESS,
        "",
        "",
        sealed_server=seal(address.server),
        sealed_key=seal(address.key) if address.key else "",
        shown_server=address.shown,
        key_hint=address.hint,
    )


def _own_stream(server: str, secret: str, rtmp_port: int) -> tuple[str, str] | None:
    try:
        parts = urlsplit(f"{server.strip().rstrip('/')}/{secret.strip().lstrip('/')}")
        port = parts.port or 1935
    except ValueError:
        return None
    names = parts.path.strip("/").split("/")
    if parts.scheme != "rtmp" or parts.hostname not in OWN_HOSTS or len(names) != 2:
        return None
    return (names[0], names[1]) if port in (1935, rtmp_port) else None


def from_oryx(
    platform: str,
    kind: ChannelKind,
    stored: dict[str, Any],
    *,
    rtmp_port: int,
    seal: Callable[[str], str],
    now_ms: int,
) -> Channel:
    """Return the channel of an entry that Oryx wrote; what cannot be used of it is left out.

    Raises Invalid, TypeError, AttributeError, ValueError of an entry that is none.
    """
    check_platform(platform, kind)
    to = Destination()
    server, secret = str(stored.get("server") or ""), str(stored.get("secret") or "")
    if server:
        to = destination(server, secret, rtmp_port, seal)
    files = stored.get("files") or []
    items = (_item(one, kind, seal) for one in files[:MAX_ITEMS])
    return Channel(
        id=channel_id(platform, kind),
        kind=kind,
        label=str(stored.get("label") or "")[:100],
        compat=platform,
        to=to,
        enabled=stored.get("enabled") is True,
        items=tuple(one for one in items if one is not None),
        extra_audio="silent" if stored.get("extraAudio") == "silent" else "",
        created_ms=now_ms,
    )


def _item(stored: dict[str, Any], kind: ChannelKind, seal: Callable[[str], str]) -> Item | None:
    target = str(stored.get("target") or "")
    id_ = str(stored.get("uuid") or uuid.uuid4())[:64]
    name = str(stored.get("name") or "")[:255]
    facts = {part: stored[part] for part in ("format", "video", "audio") if stored.get(part)}
    try:
        type_ = ChannelItemType(stored.get("type") or "upload")
        if type_ is ChannelItemType.STREAM:
            # Whether it is private is asked when it is used.
            url = check_url(target, allow_private=True, film=kind is ChannelKind.VLIVE)
            return Item(id_, type_, name, shown_url(url), seal(url), facts=facts)
        size = int(stored.get("size") or 0)
        return Item(id_, type_, name, own_path(target), bytes=size, facts=facts)
    except (StreamsteadError, ValueError):
        return None


def own_path(target: str) -> str:
    """Return the path below the data directory of a file that Oryx has elsewhere.

    Raises ValueError when it is in none of the folders.
    """
    parts = PurePosixPath(target).parts
    for number, part in enumerate(parts):
        if part in FOLDERS and ".." not in parts and len(parts) > number + 1:
            return "/".join(parts[number:])
    raise ValueError("it lies in none of the folders")
