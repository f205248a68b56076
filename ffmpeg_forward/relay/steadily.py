"""One part of a relay that fails must not take the others with it."""

import asyncio
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

AGAIN_S = 1.0


async def steadily(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` to its end; what it did not expect is told on stderr, and it begins again."""
    while True:
        try:
            return await work()
        except Exception:
            complain()
            await asyncio.sleep(AGAIN_S)


def complain() -> None:
    """Tell the exception of the moment to whoever reads our stderr (supervise.py, redacted)."""
    with suppress(OSError):  # nobody reads it: our controller has gone, and we go on
        traceback.print_exc(limit=-6, file=sys.stderr)
