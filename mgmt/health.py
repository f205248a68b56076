"""Ask a program whether it does its work; small requests written by hand, no client library."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from .runtime.spec import HealthCheck, HttpProbe, RedisProbe


class Verdict(StrEnum):
    GOOD = "good"
    BUSY = "busy"
    """Alive, not ready yet: no reason for a restart, however long it takes."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    detail: str = ""


async def probe(check: HealthCheck) -> Finding:
    """Return what the program answers within ``check.timeout_s``; never raises for its failures."""
    try:
        async with asyncio.timeout(check.timeout_s):
            if isinstance(check.probe, RedisProbe):
                return await _redis(check.probe)
            return await _http(check.probe)
    except TimeoutError:
        return Finding(Verdict.BAD, f"no answer within {check.timeout_s:.0f} s")
    except (OSError, EOFError) as exc:
        return Finding(Verdict.BAD, _why(exc))


def _why(exc: Exception) -> str:
    if isinstance(exc, ConnectionRefusedError | FileNotFoundError):
        return "not listening"
    return f"connection failed: {exc}"


async def _http(target: HttpProbe) -> Finding:
    if target.uds is not None:
        reader, writer = await asyncio.open_unix_connection(str(target.uds))
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(
            f"GET {target.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        status_line = await reader.readline()
    finally:
        writer.close()
    parts = status_line.split()
    if len(parts) >= 2 and parts[1] == b"200":
        return Finding(Verdict.GOOD)
    said = parts[1].decode(errors="replace") if len(parts) >= 2 else "nothing"
    return Finding(Verdict.BAD, f"answered {said} instead of 200")


async def _redis(target: RedisProbe) -> Finding:
    reader, writer = await asyncio.open_unix_connection(str(target.uds))
    try:
        password = target.password.encode()
        writer.write(b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%b\r\n" % (len(password), password))
        auth = await reader.readline()
        if not auth.startswith(b"+OK"):
            return Finding(Verdict.BAD, "refuses our password")
        writer.write(b"*1\r\n$4\r\nPING\r\n")
        pong = await reader.readline()
    finally:
        writer.close()
    if pong.startswith(b"+PONG"):
        return Finding(Verdict.GOOD)
    if pong.startswith(b"-LOADING"):
        return Finding(Verdict.BUSY, "loads its data")
    if pong.startswith(b"-MISCONF"):
        # It answers reads and goes on by itself when there is room; a restart would lose what it
        # could not write.
        return Finding(Verdict.GOOD, "takes no changes: it cannot write its file (disk full?)")
    return Finding(Verdict.BAD, f"answered {pong.decode(errors='replace').strip()!r}")
