"""The demo picture: moving bars with a clock, and a soft tone, as one FFmpeg command.

The address with the publish secret stands in the command: FFmpeg takes an output from nowhere
else, so users of this machine can see it in ``ps``. Our logs, errors and files never show it.
"""

import asyncio
from urllib.parse import quote

from .fonts import FFMPEG, can_draw_text, find_font
from .supervise import Command

STREAM = "live/demo"
WIDTH, HEIGHT, FPS = 1280, 720, 30
KEY_FRAME_S = 2
VIDEO_KBPS = 1_200
AUDIO_KBPS = 96


class Picture:
    """Makes the command. What the machine can draw is looked up once."""

    def __init__(self, rtmp_port: int) -> None:
        self._rtmp_port = rtmp_port
        self._clock: str | None = None

    async def command(self, secret: str) -> Command:
        """Return the command that publishes with this secret; the same for the same secret."""
        if self._clock is None:
            self._clock = await asyncio.to_thread(_clock_filter)
        return Command(tuple(_argv(self._url(secret), self._clock)), (secret,))

    def _url(self, secret: str) -> str:
        return f"rtmp://127.0.0.1:{self._rtmp_port}/{STREAM}?secret={quote(secret, safe='')}"


def _clock_filter() -> str:
    """Return the filter that writes the time of day; without one, the bars' own counter stays."""
    font = find_font() if can_draw_text() else None
    # A path with a character that the filter syntax knows would need escaping thrice over.
    if font is None or any(letter in "\\':,;[]%" for letter in str(font)):
        return ""
    return (
        f",drawtext=fontfile={font}:text='Streamstead  %{{gmtime\\:%T}} UTC'"
        ":fontcolor=white:fontsize=44:box=1:boxcolor=black@0.6:boxborderw=16"
        ":x=(w-text_w)/2:y=h-120"
    )


def _argv(url: str, clock: str) -> list[str]:
    graph = (
        f"testsrc2=size={WIDTH}x{HEIGHT}:rate={FPS}{clock},format=yuv420p[out0];"
        "sine=frequency=440:beep_factor=2:sample_rate=44100,volume=0.2,"
        "aformat=channel_layouts=stereo[out1]"
    )
    gop = str(FPS * KEY_FRAME_S)
    return [
        *(FFMPEG, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning"),
        *("-progress", "pipe:1"),
        *("-re", "-f", "lavfi", "-i", graph),
        *("-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-bf", "0"),
        *("-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-threads", "1"),
        *("-b:v", f"{VIDEO_KBPS}k", "-maxrate", f"{VIDEO_KBPS}k", "-bufsize", f"{VIDEO_KBPS}k"),
        *("-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k"),
        *("-f", "flv", "-flvflags", "no_duration_filesize", url),
    ]
