"""What the manager itself wrote where systemd runs it: in the journal, not in a file."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from ...core.files import read_plain
from ...core.paths import DataDir
from .line import Line, parse

SERVICE = "mgmt"


def unit_of(data: DataDir) -> str:
    """Return the unit of this house, "" where systemd does not run it."""
    if not Path("/run/systemd/system").is_dir():
        return ""
    try:
        return read_plain(data.config / "unit", ours=True).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def backwards(unit: str, before_ms: int | None = None) -> Iterator[Line]:
    """Yield the unit's lines, youngest first. Raises OSError where there is no journalctl."""
    until = [] if before_ms is None else [f"--until=@{before_ms // 1000 + 1}"]
    with journal(unit, "--reverse", *until) as output:
        yield from lines_of(output)


@contextmanager
def journal(unit: str, *options: str) -> Iterator[IO[bytes]]:
    """Run journalctl; it is ended with the block."""
    argv = ["journalctl", "--unit", unit, "--output=json", "--no-pager", "--quiet", *options]
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout is not None
    try:
        yield child.stdout
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def lines_of(output: IO[bytes]) -> Iterator[Line]:
    """Parse what journalctl prints, an entry a line."""
    for raw in output:
        line = entry(raw)
        if line is not None:
            yield line


def entry(raw: bytes) -> Line | None:
    """Parse one entry; None for what is none."""
    try:
        said = orjson.loads(raw)
        micro_s = int(said["__REALTIME_TIMESTAMP"])
        message = said.get("MESSAGE", "")
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError):
        return None
    # The journal gives bytes that are no text as a list of numbers.
    words = bytes(message) if isinstance(message, list) else str(message).encode()
    line = parse(words, SERVICE, micro_s // 1000)
    line.at_ms = micro_s // 1000
    line.offset = micro_s % 1_000_000
    return line
