"""What keeps a ladder from running, in words for the operator."""

import re
from collections.abc import Sequence

from ..models import Problem

# What FFmpeg says, and what it means here; the most telling first.
_MEANINGS: tuple[tuple[str, Problem], ...] = (
    (
        r"Already publishing|StreamBusy|stream is busy",
        Problem(
            key="transcode_busy",
            message="somebody else publishes a stream with the name of a rendition",
            help="End that publisher, or give the rendition another name.",
        ),
    ),
    (
        r"Stream map '0:v:0' matches no streams",
        Problem(
            key="transcode_no_video",
            message="the source has no picture",
            help="Only renditions of sound alone can be made of it.",
        ),
    ),
    (
        r"Stream map '0:a:0' matches no streams",
        Problem(
            key="transcode_no_audio",
            message="the source has no sound",
            help="Remove the rendition of sound alone, or send sound.",
        ),
    ),
    (
        r"is not installed|Unknown encoder|No such filter|Unrecognized option|cannot be run",
        Problem(
            key="transcode_no_ffmpeg",
            message="this ffmpeg cannot encode what is asked for",
            help="Install an ffmpeg with libx264; ./bootstrap does it.",
        ),
    ),
    (
        r"Error initializing output stream|Error while opening encoder|Invalid argument",
        Problem(
            key="transcode_encoder",
            message="the encoder does not take these settings",
            help="Look at size, frame rate and bitrate of the renditions.",
        ),
    ),
    (
        r"Connection refused|Connection reset|Broken pipe|End of file|Input/output error"
        r"|Operation not permitted|Server error",
        Problem(
            key="transcode_connection",
            message="the media server closed the connection",
            help="It is tried again by itself; the log of the media server says more.",
        ),
    ),
)
_COMPILED = tuple((re.compile(pattern), problem) for pattern, problem in _MEANINGS)

SLOW = Problem(
    key="transcode_slow",
    message="the machine does not keep up: the renditions fall behind",
    help="Use a faster preset, fewer or smaller renditions, or end other work.",
)
LOST = Problem(
    key="transcode_lost",
    message="a rendition was disconnected",
    help="The ladder is started again by itself.",
)


def problem_of_run(reason: str, lines: Sequence[str]) -> Problem:
    """Return why a run ended; ``reason`` is the supervisor's, ``lines`` the child's last words."""
    said = "\n".join([*lines, reason])
    for pattern, problem in _COMPILED:
        if pattern.search(said):
            return problem
    if "stood still" in reason:
        return Problem(
            key="transcode_stalled",
            message="the source sent nothing for a while",
            help="Look at the encoder and its connection.",
        )
    return Problem(
        key="transcode_ended",
        message=f"the transcode ended: {reason}"[:300],
        help="It is started again by itself; the service's log has its last words.",
    )


def refused(percent: float, free_percent: float) -> Problem:
    """Return what the guard of the processor says."""
    return Problem(
        key="transcode_refused",
        message=f"it would take {percent:.1f} % of the processor and {free_percent:.1f} % is free",
        help="Use fewer or smaller renditions or a faster preset, or end other work.",
    )


def no_hardware(name: str) -> Problem:
    return Problem(
        key="transcode_no_hardware",
        message=f"{name} does not work on this machine",
        help="Choose auto, or look at the driver and at who may use /dev/dri.",
    )
