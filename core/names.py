"""Names of applications and streams: they become file names, keys and parts of addresses."""

import re

from .errors import Invalid

MAX_NAME = 255
VOD_APP = "vod"
"""Recordings are watched as ``vod/<id>``: so rules and passes call them."""

RESERVED_APPS = frozenset({"s", "p", VOD_APP})
"""``s`` leads to streams by playback id, ``p`` to playlists of one session, ``vod`` to recordings:
nothing is published there."""

_RECORDING_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

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


def is_recording_id(text: str) -> bool:
    """Tell whether a text is the id of a recording: a UUID in small letters."""
    return _RECORDING_ID.fullmatch(text) is not None


def check_watched(app: str, stream: str) -> str:
    """Return ``app/stream`` of what can be watched: a stream, or with app ``vod`` a recording.

    Raises Invalid when it could never be there.
    """
    if app != VOD_APP:
        return check_stream(app, stream)
    if not is_recording_id(stream):
        raise Invalid(
            "this is not the id of a recording",
            "Copy the whole link again.",
            key="recording_id_invalid",
        )
    return f"{app}/{stream}"
