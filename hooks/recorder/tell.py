"""Tell what becomes of recordings: one event for each thing, however often we are killed.

What was told stands with the recording, so an event that Redis did not take is told later.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from ...core.app import API
from ...core.errors import NotFound
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ..library.catalogue import Catalogue
from ..library.catalogue_query import Query
from ..library.recording import MP4_FILE, Kind, Mp4State, Recording, State, UploadState

log = get_logger(__name__)

NEWEST = 1000
"""So many recordings are looked through at the start for what was not told."""

_PAGE = 200
_RETRY_S = 2.0


def due_events(recording: Recording) -> Iterator[EventType]:
    """Yield what should have been told of a recording by now and was not."""
    over = recording.state in (State.READY, State.FAILED)
    due = {
        EventType.RECORDING_STARTED: recording.kind is Kind.LIVE,
        EventType.RECORDING_FINISHED: recording.state is State.READY,
        EventType.RECORDING_FAILED: recording.state is State.FAILED,
        EventType.RECORDING_UPLOADED: over and recording.upload is UploadState.VERIFIED,
    }
    for type_, is_due in due.items():
        if is_due and type_.value not in recording.told:
            yield type_


def event_data(recording: Recording, path: str) -> dict[str, Any]:
    """Return the data of a recording's event. ``artifact_code``: 0, or 100 when it failed;
    ``artifact_url``: the path of the MP4 on this server; ``path``: where its files lie."""
    data: dict[str, Any] = {
        "uuid": recording.id,
        "vhost": recording.vhost,
        "app": recording.app,
        "stream": recording.stream,
        "kind": recording.kind.value,
        "title": recording.title,
        "started_ms": recording.started_ms,
    }
    if recording.state is State.RECORDING:
        return data
    return data | {
        "artifact_code": 100 if recording.state is State.FAILED else 0,
        "artifact_path": f"{path}/{MP4_FILE}" if recording.mp4 is Mp4State.READY else path,
        "artifact_url": f"{API}/hooks/record/hls/{recording.id}/{MP4_FILE}",
        "ended_ms": recording.ended_ms,
        "duration_ms": recording.duration_ms,
        "size_bytes": recording.size_bytes,
        "missing_ms": sum(hole.missing_ms for hole in recording.holes if hole.reason == "lost"),
        "problem": recording.problem,
    }


class Teller:
    """``run`` is an endless loop; ``resumed`` and ``removed`` may be called by anyone."""

    def __init__(
        self, catalogue: Catalogue, events: EventStream, root: Path, clock: Callable[[], int]
    ) -> None:
        self._catalogue = catalogue
        self._events = events
        self._root = root
        self._clock = clock
        self._waiting: dict[str, None] = {}
        self._extra: list[tuple[EventType, Recording | str]] = []
        self._wake = asyncio.Event()
        catalogue.subscribe(self._changed)

    def _changed(self, id_: str) -> None:
        self._waiting[id_] = None
        self._wake.set()

    def resumed(self, id_: str) -> None:
        """A recording goes on after this process, or the machine, had ended."""
        self._extra.append((EventType.RECORDING_RECOVERED, id_))
        self._wake.set()

    def removed(self, recording: Recording) -> None:
        """A recording is gone for good."""
        self._extra.append((EventType.RECORDING_REMOVED, recording))
        self._wake.set()

    async def run(self) -> None:
        """Tell what is due, for ever."""
        await self._look_back()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._tell_waiting()
            except (RedisError, OSError, sqlite3.Error) as exc:
                log.warning("recordings.not_told", error=type(exc).__name__)
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _look_back(self) -> None:
        cursor: str | None = None
        for _ in range(NEWEST // _PAGE):
            page = await self._catalogue.page(Query(limit=_PAGE, cursor=cursor))
            for recording in page.items:
                if any(True for _ in due_events(recording)):
                    self._changed(recording.id)
            cursor = page.cursor
            if cursor is None:
                return

    async def _tell_waiting(self) -> None:
        while self._extra:
            type_, what = self._extra[0]
            recording = await self._known(what) if isinstance(what, str) else what
            if recording is not None:
                await self._append(type_, recording, f":{self._clock()}")
            del self._extra[0]
        while self._waiting:
            id_ = next(iter(self._waiting))
            del self._waiting[id_]  # first: what changes meanwhile is looked at again
            try:
                await self._tell(id_)
            except BaseException:
                self._waiting[id_] = None
                raise

    async def _known(self, id_: str) -> Recording | None:
        try:
            return await self._catalogue.get(id_)
        except NotFound:
            return None

    async def _tell(self, id_: str) -> None:
        recording = await self._known(id_)
        if recording is None:
            return
        told = list(due_events(recording))
        for type_ in told:
            await self._append(type_, recording)
        if told:
            names = (type_.value for type_ in told)
            with suppress(NotFound):  # it was deleted meanwhile
                await self._catalogue.change(id_, told=(*recording.told, *names))

    async def _append(self, type_: EventType, recording: Recording, mark: str = "") -> None:
        data = event_data(recording, f"{self._root}/{recording.id}")
        if type_ is EventType.RECORDING_STARTED:
            data = {name: value for name, value in data.items() if "artifact" not in name}
        event_id = f"{type_.value}:{recording.id}{mark}"
        await self._events.append(event_id, type_, self._clock(), recording.url, data)
        log.info("recording.told", type=type_.value, id=recording.id)
