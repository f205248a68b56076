"""Why something cannot be read, in words for the operator. The keys never change."""

import re
from collections.abc import Sequence

from ..gently import MediaFailed

_AGAIN = "It is tried again by itself."

# What FFmpeg 4.4 to 7 write; the most telling first: one failure makes several lines.
_MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"401 Unauthorized|authorization failed|403 Forbidden|access denied|not permitted",
        "source_refused",
        "the other side does not let us in",
        "Check user, password or token in the address.",
    ),
    (
        r"404 Not Found|StreamNotFound|stream not found|404 Stream",
        "source_missing",
        "there is nothing at this address",
        "Check the path for a slip.",
    ),
    (
        r"No such file or directory|Permission denied",
        "source_missing",
        "the file is not there or cannot be read",
        "Was it removed? Upload or choose it again.",
    ),
    (
        r"Connection refused",
        "source_unreachable",
        "nothing listens at this address",
        "Check host and port, and that the device is on.",
    ),
    (
        r"No route to host|Network is unreachable",
        "source_unreachable",
        "there is no way to this address from this machine",
        "Check the address and the network.",
    ),
    (
        r"Name or service not known|Failed to resolve|name resolution|nodename nor servname",
        "source_dns",
        "the host's name is unknown",
        "Check the name for a slip.",
    ),
    (
        r"Connection timed out|timed out|Operation timed out",
        "source_timeout",
        "the other side does not answer",
        _AGAIN,
    ),
    (
        r"not on whitelist|not in allowed_segment_extensions|Unsafe file name|not allowed",
        "source_forbidden",
        "it leads to something that may not be read from here",
        "A list may only name addresses of the same kind.",
    ),
    (
        r"moov atom not found|Invalid data found|could not find codec parameters|Invalid argument",
        "source_broken",
        "it cannot be read as video or sound",
        "Is it whole, and of a kind that players know? MP4 with H.264 and AAC always works.",
    ),
    (
        r"Unknown encoder|Encoder not found|Unknown decoder|Decoder .* not found|no decoder",
        "source_codec",
        "this ffmpeg cannot decode or encode its codec",
        "Convert it to H.264 and AAC first.",
    ),
    (
        r"End of file|Connection reset|Broken pipe|Server error|Input/output error",
        "source_closed",
        "the other side ended the connection",
        _AGAIN,
    ),
)
_COMPILED = tuple(
    (re.compile(pattern, re.IGNORECASE), key, message, help_)
    for pattern, key, message, help_ in _MEANINGS
)
_LOOKED_AT = 30


def stalled() -> MediaFailed:
    return MediaFailed(
        "no media comes any more, though nothing ended: reading was given up",
        _AGAIN,
        key="source_timeout",
    )


def nothing() -> MediaFailed:
    return MediaFailed(
        "there is no video or sound in it", "Choose another file or address.", key="source_empty"
    )


def broke_off() -> MediaFailed:
    return MediaFailed("reading broke off in the middle", _AGAIN, key="source_closed")


def ended() -> MediaFailed:
    """For what should never end."""
    return MediaFailed("the other side ended the stream", _AGAIN, key="source_closed")


def forbidden() -> MediaFailed:
    return MediaFailed(
        "it leads to an address that is not a public one",
        "Allow private addresses for this channel, if it is your own camera or server.",
        key="channel_private_address",
    )


def of_words(lines: Sequence[str]) -> MediaFailed | None:
    """Return what FFmpeg's last words mean; None when they mean nothing known."""
    said = "\n".join(lines[-_LOOKED_AT:])
    for pattern, key, message, help_ in _COMPILED:
        if pattern.search(said):
            return MediaFailed(message, help_, key=key)
    return None


def of_codec(codec: str) -> MediaFailed:
    """For what would have to be decoded and encoded, which the operator did not want."""
    return MediaFailed(
        f"its video is {codec}, not H.264",
        "Allow it to be converted, or choose a file with H.264.",
        key="source_codec",
    )
