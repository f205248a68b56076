"""Run a program that works on media: with low priority, and never longer than we live.

The relays use it: standard library only.
"""

import asyncio
import functools
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..core.errors import StreamsteadError
from ..core.redact import redact_text
from .to_the_end import to_the_end

HELPER_NICENESS = 10
"""Of what may take longer when the processor is short."""
SOURCE_NICENESS = 5
"""Of what feeds a timeline that is live."""

_KEPT_ERRORS = 8_000
_BLOCK = 1 << 16
_LONGEST_WORDS = 300


class MediaFailed(StreamsteadError):
    """FFmpeg could not do it; ``message`` has its last words, ``lines`` the last of all of them,
    redacted. Here the key is ``ffmpeg_failed``, ``ffmpeg_timeout``, ``ffmpeg_too_large`` or
    ``no_ffmpeg``."""

    code, status, default_key = 1004, 422, "ffmpeg_failed"

    def __init__(
        self, message: str, help: str = "", *, key: str | None = None, lines: Sequence[str] = ()
    ) -> None:
        super().__init__(message, help, key=key)
        self.lines = lines


@functools.cache
def _wrappers() -> tuple[bool, bool]:
    return shutil.which("setpriv") is not None, shutil.which("ionice") is not None


def gently(argv: Sequence[str], niceness: int = HELPER_NICENESS) -> list[str]:
    """Return the command with low priority, ending when we end."""
    setpriv, ionice = _wrappers()
    lead = ["setpriv", "--pdeathsig", "KILL"] if setpriv else []
    lead += ["nice", "-n", str(niceness)]
    if ionice and niceness >= HELPER_NICENESS:
        lead += ["ionice", "-c", "3", "-t"]
    return [*lead, *argv]


async def run_to_end(
    argv: Sequence[str],
    *,
    limit_s: float,
    feed: bytes = b"",
    cwd: Path | None = None,
    most_bytes: int = 1 << 22,
    secrets: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run a program to its end and return its standard output; ``feed`` is its input, ``env`` is
    added to its environment.

    ``secrets`` are left out of its words. Raises MediaFailed; cancelling ends it.
    """
    if shutil.which(argv[0]) is None:
        raise MediaFailed(f"{argv[0]} is not installed", "Run ./bootstrap again.", key="no_ffmpeg")
    child = await asyncio.create_subprocess_exec(
        *gently(argv),
        stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, **env} if env else None,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    said, output = bytearray(), bytearray()
    try:
        async with asyncio.timeout(limit_s):
            async with asyncio.TaskGroup() as group:
                group.create_task(_last(child.stderr, said))
                group.create_task(_all(child.stdout, output, most_bytes, child.kill))
                if child.stdin is not None:
                    group.create_task(_write(child.stdin, feed))
            await child.wait()
    except TimeoutError:
        raise MediaFailed(
            f"{argv[0]} took longer than {limit_s:.0f} s and was ended",
            "Is the machine overloaded, or the other side very slow? Try again.",
            key="ffmpeg_timeout",
        ) from None
    finally:
        await to_the_end(_reap(child))
    if len(output) > most_bytes:
        raise MediaFailed(
            f"{argv[0]} made more than {most_bytes} bytes",
            "Use a smaller picture or a shorter clip.",
            key="ffmpeg_too_large",
        )
    if child.returncode != 0:
        lines = [clean(line, secrets) for line in said.decode(errors="replace").splitlines()]
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        raise MediaFailed(
            words[:_LONGEST_WORDS] or f"{argv[0]} ended with status {child.returncode}",
            lines=lines,
        )
    return bytes(output)


def clean(line: str, secrets: Sequence[str]) -> str:
    """Return a line without secrets."""
    for secret in secrets:
        line = line.replace(secret, "***")
    return redact_text(line)


async def _reap(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _last(stream: asyncio.StreamReader, into: bytearray) -> None:
    while block := await stream.read(_BLOCK):
        into += block
        if len(into) > _KEPT_ERRORS:
            del into[: len(into) - _KEPT_ERRORS]


async def _all(
    stream: asyncio.StreamReader, into: bytearray, most: int, stop: Callable[[], None]
) -> None:
    while block := await stream.read(_BLOCK):
        if len(into) <= most:
            into += block
            if len(into) > most:
                with suppress(ProcessLookupError):
                    stop()


async def _write(stdin: asyncio.StreamWriter, feed: bytes) -> None:
    """A program that ends early wants no more: that is no fault of ours."""
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(feed)
        await stdin.drain()
    stdin.close()
