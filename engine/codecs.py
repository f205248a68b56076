"""What nginx-rtmp can carry on: H.264 and AAC (or MP3). Anything else it misreads in silence."""

from .stat import StatStream

VIDEO = ("H264",)
AUDIO = ("AAC", "MP3")
ENOUGH_BYTES = 16 << 10
"""A stream that sent this much and still shows no codec will not show one later."""

ADVICE = "the embedded engine carries H.264 with AAC only; use the SRS image for HEVC and AV1"


def unsupported(stream: StatStream) -> str | None:
    """Return why a stream cannot be played, None when it can or when it is too early to know."""
    if stream.video is not None and stream.video.codec not in VIDEO:
        # By enhanced RTMP, HEVC and AV1 look like codecs that nobody has used for 20 years.
        return f"its video is not H.264 (seen as {stream.video.codec}): {ADVICE}"
    if stream.audio is not None and stream.audio.codec not in AUDIO:
        return f"its sound is not AAC (seen as {stream.audio.codec}): {ADVICE}"
    if stream.video is None and stream.audio is None and stream.bytes_in > ENOUGH_BYTES:
        return f"neither H.264 video nor AAC sound was found in it: {ADVICE}"
    return None
