"""A camera: RTSP over TCP with a password, its media made by FFmpeg."""

import asyncio
import base64
import socket
import struct
from contextlib import suppress
from pathlib import Path

from ...conftest import need

USER, PASSWORD = "admin", "gl4sshouse"
_HOST = "127.0.0.1"


class Camera:
    """Serves one player at a time at ``url``; ``audio`` is what it sends beside the picture."""

    def __init__(
        self, directory: Path, audio: str = "", password: str = PASSWORD, port: int = 0
    ) -> None:
        self._sdp = directory / "camera.sdp"
        self._audio = audio
        self._password = password
        self._port = port
        self.played = 0
        self.torn_down = 0
        self.transports: list[str] = []
        self._players: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"rtsp://{USER}:{PASSWORD}@{_HOST}:{self._port}/stream"

    async def __aenter__(self) -> "Camera":
        self._server = await asyncio.start_server(self._serve, _HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self._rtp = [_udp() for _ in range(2)]
        ports = [sock.getsockname()[1] for sock in self._rtp]
        size = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25")
        argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-re", *size]
        if self._audio:
            argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000"]
        video = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "12")
        # Parameter sets with each key frame: a player may come at any time.
        video = (*video, "-bsf:v", "dump_extra")
        argv += ["-map", "0:v", *video, "-f", "rtp", f"rtp://{_HOST}:{ports[0]}?pkt_size=1300"]
        if self._audio:
            argv += ["-map", "1:a", "-c:a", self._audio, "-ac", "1"]
            argv += ["-f", "rtp", f"rtp://{_HOST}:{ports[1]}?pkt_size=1300"]
        self._child = await asyncio.create_subprocess_exec(
            *argv, "-sdp_file", str(self._sdp), stdin=asyncio.subprocess.DEVNULL
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._child.kill()
        await self._child.wait()
        self._server.close()
        for sock in self._rtp:
            sock.close()

    def hang_up(self) -> None:
        """Cut off everybody, as a camera without power does."""
        self._server.close()
        for player in self._players:
            player.transport.abort()

    async def _describe(self) -> str:
        async with asyncio.timeout(30):
            while not (self._sdp.exists() and "m=" in self._sdp.read_text()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        lines, track = [], 0
        for line in self._sdp.read_text().splitlines():
            if line.startswith("c="):
                continue
            lines.append(line if not line.startswith("m=") else _without_port(line))
            if line.startswith("m="):
                lines.append(f"a=control:track{track}")
                track += 1
        return "\r\n".join(lines) + "\r\n"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        senders: list[asyncio.Task[None]] = []
        self._players.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    method, path, headers = await _request(reader)
                    wanted = base64.b64encode(f"{USER}:{self._password}".encode()).decode()
                    answer, body = ["CSeq: " + headers["cseq"], "Session: 1"], ""
                    if headers.get("authorization") != f"Basic {wanted}":
                        answer.append('WWW-Authenticate: Basic realm="camera"')
                        _answer(writer, "401 Unauthorized", answer)
                        continue
                    if method == "OPTIONS":
                        answer.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
                    elif method == "DESCRIBE":
                        body = await self._describe()
                        answer.append("Content-Type: application/sdp")
                    elif method == "SETUP":
                        self.transports.append(headers["transport"])
                        track = int(path[-1])
                        channels = f"{track * 2}-{track * 2 + 1}"
                        answer.append(f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}")
                    elif method == "PLAY":
                        self.played += 1
                        _answer(writer, "200 OK", answer)
                        senders = [
                            asyncio.create_task(_relay(sock, number * 2, writer))
                            for number, sock in enumerate(self._rtp)
                        ]
                        continue
                    elif method == "TEARDOWN":
                        self.torn_down += 1
                    _answer(writer, "200 OK", answer, body)
        finally:
            for task in senders:
                task.cancel()
            self._players.discard(writer)
            writer.close()


def _udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((_HOST, 0))
    sock.setblocking(False)
    return sock


def _without_port(line: str) -> str:
    kind, _, rest = line.split(" ", 2)
    return f"{kind} 0 {rest}"


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]]:
    while (first := await reader.readexactly(1)) == b"$":  # RTCP of the player
        _, size = struct.unpack(">BH", await reader.readexactly(3))
        await reader.readexactly(size)
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.strip().split("\r\n")
    method, path, _ = line.split(" ")
    pairs = (one.partition(":") for one in rest)
    return method, path, {name.lower(): value.strip() for name, _, value in pairs}


def _answer(writer: asyncio.StreamWriter, status: str, headers: list[str], body: str = "") -> None:
    lines = [f"RTSP/1.0 {status}", *headers, f"Content-Length: {len(body)}"]
    writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


async def _relay(sock: socket.socket, channel: int, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    with suppress(BlockingIOError):
        while True:  # what came before anybody asked is old
            sock.recv(65536)
    while True:
        packet = await loop.sock_recv(sock, 65536)
        writer.write(b"$" + struct.pack(">BH", channel, len(packet)) + packet)
        await writer.drain()
