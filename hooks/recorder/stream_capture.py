"""One stream's way into recordings: what is taken, in which order, and where one recording ends.

Segments come from two sides: from the spool, as callbacks told of them, and from the media server's
playlist, for those whose callback was lost. Each is taken once.
"""

import asyncio
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import Invalid, NotFound
from ...core.log import get_logger
from ...core.registry import Session
from ..library.catalogue import Catalogue
from ..library.recording import EndReason, Kind, Mp4State, Recording, State, UploadState
from ..record_rules import RecordRules
from ..spool import run_tag
from .inbox import MAX_AT_ONCE, Spooled, spooled_segments
from .probe import MediaFacts, probe
from .sessions import WantedSessions
from .take import REMEMBERED, Arrived, Take
from .window import (
    SETTLED_S,
    STILL_S,
    UNFINISHED,
    Listed,
    begin_of,
    is_settled,
    left_behind,
    listed_segments,
    take_unfinished,
)

log = get_logger(__name__)

WINDOW_S = 4.0
"""Every recorded stream's playlist is compared so often, well within what it lists."""

LEAST_GRACE_S = SETTLED_S + 0.1
"""The last segment is told of after the publisher left, and if not, is found in the playlist."""

REST_S = STILL_S + 0.5
"""So long after its publisher left, a stream without a recording is looked at for what a killed
media server left behind."""

SAME_TIME_MS = 700
"""Segments of one publish session follow each other that closely."""


@dataclass(slots=True)
class House:
    """What all streams share. ``publishers``: who is live, by stream; None while nobody knows."""

    html: Path
    spool: Path
    record: Path
    catalogue: Catalogue
    rules: Callable[[], RecordRules]
    clock: Callable[[], int]
    begun_ms: int
    publishers: Mapping[str, Session] | None = None

    def publisher(self, url: str) -> Session | None:
        return None if self.publishers is None else self.publishers.get(url)

    def grace_s(self) -> float:
        """Return how long after its publisher left a recording is closed."""
        return max(float(self.rules().grace_s), LEAST_GRACE_S)


class StreamCapture:
    """One stream. Whoever calls ``sweep``, ``close`` or ``close_if_over`` holds ``lock``.

    ``gone_at``: loop time since when nobody publishes it; None while somebody does. ``behind``: the
    last sweep may have left segments in the spool.
    """

    def __init__(self, house: House, app: str, stream: str) -> None:
        self._house = house
        self.app = app
        self.stream = stream
        self.lock = asyncio.Lock()
        self.take: Take | None = None
        self.gone_at: float | None = None
        self.behind = False
        self._facts: MediaFacts | None = None
        self._wanted = False
        self._wanted_since_ms = 0
        self._looked_at = -1e9
        self._remembered = False
        self._seen: deque[int] = deque(maxlen=REMEMBERED)
        self._sessions = WantedSessions()

    @property
    def url(self) -> str:
        return f"{self.app}/{self.stream}"

    @property
    def awaits_rest(self) -> bool:
        """Tell whether a publish session may have left something behind that is still wanted."""
        return bool(self._sessions)

    def published(self, client_id: str, since_ms: int) -> None:
        """Note a publish session that is to be recorded from its beginning."""
        self._sessions.note(run_tag(client_id), since_ms)

    def due_at(self) -> float | None:
        """Return the loop time at which something ends that nobody tells of; None for never."""
        if self.gone_at is None or (self.take is None and not self.awaits_rest):
            return None
        return self.gone_at + (REST_S if self.take is None else self._house.grace_s())

    async def resume(self, take: Take) -> None:
        """Go on with a recording whose books were just read."""
        self.take = take
        self._remembered = True
        self._seen.extend(take.sources())
        self._facts = await self._facts_of(take)
        if take.last is not None:
            away_s = max(0.0, (self._house.clock() - take.last.at_ms) / 1000)
            self.gone_at = asyncio.get_running_loop().time() - min(away_s, self._house.grace_s())

    async def sweep(self) -> None:
        """Take what has arrived, and what the playlist has beyond that."""
        self.behind = False
        if not self._remembered:
            await self._remember()
        self._note_wish()
        await self._give_up_if_gone()
        waiting = await asyncio.to_thread(
            spooled_segments, self._house.spool, self.app, self.stream, MAX_AT_ONCE
        )
        for spooled in waiting:
            await self._take(spooled)
        if len(waiting) == MAX_AT_ONCE:
            self.behind = True
            return  # what the playlist has comes after all that waits
        loop_now = asyncio.get_running_loop().time()
        fresh = loop_now - self._looked_at < WINDOW_S and self.gone_at is None
        if fresh or not self._wanted:
            return
        self._looked_at = loop_now
        listed = await asyncio.to_thread(listed_segments, self._house.html, self.app, self.stream)
        for one in self._missing(listed):
            if not await asyncio.to_thread(is_settled, one.path):
                break  # its callback is on the way, and knows more
            arrived = self._arrived(one)
            await self._salvage_before(arrived)
            await self._add(arrived)

    def _note_wish(self) -> None:
        wanted = self._house.rules().decide(self.url, self._house.clock()).record
        if wanted and not self._wanted:
            self._wanted_since_ms = self._house.clock()
        self._wanted = wanted
        session = self._house.publisher(self.url)
        if not wanted:
            self._sessions.clear()
        elif session is not None:
            self._sessions.note(run_tag(session.client_id), self._first_wanted())

    def _missing(self, listed: Sequence[Listed], before: int | None = None) -> list[Listed]:
        """Return what the playlist has after the newest segment that is known, and before one that
        has just arrived (``before``, its source)."""
        sources = [one.source for one in listed]
        end = sources.index(before) if before in sources else len(sources)
        if before is not None and end == len(sources):
            return []
        known = [n for n, source in enumerate(sources[:end]) if source in self._seen]
        if known:
            some = listed[known[-1] + 1 : end]
        else:
            # Nothing of it is known: only what is younger than the wish to record it.
            first = self._first_wanted()
            if before is not None and self._whole_session_wanted():
                # Its session may be so new that who publishes has not been asked since.
                first = min(first, begin_of(listed[:end], before, SAME_TIME_MS))
            some = [one for one in listed[:end] if one.source >= first]
        return [one for one in some if one.ms > 0]

    def _first_wanted(self) -> int:
        if not self._whole_session_wanted():
            return self._wanted_since_ms
        session = self._house.publisher(self.url)
        return session.since_ms if session is not None else self._house.clock()

    def _whole_session_wanted(self) -> bool:
        why = self._house.rules().decide(self.url, self._house.clock()).why
        return why in ("all", "glob", "dvr", "vod", "stream")

    def _arrived(self, one: Listed, run: str = "") -> Arrived:
        run = run or self._run_of(one)
        return Arrived(one.path, False, one.source, one.seq, one.ms, run, one.source + one.ms)

    def _run_of(self, one: Listed) -> str:
        session = self._house.publisher(self.url)
        last = self.take.last if self.take is not None else None
        if last is not None and abs(one.source - last.source - last.ms) <= SAME_TIME_MS:
            return last.run
        if session is not None and one.source >= session.since_ms - SAME_TIME_MS:
            return run_tag(session.client_id)
        return last.run if last is not None else "unknown"

    async def _take(self, spooled: Spooled) -> None:
        arrived = spooled.arrived
        if arrived.source not in self._seen:
            await self._fill_gap(arrived)
        await self._add(arrived)

    async def _fill_gap(self, arrived: Arrived) -> None:
        """Take what should have come before this one, as far as it is still there."""
        last = self.take.last if self.take is not None else None
        if last is not None and last.run == arrived.run and arrived.seq == last.seq + 1:
            return
        listed = await asyncio.to_thread(listed_segments, self._house.html, self.app, self.stream)
        run = last.run if last is not None else arrived.run
        end_ms = last.source + last.ms if last is not None else 0
        for one in self._missing(listed, arrived.source):
            if last is not None and one.source - end_ms > SAME_TIME_MS:
                run = arrived.run
            missed = self._arrived(one, run)
            await self._salvage_before(missed)
            await self._add(missed)
            end_ms = one.source + one.ms
        await self._salvage_before(arrived)

    async def _salvage_before(self, arrived: Arrived) -> None:
        last = self.take.last if self.take is not None else None
        if last is None or last.run != arrived.run:
            await self._salvage(arrived)

    async def _salvage(self, before: Arrived | None = None) -> None:
        """Take the segments that a killed media server had begun and told nobody of.

        ``before``: what has arrived of a later publish session.
        """
        last = self.take.last if self.take is not None else None
        if last is not None:
            after = last.source
        elif self._sessions:
            after = max(self._sessions.first_ms() - 1, self._seen[-1] if self._seen else 0)
        else:
            return
        found = await asyncio.to_thread(
            left_behind,
            self._house.html,
            self.app,
            self.stream,
            after,
            before.source if before is not None else None,
        )
        listed = await asyncio.to_thread(listed_segments, self._house.html, self.app, self.stream)
        told = {one.source for one in listed}
        for one in found:
            if one.source in self._seen or one.source in told:
                continue
            if before is not None and one.source >= before.source:
                break
            last = self.take.last if self.take is not None else None
            run = self._sessions.at(one.source) or (last.run if last is not None else "unknown")
            if before is not None and run == before.run:
                break  # of the same session: what came before it is told of by others
            path, moved = one.path, one.path.suffix == UNFINISHED
            if moved:
                folder = self._house.spool / self.app / self.stream
                try:
                    path = await asyncio.to_thread(take_unfinished, path, folder)
                except FileNotFoundError:
                    continue  # it was finished at last
            facts = await probe(path)
            if facts is not None and facts.duration_ms > 0:
                log.warning("segment.salvaged", stream=self.url, ms=facts.duration_ms)
                seq = last.seq + 1 if last is not None and last.run == run else 0
                whole = Listed(path, one.source, seq, facts.duration_ms)
                await self._add(replace(self._arrived(whole, run), moved=moved))
            elif moved:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _add(self, arrived: Arrived) -> None:
        """Put one segment into the stream's recording, which is begun or split when due."""
        take = self.take
        unwanted = take is None and not self._is_wanted(arrived)
        if unwanted or arrived.source in self._seen:
            if arrived.moved:
                await asyncio.to_thread(arrived.path.unlink, missing_ok=True)
            return
        if take is None or take.last is None or take.last.run != arrived.run:
            facts = await probe(arrived.path)
        else:
            facts = self._facts
        reason = self._split_reason(arrived, facts)
        if reason is not None:
            await self.close(reason)
        self._facts = facts or self._facts
        if self.take is None:
            await self._begin(arrived)
        assert self.take is not None
        try:
            await asyncio.to_thread(self.take.add, arrived)
        except Invalid as exc:
            log.error("segment.refused", stream=self.url, reason=exc.key)
            self._seen.append(arrived.source)
            return
        self._seen.append(arrived.source)
        await self._house.catalogue.progress(
            self.take.id,
            duration_ms=self.take.ms,
            size_bytes=self.take.bytes,
            segments=self.take.count,
        )

    def _is_wanted(self, arrived: Arrived) -> bool:
        """Tell whether to begin with this segment; it may have waited since a time when it was."""
        if arrived.moved and arrived.at_ms < self._house.begun_ms:
            return True  # somebody wanted it then, or it would not have been kept
        rules = self._house.rules()
        return any(
            rules.decide(self.url, at_ms).record for at_ms in (self._house.clock(), arrived.at_ms)
        )

    def _split_reason(self, arrived: Arrived, facts: MediaFacts | None) -> EndReason | None:
        take, rules = self.take, self._house.rules()
        if take is None or take.last is None:
            return None
        if rules.max_length_s and take.ms + arrived.ms > rules.max_length_s * 1000:
            return EndReason.LENGTH
        if rules.max_size_mb and take.bytes >= rules.max_size_mb * 1_000_000:
            return EndReason.SIZE
        if take.last.run == arrived.run:
            return None
        if rules.grace_s == 0:
            return EndReason.UNPUBLISHED
        away_ms = arrived.at_ms - arrived.ms - take.last.at_ms
        if arrived.at_ms < self._house.begun_ms and away_ms > rules.grace_s * 1000:
            # It waited in the spool while nobody was here to see the end of the one before.
            return EndReason.UNPUBLISHED
        if rules.on_codec_change == "split" and facts is not None and self._facts is not None:
            return EndReason.CODEC if facts.shape != self._facts.shape else None
        return None

    async def _begin(self, arrived: Arrived) -> None:
        decision = self._house.rules().decide(self.url, self._house.clock())
        facts = self._facts or MediaFacts()
        recording = Recording(
            id=str(uuid.uuid4()),
            kind=Kind.LIVE,
            state=State.RECORDING,
            app=self.app,
            stream=self.stream,
            started_ms=arrived.at_ms - arrived.ms,
            playlist=True,
            video_codec=facts.video_codec,
            audio_codec=facts.audio_codec,
            width=facts.width,
            height=facts.height,
            wants=self._wants(decision.why),
            target_id=decision.target_id,
            upload=UploadState.WAITING if decision.target_id else UploadState.NONE,
            upload_what=self._house.rules().upload_what,
        )
        take = Take(self._house.record, recording.id)
        await asyncio.to_thread(take.directory.mkdir, 0o750)
        try:
            await self._house.catalogue.add(recording)
        except (OSError, sqlite3.Error):
            # It is tried again with another id, as long as the disk is full.
            await asyncio.to_thread(take.remove_if_empty)
            raise
        self.take = take
        log.info("recording.started", stream=self.url, id=recording.id)

    def _wants(self, why: str) -> tuple[str, ...]:
        rules = self._house.rules()
        asked = {"dvr": rules.dvr_all, "vod": rules.vod_all}
        asked = {"record": rules.record_all or why not in asked} | asked
        return tuple(kind for kind, wanted in asked.items() if wanted)

    async def close_if_over(self) -> None:
        """Close the recording when its time is over, or nobody wants it any more; not before all
        that waits for it was taken."""
        if self.behind:
            return
        due_at = self.due_at() if self._house.publishers is not None else None
        if due_at is not None and asyncio.get_running_loop().time() >= due_at:
            closes = self.take is not None
            await self._salvage()
            self._sessions.clear()
            if closes:
                await self.close(EndReason.UNPUBLISHED)
            return
        decision = self._house.rules().decide(self.url, self._house.clock())
        if self.take is not None and not decision.record:
            reason = {"off": EndReason.RULES, "schedule": EndReason.SCHEDULE}
            manual = EndReason.DISK if decision.why == "disk" else EndReason.OPERATOR
            await self.close(reason.get(decision.why, manual))

    async def close(self, reason: EndReason) -> None:
        """Make the recording one that is over. It can be played when this returns."""
        take = self.take
        assert take is not None
        await asyncio.to_thread(take.finish)
        if take.count == 0:
            await self._house.catalogue.forget(take.id)
            await asyncio.to_thread(take.remove_if_empty)
            self.take = None
            return
        assert take.last is not None
        recording = await self._house.catalogue.get(take.id)
        wants_mp4 = self._house.rules().mp4 or "vod" in recording.wants
        await self._house.catalogue.change(
            take.id,
            state=State.FINISHING,
            started_ms=take.first_at_ms,
            ended_ms=take.last.at_ms,
            duration_ms=take.ms,
            size_bytes=take.bytes,
            segments=take.count,
            holes=tuple(take.holes),
            end_reason=reason,
            mp4=Mp4State.WAITING if wants_mp4 else Mp4State.OFF,
        )
        self.take = None
        log.info(
            "recording.closed",
            stream=self.url,
            id=take.id,
            reason=reason.value,
            seconds=round(take.ms / 1000),
            holes=len(take.holes),
        )

    async def _give_up_if_gone(self) -> None:
        """Somebody may have deleted the directory: what comes now begins another recording."""
        take = self.take
        if take is None or await asyncio.to_thread(take.directory.is_dir):
            return
        log.error("recording.lost", stream=self.url, id=take.id)
        await asyncio.to_thread(take.directory.mkdir, 0o750)  # for the word of what became of it
        with suppress(NotFound):
            await self._house.catalogue.change(
                take.id,
                state=State.FAILED,
                playlist=False,
                problem="recording_directory_lost",
                problem_text="the directory of this recording was deleted while it was under way",
                problem_help="Look at the disk; remove the recording when it is gone for good.",
            )
        self.take = None

    async def _remember(self) -> None:
        """Know the newest segments of the stream's last recording: none is taken twice."""
        latest = await self._house.catalogue.latest_of(self.app, self.stream)
        if latest is not None:
            take = Take(self._house.record, latest.id)
            self._seen.extend(await asyncio.to_thread(take.sources))
        self._remembered = True

    async def _facts_of(self, take: Take) -> MediaFacts | None:
        if take.last is None:
            return None
        return await probe(take.directory / take.last.name)
