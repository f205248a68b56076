"""Begin and end recordings by the clock: wake whoever decides when a schedule begins or ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from .rules_store import RulesStore

LOOK_S = 20.0
"""The clock is looked at so often while nothing is due: it may be set, or jump."""


class Scheduler:
    """``run`` is an endless loop. ``due`` is called at every boundary of a schedule."""

    def __init__(
        self, rules: RulesStore, due: Callable[[], None], clock: Callable[[], int]
    ) -> None:
        self._rules = rules
        self._due = due
        self._clock = clock
        self._wake = asyncio.Event()
        rules.subscribe(self._wake.set)

    async def run(self) -> None:
        """Never returns."""
        seen_ms = self._clock()
        while True:
            self._wake.clear()
            now = self._clock()
            edge = self._rules.current.next_change_ms(min(seen_ms, now))
            if now < seen_ms or (edge is not None and edge <= now):
                self._due()
                edge = self._rules.current.next_change_ms(now)
            seen_ms = now
            left_s = LOOK_S if edge is None else min(LOOK_S, (edge - now) / 1000)
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
