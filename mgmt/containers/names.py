"""What a program is called: here, and in SRS-cloud (its market keys and container names)."""

from ...core.errors import NotFound

ALIASES = {
    "srs": "media",
    "srs-server": "media",
    "srsDev": "media",
    "srs-dev": "media",
    "engine": "media",
    "srs-hooks": "hooks",
    "tencent": "recorder",
    "tencent-cloud": "recorder",
    "ffmpeg": "ffmpeg_forward",
    "nginx": "front",
    "node-exporter": "node_exporter",
}

MEDIA_SERVERS = ("srs-server", "srs-dev", "engine")


def own_name(name: str, known: list[str]) -> str:
    """Return our name of a program. Raises NotFound."""
    found = ALIASES.get(name, name)
    if found not in known:
        raise NotFound(f"no program is called {name!r}", f"They are: {', '.join(known)}.")
    return found
