"""Why a child ended, in words for the operator."""

import re
import signal
from collections.abc import Sequence

from .child import Ending

# What FFmpeg 4.4 to 7 write, and what it means for an output; the most telling first: one failure
# makes several lines, and the last of them often says the least.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"Already publishing|StreamBusy|stream is busy", "another encoder is publishing this stream"),
    (r"Connection refused", "nothing listens at the target"),
    (r"Connection timed out|timed out", "the target does not answer"),
    (
        r"Name or service not known|Failed to resolve|name resolution",
        "the target's name is unknown",
    ),
    (r"No route to host|Network is unreachable", "the target cannot be reached"),
    (r"Unknown encoder 'libx264'", "this ffmpeg has no H.264 encoder (libx264)"),
    (r"No such filter", "this ffmpeg lacks a filter that the picture needs"),
    (r"Broken pipe|Connection reset|End of file", "the target closed the connection"),
    # Both media servers hang up on a publisher that their callback refuses, without a reason.
    (r"Input/output error|Operation not permitted|Server error", "the target refused the stream"),
)
_COMPILED = tuple((re.compile(pattern), meaning) for pattern, meaning in _MEANINGS)
_LOOKED_AT = 8
_SHELL_CANNOT_RUN = (126, 127)


def reason_in_words(ending: Ending, lines: Sequence[str]) -> str:
    """Return why it ended; ``lines`` are its last messages, redacted, oldest first."""
    if ending.stalled:
        return "the media stood still; ffmpeg was stopped"
    said = "\n".join(list(lines)[-_LOOKED_AT:])
    for pattern, meaning in _COMPILED:
        if pattern.search(said):
            return meaning
    if ending.status is not None and ending.status < 0:
        return f"ffmpeg was ended by {signal.Signals(-ending.status).name}"
    if ending.status in _SHELL_CANNOT_RUN:
        return "ffmpeg cannot be run"
    if lines:
        return lines[-1][:200]
    if ending.status:
        return f"ffmpeg ended with status {ending.status}"
    return "ffmpeg ended by itself"
