"""One HTTP request to a neighbour on loopback, with hard limits; no pool and no redirects."""

import asyncio
from dataclasses import dataclass

MAX_REPLY = 4 << 20
HOST = "127.0.0.1"


class HttpError(OSError):
    """The neighbour answered something that is not HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


async def request(
    port: int, method: str, target: str, body: bytes = b"", *, timeout_s: float
) -> Reply:
    """Send one request and read the whole answer.

    Raises TimeoutError, or OSError (ConnectionRefusedError when nobody listens). HTTP/1.0 on
    purpose: the answer ends with the connection and is never chunked.
    """
    head = (
        f"{method} {target} HTTP/1.0\r\nHost: {HOST}:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(head.encode() + body)
            raw = await _read_all(reader)
        finally:
            writer.close()
    return _parse(raw)


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while data := await reader.read(1 << 16):
        size += len(data)
        if size > MAX_REPLY:
            raise HttpError("the answer is too large")
        parts.append(data)
    return b"".join(parts)


def _parse(raw: bytes) -> Reply:
    head, found, body = raw.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if not found or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise HttpError("the answer is not HTTP")
    return Reply(int(words[1]), body)
