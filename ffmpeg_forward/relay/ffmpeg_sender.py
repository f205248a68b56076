"""Send through FFmpeg what we do not send ourselves: SRT, and RTMP servers that want a password.

It gets FLV through its standard input. The address, with its key, stands in its command line:
FFmpeg takes an output from nowhere else. Whoever may list the processes of this machine sees it;
destinations that we send to ourselves have no such place.
"""

import asyncio
import re
import shutil
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast
from urllib.parse import urlsplit

from ...core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from ...core.rtmp.flv import file_header, tag_bytes
from ..gently import SOURCE_NICENESS, gently
from ..progress import ProgressParser
from . import problems
from .connection import SentSoFar
from .dial import Said
from .problems import Problem, PublishFailed, Step
from .tcp_info import connection_of, tcp_progress

CLOSE_S = 0.8
_WRITE_HIGH = 256 * 1024
_LINES_LOOKED_AT = 20
_LONGEST_LINE = 2_000
_KINDS = frozenset({AUDIO, VIDEO})

_SRT_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"BADSECRET|[Pp]assphrase|UNSECURE|encryption", "the passphrase is wrong or missing"),
    (r"timed? ?out|Timer expired|ERROR:TIMEOUT", "nobody answers at {where}"),
    (r"resolve|Name or service", "the name of {where} cannot be resolved"),
    (r"REJECT|rejected|ERROR:PEER|ERROR:CLOSE", "{where} refuses the connection"),
    (r"Protocol not found", "the ffmpeg of this machine was built without SRT"),
    (r"Connection (was broken|does not exist)|Input/output", "no connection to {where}"),
)
_RTMP_MEANINGS: tuple[tuple[str, Callable[[str], Problem]], ...] = (
    (r"[Aa]lready publishing|busy", lambda _: problems.busy()),
    (r"[Aa]uth(entication)? ?(failed|mod)|BadName|Denied", lambda _: problems.wrong_key()),
    (r"Connection refused", problems.refused),
    (r"timed out", lambda where: problems.timeout(where, Step.CONNECT)),
    (r"resolve|Name or service", lambda where: problems.dns(where.rpartition(":")[0])),
    (r"[Cc]ertificate", problems.certificate),
    (r"TLS|handshake", lambda where: problems.tls(where, OSError())),
    (r"No route|unreachable", problems.unreachable),
    (
        r"[Cc]odec .*not (compatible|supported)|not currently supported",
        lambda _: problems.codec(""),
    ),
    (r"Server error|Cannot open|Input/output|Error opening", lambda _: problems.rejected()),
)


class FfmpegConnection(asyncio.SubprocessProtocol):
    """One FFmpeg. What counts as accepted: for RTMP what the far end's kernel has confirmed to
    FFmpeg's connection; for SRT, where the peer must confirm too, what FFmpeg says it wrote."""

    def __init__(self, where: str, is_srt: bool, note: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[Problem] = loop.create_future()
        self.on_writable: Callable[[], None] = lambda: None
        self.writable = True
        self._where = where
        self._is_srt = is_srt
        self._note = note
        self._gone = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        self._input: asyncio.WriteTransport | None = None
        self._begun = False
        self._parser = ProgressParser()
        self._lines: list[str] = []
        self._rest = {1: b"", 2: b""}
        self._written = 0
        self._pending = False
        self._connection: socket.socket | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._input = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        self._input.set_write_buffer_limits(high=_WRITE_HIGH)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self.on_writable()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, rest = (self._rest[fd] + data).split(b"\n")
        self._rest[fd] = rest[-_LONGEST_LINE:]
        for line in lines:
            if fd == 1:
                self._hear_progress(line.decode(errors="replace"))
            elif line.strip():
                self._hear_words(line.decode(errors="replace").strip())

    def process_exited(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._gone.set()
        self.writable = False
        if not self.closed.done():
            self.closed.set_result(self._meaning())

    def _hear_progress(self, line: str) -> None:
        progress = self._parser.feed(line)
        if progress is not None and (progress.total_size or 0) > self._written:
            self._written = progress.total_size or 0
            self._pending = False

    def _hear_words(self, line: str) -> None:
        self._lines = [*self._lines[1 - _LINES_LOOKED_AT :], line]
        self._note(line)

    def _meaning(self) -> Problem:
        said = "\n".join(self._lines)
        if self._is_srt:
            for pattern, why in _SRT_MEANINGS:
                if re.search(pattern, said):
                    return problems.srt(why.format(where=self._where))
            if self._written:
                return problems.closed(self._where)
            return problems.srt(f"no connection to {self._where}")
        for pattern, make in _RTMP_MEANINGS:
            if not self._written and re.search(pattern, said):
                return make(self._where)
        return problems.closed(self._where)

    # What the destination calls.

    def send(self, message: Message, timestamp: int) -> None:
        pipe = self._input
        if message.kind == DATA or pipe is None or pipe.is_closing() or self.closed.done():
            return
        if not self._begun:
            self._begun = True
            # Both are announced: FFmpeg looks for them for no longer than it was told.
            pipe.write(file_header(True, True))
        self._pending = True
        pipe.write(tag_bytes(Message(message.kind, timestamp, message.payload)))

    def progress(self) -> SentSoFar:
        if self._written and not self._is_srt and not self._gone.is_set():
            if self._connection is None and self._transport is not None:
                self._connection = connection_of(self._transport.get_pid())
            found = tcp_progress(self._connection) if self._connection is not None else None
            if found is not None:
                return SentSoFar(found.acked, found.pending or self._pending)
        return SentSoFar(self._written, self._pending)

    async def close(self) -> None:
        """Let it write what it has, then end it."""
        if not self.closed.done():
            self.closed.set_result(problems.closed(self._where))
        if self._transport is None:
            return
        try:
            if self._input is not None and self.writable:
                self._input.close()
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await self._gone.wait()
        finally:
            if not self._gone.is_set():
                with suppress(ProcessLookupError):
                    self._transport.send_signal(signal.SIGKILL)
                await self._gone.wait()
            self._transport.close()

    def abandon(self) -> None:
        return


async def open_ffmpeg(
    url: str, *, verify_tls: bool, said: Said, note: Callable[[str], None]
) -> FfmpegConnection:
    """Start FFmpeg; what becomes of its own connection is told by ``progress`` and ``closed``.

    ``note`` gets its messages, which may hold the address. Raises PublishFailed.
    """
    if shutil.which("ffmpeg") is None:
        raise PublishFailed(problems.no_ffmpeg())
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    said(Step.CONNECT)
    try:
        _, connection = await asyncio.get_running_loop().subprocess_exec(
            lambda: FfmpegConnection(where, parts.scheme == "srt", note),
            *gently(ffmpeg_argv(url, verify_tls), SOURCE_NICENESS),
        )
    except OSError:
        raise PublishFailed(problems.no_ffmpeg()) from None
    said(Step.PUBLISH)
    return connection


def ffmpeg_argv(url: str, verify_tls: bool) -> Sequence[str]:
    """Return the command that reads FLV from its input and sends it on as it is."""
    argv = ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-nostats"]
    argv += ["-progress", "pipe:1", "-stats_period", "0.5"]
    # Not nobuffer: it throws away what was read while FFmpeg looked at the streams.
    argv += ["-fflags", "+noparse", "-fpsprobesize", "0", "-analyzeduration", "1000000"]
    argv += ["-f", "flv", "-i", "pipe:0", "-map", "0:v?", "-map", "0:a?", "-c", "copy"]
    if url.startswith("srt:"):
        return [*argv, "-flush_packets", "1", "-f", "mpegts", url]
    if url.startswith("rtmps:"):
        argv += ["-tls_verify", "1" if verify_tls else "0"]
    return [*argv, "-flvflags", "no_duration_filesize", "-f", "flv", url]
