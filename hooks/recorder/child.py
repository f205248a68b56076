"""Run a program that works on media: gently, for a limited time, and never longer than we live."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ...core.errors import StreamsteadError
from ...core.log import get_logger

log = get_logger(__name__)

KEPT_OUTPUT = 8_000
MAX_OUTPUT = 1 << 22
BLOCK = 1 << 18


class MediaFailed(StreamsteadError):
    """FFmpeg could not do it; ``message`` has its last words. ``key`` tells time from content."""

    default_key = "media_failed"


def gently(argv: Sequence[str]) -> list[str]:
    """Return the command with low priority for processor and disk, ending when we end."""
    lead: list[str] = []
    if shutil.which("setpriv"):
        lead += ["setpriv", "--pdeathsig", "KILL"]
    lead += ["nice", "-n", "10"]
    if shutil.which("ionice"):
        lead += ["ionice", "-c", "3", "-t"]
    return [*lead, *argv]


async def run_media(
    argv: Sequence[str],
    *,
    limit_s: float,
    feed: Sequence[Path] = (),
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> bytes:
    """Run a program to its end; ``feed``: files that go to its standard input, one after another.

    Returns its standard output (bounded); ``on_line`` gets each of its lines instead. Raises
    MediaFailed with the key ``media_failed`` or ``media_timeout``, OSError for a file of ``feed``.
    """
    child = await asyncio.create_subprocess_exec(
        *gently(argv),
        stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
    )
    said = bytearray()
    output = bytearray()
    assert child.stdout is not None
    assert child.stderr is not None
    tasks = [asyncio.create_task(_collect(child.stderr, said, KEPT_OUTPUT))]
    if on_line is None:
        tasks.append(asyncio.create_task(_collect(child.stdout, output, MAX_OUTPUT)))
    else:
        tasks.append(asyncio.create_task(_lines(child.stdout, on_line)))
    if feed:
        assert child.stdin is not None
        tasks.append(asyncio.create_task(_feed(child.stdin, feed)))
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*tasks)
            await child.wait()
    except TimeoutError:
        raise MediaFailed(
            f"{argv[0]} took longer than {limit_s:.0f} s and was ended",
            "Is the machine overloaded, or the disk very slow? Try again.",
            key="media_timeout",
        ) from None
    finally:
        for task in tasks:
            task.cancel()
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        words = said.decode(errors="replace").strip().splitlines()
        raise MediaFailed(
            words[-1][:300] if words else f"{argv[0]} ended with status {child.returncode}",
            "The log of the recorder has more of it.",
        )
    return bytes(output)


async def _collect(stream: asyncio.StreamReader, into: bytearray, limit: int) -> None:
    """Keep the last bytes."""
    while block := await stream.read(BLOCK):
        into += block
        if len(into) > limit:
            del into[: len(into) - limit]


async def _lines(stream: asyncio.StreamReader, on_line: Callable[[str], None]) -> None:
    with suppress(ValueError):
        async for line in stream:
            on_line(line.decode(errors="replace").strip())


async def _feed(stdin: asyncio.StreamWriter, files: Sequence[Path]) -> None:
    """A program that ends early wants no more: that is no fault of ours."""
    try:
        for path in files:
            with path.open("rb", buffering=0) as file:
                while block := await asyncio.to_thread(file.read, BLOCK):
                    stdin.write(block)
                    await stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return
    finally:
        stdin.close()
