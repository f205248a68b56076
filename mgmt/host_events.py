"""What the manager has to tell: kept on disk first, so that Redis may be away.

The platform fetches it in order (``GET /v1/events/stream``) and puts it into the event stream of
the house.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson

from ..core.event_types import EventType
from ..core.files import write_atomic
from ..core.log import get_logger

log = get_logger(__name__)

KEEP = 1_000


class HostEvents:
    """``<data>/mgmt/events.jsonl``, newest last: ``{"seq","id","type","at_ms","data"}`` a line.

    ``seq`` rises by one and never begins again, not even when the file is lost: it starts from the
    time in ms then.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"
        self._kept = self._read()
        self._lines = len(self._kept)
        self._changed = asyncio.Condition()

    def tell(self, type_: EventType, data: dict[str, Any], event_id: str = "") -> None:
        """Note one event. ``event_id``: the same for the same happening; else made from the time.

        A disk that does not take it costs the event its durability, not its delivery.
        """
        at_ms = time.time_ns() // 1_000_000
        if event_id and any(one["id"] == event_id for one in self._kept):
            return
        seq = self._kept[-1]["seq"] + 1 if self._kept else at_ms
        event = {
            "seq": seq,
            "id": event_id or f"{type_.value}:{seq}",
            "type": type_.value,
            "at_ms": at_ms,
            "data": data,
        }
        self._kept = [*self._kept[-(KEEP - 1) :], event]
        try:
            self._append(event)
        except OSError as exc:
            log.error("events.not_kept", error=str(exc))
        self._wake()

    def after(self, seq: int) -> list[dict[str, Any]]:
        """Return what is kept and younger, oldest first."""
        return [one for one in self._kept if one["seq"] > seq]

    async def follow(self, seq: int) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield what is younger than ``seq``, at once and as it comes; for ever."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self.after(seq)))  # noqa: B023
            batch = self.after(seq)
            yield batch
            seq = batch[-1]["seq"]

    def _wake(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        try:
            task = asyncio.get_running_loop().create_task(notify())
        except RuntimeError:
            return  # told before the loop runs; nobody can be waiting yet
        self._waking = task  # keeps it from being collected

    def _append(self, event: dict[str, Any]) -> None:
        if self._lines >= 2 * KEEP:
            lines = b"".join(orjson.dumps(one) + b"\n" for one in self._kept)
            write_atomic(self._path, lines, 0o600)
            self._lines = len(self._kept)
            return
        with open(self._path, "ab", opener=_private) as file:
            file.write(orjson.dumps(event) + b"\n")
        self._lines += 1

    def _read(self) -> list[dict[str, Any]]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        found = []
        for line in raw.splitlines():
            try:
                found.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                log.warning("events.line_broken")  # a machine that lost its power while writing
        return found[-KEEP:]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
