"""Names of applications and streams: they become file names, keys and parts of addresses."""

from .errors import Invalid

MAX_NAME = 255
RESERVED_APPS = frozenset({"s", "p"})
"""``s`` leads to streams by playback id, ``p`` to playlists of one session: nothing is published
there."""

PLAYLIST = ".m3u8"
"""A viewer of a playlist names the stream with this behind it, so no stream's name ends so."""


def check_name(name: str, what: str) -> None:
    """Raise Invalid unless ``name`` may name an app or a stream: no path, no control characters."""
    if not name or name.startswith(".") or ".." in name:
        raise Invalid(
            f"the {what} name is not allowed", "Use letters, digits, - and _.", key="name_invalid"
        )
    if len(name) > MAX_NAME:
        raise Invalid(
            f"the {what} name is longer than {MAX_NAME} characters",
            "Use a shorter one.",
            key="name_invalid",
        )
    if any(ch in "/\\|?#" or not ch.isprintable() for ch in name):
        raise Invalid(
            f"the {what} name has a character that is not allowed",
            "Use letters, digits, - and _.",
            key="name_invalid",
        )


def check_stream(app: str, stream: str) -> str:
    """Return ``app/stream``. Raises Invalid when it could never be published."""
    check_name(app, "app")
    check_name(stream, "stream")
    if app in RESERVED_APPS:
        raise Invalid(
            f"the app name {app!r} is used by Streamstead itself",
            "Choose another app, for example live.",
            key="app_reserved",
        )
    if stream.endswith(PLAYLIST):
        raise Invalid(f"the stream name ends in {PLAYLIST}", "Leave that out.", key="name_invalid")
    return f"{app}/{stream}"
