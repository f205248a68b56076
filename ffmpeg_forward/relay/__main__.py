"""``python -m streamstead.ffmpeg_forward.relay NAME DATA``: run one relay until SIGTERM.

It is kept small, so nothing heavier than the standard library, uvloop and orjson is imported; and
all that it may ever need is imported here: an upgrade may remove our files while it runs.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import uvloop

from ...core.paths import DataDir
from .relay import Relay

_REPORT_S = 1.0
_MAX_REPORT_BYTES = 1 << 16


async def _report() -> None:
    """Say once a second that we are alive, as FFmpeg would; the supervisor looks at nothing else.

    Nobody empties what we write while the supervisor is away.
    """
    loop = asyncio.get_running_loop()
    while True:
        out = sys.stdout.fileno()
        with contextlib.suppress(OSError):
            if os.fstat(out).st_size > _MAX_REPORT_BYTES:
                os.ftruncate(out, 0)
        os.write(out, b"out_time_us=%d\nprogress=continue\n" % (loop.time() * 1_000_000))
        await asyncio.sleep(_REPORT_S)


async def _run(name: str, root: Path) -> None:
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    assert me is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, me.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            group.create_task(_report())
            await Relay(name, DataDir(root)).run()
            # It was told to end; what reports of it has nothing more to say.
            me.cancel()


def main() -> None:
    name, root = sys.argv[1:]
    uvloop.run(_run(name, Path(root)))


if __name__ == "__main__":
    main()
