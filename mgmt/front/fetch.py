"""One small request to a program on loopback.

Written by hand on a plain connection: an HTTP library would cost more memory than the manager has.
"""

import asyncio

TIMEOUT_S = 3.0
MAX_BYTES = 4_000_000


async def fetch(port: int, path: str) -> bytes:
    """Return the body of an answer 200. Raises OSError, TimeoutError, and ValueError for others."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            # HTTP/1.0: the answer ends with the connection and comes in one piece.
            writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            raw = bytearray()
            while piece := await reader.read(65536):
                raw += piece
                if len(raw) > MAX_BYTES:
                    raise ValueError("the answer is too large")
        finally:
            writer.close()
    head, found, body = bytes(raw).partition(b"\r\n\r\n")
    if not found or head.split(b"\r\n")[0].split()[1:2] != [b"200"]:
        raise ValueError("the answer is not 200")
    return body
