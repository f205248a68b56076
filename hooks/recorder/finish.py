"""What becomes of a recording that is over: MP4, pictures, manifest, a copy for others.

It can be played before any of this begins. Every step may be done again, so a kill costs time and
nothing else. What people sent, cut or imported may take hours and has a lane of its own.
"""

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol

from ...core.errors import Invalid, NotFound, StreamsteadError
from ...core.files import copy_durably
from ...core.log import get_logger
from ..library.catalogue import Catalogue
from ..library.recording import (
    MP4_FILE,
    POSTER_FILE,
    SPRITE_FILE,
    Kind,
    Mp4State,
    Recording,
    State,
    UploadState,
    directory_of,
)
from ..library.tus import NoRoom
from ..record_rules import RecordRules
from .child import MediaFailed
from .manifest import mp4_parts, write_manifest
from .mp4 import make_mp4
from .post_copy import open_copy_directory
from .probe import probe
from .segments import KeptSegment, read_segments
from .thumbs import make_poster, make_sprite

log = get_logger(__name__)

AGAIN_S = 20.0
"""What could not be done for want of disk, or of a bucket, is tried again so often."""

_LANES = ((Kind.LIVE,), (Kind.CLIP, Kind.UPLOAD, Kind.IMPORT))

Work = Literal["thumbnails", "mp4", "recording", "upload"]


class Allows(Protocol):
    """Tells whether the disk has room for a kind of work."""

    def allows(self, work: Work) -> bool: ...


Make = Callable[[Recording, Path], Awaitable[dict[str, Any]]]
"""Makes what was not recorded here; returns what changes in the recording."""


class Finisher:
    """``run`` is an endless loop: one recording at a time in each lane, so that live streams keep
    their processor. ``make`` and ``room`` (bytes that may be written to the disk now) may be set
    before it begins."""

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        rules: Callable[[], RecordRules],
        guard: Allows,
        done: Callable[[], None],
    ) -> None:
        """``done`` is called after each recording."""
        self._root = root
        self._catalogue = catalogue
        self._rules = rules
        self._guard = guard
        self._done = done
        self.make: Make | None = None
        self.room: Callable[[], int] | None = None
        self._wakes = [asyncio.Event() for _ in _LANES]
        self._not_before: dict[str, float] = {}
        catalogue.subscribe(lambda _: self._wake())

    def wake(self) -> None:
        """Look for work now, also for what was to be tried later."""
        self._not_before.clear()
        self._wake()

    def _wake(self) -> None:
        for event in self._wakes:
            event.set()

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as group:
            for kinds, wake in zip(_LANES, self._wakes, strict=True):
                group.create_task(self._lane(kinds, wake))

    async def _lane(self, kinds: tuple[Kind, ...], wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            wait_s: float | None = None
            try:
                for recording in await self._catalogue.work(state=State.FINISHING, kind=kinds):
                    if not await self._try_now(recording.id):
                        wait_s = AGAIN_S
            except sqlite3.Error as exc:
                log.error("finisher.no_catalogue", error=str(exc))
                await asyncio.sleep(1)
                wait_s = AGAIN_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await wake.wait()

    async def _try_now(self, id_: str) -> bool:
        """Finish one unless it was tried a moment ago; False when it must wait."""
        now = asyncio.get_running_loop().time()
        if self._not_before.get(id_, 0.0) > now:
            return False
        done = await self._try(id_)
        if done:
            self._not_before.pop(id_, None)
        else:
            # Its own changes wake the lanes: without this it would be tried all the time.
            self._not_before[id_] = asyncio.get_running_loop().time() + AGAIN_S
        return done

    async def _try(self, id_: str) -> bool:
        """Finish one; False when it must wait."""
        try:
            recording = await self._catalogue.get(id_)
            if recording.state is not State.FINISHING:
                return True
            return await self._finish(recording, directory_of(self._root, id_))
        except NotFound:
            return True
        except (OSError, sqlite3.Error) as exc:
            log.error("recording.not_finished", id=id_, error=str(exc))
            return False
        except StreamsteadError as exc:
            log.error("recording.not_finished", id=id_, error=exc.message)
            await self._say_why(id_, exc)
            return False

    async def _say_why(self, id_: str, why: StreamsteadError) -> None:
        with suppress(NotFound, OSError, sqlite3.Error):
            await self._catalogue.change(
                id_, problem=why.key, problem_text=why.message, problem_help=why.help
            )

    async def _finish(self, recording: Recording, directory: Path) -> bool:
        if recording.kind is not Kind.LIVE and self.make is not None:
            if recording.mp4 is Mp4State.WAITING and not self._guard.allows("mp4"):
                return False
            changes = await self.make(recording, directory)
            recording = await self._catalogue.change(recording.id, **changes)
            if recording.state is State.FAILED:
                self._done()
                return True
        segments = await asyncio.to_thread(_on_disk, directory)
        if not (segments or mp4_parts(directory) or recording.mp4 is Mp4State.FAILED):
            await self._fail(recording)
            return True
        if recording.mp4 in (Mp4State.WAITING, Mp4State.MAKING):
            if not self._guard.allows("mp4"):
                return False
            recording = await self._with_mp4(recording, directory, segments)
        recording = await self._with_pictures(recording, directory, segments)
        await asyncio.to_thread(write_manifest, directory, recording)
        await self._copy_out(recording, directory)
        changes = {"state": State.READY}
        if recording.upload is UploadState.VERIFIED:
            changes["upload"] = UploadState.WAITING  # it was made again: the bucket lags behind
        elif recording.kind is not Kind.LIVE and recording.upload is UploadState.NONE:
            changes |= self._home(recording)
        await self._catalogue.change(recording.id, **changes)
        log.info("recording.finished", id=recording.id, mp4=recording.mp4.value)
        self._done()
        return True

    def _home(self, recording: Recording) -> dict[str, Any]:
        """Say where something new goes: with its source, or where the house sends everything."""
        rules = self._rules()
        target = recording.target_id or (rules.default_target if rules.upload_all else "")
        if not target or recording.mp4 is not Mp4State.READY:
            return {}
        return {"target_id": target, "upload": UploadState.WAITING}

    async def _fail(self, recording: Recording) -> None:
        await self._catalogue.change(
            recording.id,
            state=State.FAILED,
            mp4=Mp4State.OFF,
            problem="recording_empty",
            problem_text="nothing usable of this recording is on the disk",
            problem_help="Delete it. If this happens again, look at the recorder's log.",
        )

    async def _with_mp4(
        self, recording: Recording, directory: Path, segments: list[KeptSegment]
    ) -> Recording:
        needed = sum(one.bytes for one in segments)
        if self.room is not None and await asyncio.to_thread(self.room) < needed:
            raise _no_room()
        await self._catalogue.change(recording.id, mp4=Mp4State.MAKING)
        try:
            made = await make_mp4(directory, segments)
        except MediaFailed as exc:
            if not self._guard.allows("mp4"):
                raise _no_room() from None
            log.error("mp4.failed", id=recording.id, error=exc.message)
            return await self._catalogue.change(
                recording.id,
                mp4=Mp4State.FAILED,
                problem=exc.key,
                problem_text=f"no MP4 could be made: {exc.message}",
                problem_help="The recording itself is whole and plays. Try again from its menu.",
            )
        facts = await probe(directory / MP4_FILE)
        sizes = sum(path.stat().st_size for path in made)
        changes: dict[str, Any] = {"mp4": Mp4State.READY, "mp4_bytes": sizes}
        if facts is not None:
            changes |= {
                "video_codec": facts.video_codec,
                "audio_codec": facts.audio_codec,
                "width": facts.width,
                "height": facts.height,
            }
        if recording.problem in ("media_failed", "media_timeout", "mp4_no_room"):
            changes |= {"problem": "", "problem_text": "", "problem_help": ""}
        return await self._catalogue.change(recording.id, **changes)

    async def _with_pictures(
        self, recording: Recording, directory: Path, segments: list[KeptSegment]
    ) -> Recording:
        """Pictures are no reason to hold anything up: without them it is finished all the same."""
        if not recording.width or not self._rules().thumbnails:
            return recording
        if not self._guard.allows("thumbnails"):
            return recording
        source = directory / MP4_FILE
        made: dict[str, bool] = {}
        try:
            if not recording.poster:
                if source.is_file():
                    await make_poster(source, recording.duration_ms, directory)
                elif segments:
                    one = segments[min(len(segments) - 1, len(segments) // 10 + 1)]
                    await make_poster(directory / one.name, one.ms, directory)
                made["poster"] = (directory / POSTER_FILE).is_file()
            if not recording.sprite and source.is_file():
                await make_sprite(source, recording.duration_ms, directory)
                made["sprite"] = (directory / SPRITE_FILE).is_file()
        except MediaFailed as exc:
            log.warning("pictures.failed", id=recording.id, error=exc.message)
        return await self._catalogue.change(recording.id, **made) if made else recording

    async def _copy_out(self, recording: Recording, directory: Path) -> None:
        """Copy the MP4 to where the operator wants it as well; it never stops a recording."""
        folder = self._rules().post_copy_dir
        source = directory / MP4_FILE
        if not folder or recording.kind is not Kind.LIVE or not source.is_file():
            return
        try:
            await asyncio.to_thread(_copy_into, folder, source, self._root.parent)
        except (OSError, Invalid) as exc:
            reason = exc.message if isinstance(exc, Invalid) else exc.strerror
            log.error("recording.not_copied", id=recording.id, error=reason)
            await self._catalogue.change(
                recording.id,
                problem="copy_failed",
                problem_text=f"the copy to {folder} failed: {reason}",
                problem_help="Look at that directory; then make the MP4 again from the menu.",
            )


def _no_room() -> NoRoom:
    return NoRoom(
        "the disk has no room for the MP4",
        "The recording is whole and plays. The MP4 is made when there is room.",
        key="mp4_no_room",
    )


def _on_disk(directory: Path) -> list[KeptSegment]:
    """Return the segments whose files are there; after one that is not the timeline breaks."""
    found: list[KeptSegment] = []
    missing = False
    for one in read_segments(directory):
        if not (directory / one.name).is_file():
            missing = True
            continue
        found.append(replace(one, discontinuity=True) if missing else one)
        missing = False
    return found


def _copy_into(folder: str, source: Path, data: Path) -> None:
    fd = open_copy_directory(folder, data)
    try:
        # By what was opened, whatever its name leads to by now.
        copy_durably(source, Path(f"/proc/self/fd/{fd}/{source.parent.name}.mp4"), 0o644)
    finally:
        os.close(fd)
