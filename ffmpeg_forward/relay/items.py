"""Plays the items of a list one after the other into a timeline, without a gap between them."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any

from ..sources.ffmpeg_source import reading_item
from .config import ItemConfig, SourceConfig
from .feeders import LONGEST_S, Desk, Facts, wall_ms

SHOWN_S = 30.0
"""So long what was read may wait to be shown; then it never will be."""


class ItemsFeeder:
    """Reads an item ahead of its time, and the next one as soon as that is on the air: of no more
    than two is anything kept. Each item is a part of its own: ``<source id>#<number>``."""

    def __init__(self, config: SourceConfig, desk: Desk, show: Callable[[str], None]) -> None:
        self.config = config
        self.facts = Facts()
        self._desk = desk
        self._show = show
        self._number = 0
        self._shown = 0
        self._parts: dict[int, dict[str, Any]] = {}
        self._skip = asyncio.Event()
        self._news = asyncio.Event()
        self._order: list[ItemConfig] = []
        self._index = 0
        self._last_id = ""
        self._played_any = False

    def update(self, config: SourceConfig) -> None:
        """Follow a changed list from the next item on: the one behind that which is read now."""
        before, self.config = self.config, config
        if (before.items, before.shuffle) != (config.items, config.shuffle):
            self._begin_round()
            ids = [one.id for one in self._order]
            if not config.shuffle and self._last_id in ids:
                self._index = ids.index(self._last_id) + 1
        self._news.set()

    def wanted(self, wanted: bool) -> None:
        pass

    def skip(self) -> None:
        """End what is on the air, once that is played which was read already. One that is read in
        whole ends by itself within seconds: the next one is not passed over for it."""
        if self._shown == self._number:
            self._skip.set()

    def note_on_air(self, name: str | None) -> None:
        """Take note of what goes out now."""
        source, _, number = (name or "").rpartition("#")
        if source != self.config.id:
            self.facts.now = None
        elif int(number) in self._parts:
            self._shown = int(number)
            self._parts = {n: part for n, part in self._parts.items() if n >= self._shown}
            self.facts.now = {**self._parts[self._shown], "since_ms": wall_ms()}
        self._news.set()

    async def run(self) -> None:
        self._begin_round()
        failed = 0
        while True:
            if self._index >= len(self._order):
                if not self.config.loop and self._played_any:
                    await self._rest()
                if not self.config.items:
                    await self._wait_news(SHOWN_S)
                self._begin_round()
                continue
            item, place = self._order[self._index], self._index
            self._index += 1
            self._last_id = item.id
            if await self._play(item, place):
                failed, self._played_any = 0, True
                continue
            failed += 1
            if failed >= len(self._order):
                # Nothing of the list can be played at this moment.
                await self._wait_news(min(LONGEST_S, 2.0 ** min(failed, 6)))

    async def _rest(self) -> None:
        """Everything was played: wait until there is more."""
        self.facts.ended = True
        while not self.config.loop and self._index >= len(self._order):
            self._desk.changed()
            await self._wait_news(SHOWN_S)
        self.facts.ended = False

    def _begin_round(self) -> None:
        self._order, self._index = list(self.config.items), 0
        if self.config.shuffle:
            random.shuffle(self._order)

    async def _play(self, item: ItemConfig, place: int) -> bool:
        """Play one; False when nothing of it could be played."""
        self._number += 1
        part = f"{self.config.id}#{self._number}"
        self._parts[self._number] = {
            "id": item.id,
            "index": place,
            "count": len(self._order),
            "name": item.name,
        }
        self._skip.clear()
        self._desk.add_part(part)
        self._show(part)
        source = reading_item(item)
        any_media = False
        async with aclosing(source.messages()) as messages:
            async for message in messages:
                any_media = True
                self.facts.take(message)
                self._desk.fresh(part, message)
                if self._skip.is_set():
                    break
                if self._desk.room_ms(part) <= 0:
                    await self._desk.wait_room(part)
        self.facts.problem = None if any_media else source.problem
        self._desk.gone(part)
        self._desk.changed()
        if any_media:
            await self._until_shown(self._number)
        return any_media

    async def _until_shown(self, number: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SHOWN_S):
                while self._shown < number:
                    self._news.clear()
                    await self._news.wait()

    async def _wait_news(self, most_s: float) -> None:
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._news.wait()
