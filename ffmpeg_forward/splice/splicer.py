"""Many sources, one endless timeline: which source goes out, and when each of its frames does.

No clock and no input or output here: every call tells the time (ms of a clock that never jumps).
Paced, the timeline runs with that clock and never stops: what is due is sent, a source that has
nothing more gives way to the slate, and comes back with a key frame. Not paced, what comes is
passed on at once.
"""

from dataclasses import dataclass

from ...core.rtmp.chunk import Message
from .air import SLATE, Air, Pace
from .feed import Entry, Feed
from .media import MediaInfo, MediaMeter
from .slate import Slate

__all__ = ["SLATE", "Slate", "SourceFacts", "Splicer"]

KEEP_MS = 100
"""What a source that waits keeps beyond what a joint needs."""

CRISP_MS = 250
"""While another source is well, a key frame must not be older: the show stays at this moment."""

OLDEST_START_MS = 4_000
"""When nothing else can be shown, a key frame may be so old."""

LEAD_MS = 3_000
"""Not paced: the timeline is ahead of the clock by this at most when a source joins."""

ASLEEP_MS = 2_000
"""Nobody asked for so long: the machine was asleep or stopped, and the timeline stood still."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """``last_media_ms``: when media came, None before that. ``has_key``: it could go on the air,
    with its next key frame at the latest. ``lost``: nothing more comes, and nothing waits any more
    if it is on the air."""

    last_media_ms: int | None
    has_key: bool
    lost: bool
    meter: MediaMeter

    @property
    def info(self) -> MediaInfo:
        return self.meter.info()


class Splicer:
    """Feed it what comes, ask it what is ``due``; ``next_ms`` tells when to ask again.

    ``buffer_ms``: how long media waits so that a source that stutters does not. ``lost_after_ms``:
    for how long nothing may come from a source.
    """

    def __init__(
        self, *, buffer_ms: int = 300, lost_after_ms: int = 500, paced: bool = True
    ) -> None:
        self._pace = Pace(buffer_ms, lost_after_ms, paced)
        self._air = Air(self._pace)
        self.switches = 0
        self._slate_ms = 0
        self._dropped = self._repaired = 0
        self._feeds: dict[str, Feed] = {}
        self._files: set[str] = set()
        self._retired: set[str] = set()
        self._files_in_line: list[str] = []
        self._wanted: str | None = None
        self._asked: int | None = None
        self._told: str | None = None

    def configure(self, *, buffer_ms: int, lost_after_ms: int, paced: bool) -> None:
        """Change what was given at the beginning; it counts from now on."""
        pace = self._pace
        pace.buffer_ms, pace.lost_after_ms, pace.paced = buffer_ms, lost_after_ms, paced

    def reset(self) -> None:
        """Begin another timeline at 0; sources and slate stay."""
        slate = self._air.slate
        self._air.leave()
        self._dropped, self._repaired = self.dropped, self.repaired
        self._air = Air(self._pace)
        self._air.slate = slate
        self._asked = self._told = None

    # Sources.

    def add(self, source: str, *, live: bool = True) -> None:
        """Take media of ``source`` from now on. ``live`` False: a file, whose reader asks ``room``
        and waits; all of it is played, and the next one begins right behind it."""
        if not live:
            self._files.add(source)
        self._retired.discard(source)
        if source not in self._feeds:
            self._feeds[source] = Feed(source, live)

    def remove(self, source: str) -> None:
        """Forget a source, at once."""
        feed = self._feeds.pop(source, None)
        self._files.discard(source)
        self._retired.discard(source)
        if source in self._files_in_line:
            self._files_in_line.remove(source)
        shown = self._air.feed
        if shown is not None and shown.name == source:
            shown.ended = True
            shown.clear()
        if feed is not None:
            feed.clear()

    def retire(self, source: str) -> None:
        """Forget a source as soon as it is not on the air: what it has is played first."""
        if source in self._feeds:
            self._retired.add(source)

    def feed(self, source: str, message: Message, now_ms: int) -> None:
        """Take a message of a source; of one that was not added it is ignored."""
        feed = self._feeds.get(source)
        if feed is None:
            return
        if feed.ended:
            # It has come back: another connection, with headers and a clock of its own.
            feed = self._feeds[source] = Feed(source, source not in self._files)
        keep_ms = self._pace.buffer_ms + self._pace.lost_after_ms + KEEP_MS
        entry = feed.take(message, now_ms, keep_ms)
        if entry is not None and feed is self._air.feed and feed.live:
            self._air.note_margin(entry)

    def ended(self, source: str, now_ms: int) -> None:
        """Say that its connection was closed or its file has ended; ``feed`` begins another one."""
        feed = self._feeds.get(source)
        if feed is not None and not feed.ended:
            feed.ended = True
            if feed is not self._air.feed and feed.live:
                feed.clear()

    def set_slate(self, slate: Slate | None) -> None:
        """Change what is shown while no source is; it may be on the air."""
        self._air.slate = slate

    def want(self, source: str | None) -> None:
        """Say who should be on the air; None or ``slate``: the slate. Whoever is on the air stays
        until a key frame of the wanted one is due. Files are played in the order in which they were
        wanted, each to its end."""
        self._wanted = None if source == SLATE else source
        if source not in self._files:
            self._files_in_line.clear()
        elif source not in self._files_in_line:
            self._files_in_line.append(source)

    @property
    def on_air(self) -> str | None:
        """``slate``, a source, or None while nothing goes out."""
        return self._air.name

    @property
    def slate_ms(self) -> int:
        """For how long the slate was on the air."""
        return self._slate_ms

    @property
    def dropped(self) -> int:
        """Frames left out: too much, too late, or twice."""
        return self._dropped + self._air.dropped

    @property
    def repaired(self) -> int:
        """Frames whose timestamp had to be moved behind the one before."""
        return self._repaired + self._air.line.repaired

    def room(self, source: str) -> int:
        """Return how many ms of a file are wanted now; 0: its reader should wait."""
        feed = self._feeds.get(source)
        if feed is None:
            return 0
        others = [self._feeds[one] for one in self._files_in_line if one in self._feeds]
        before_ms = sum(one.span_ms() for one in others if one is not feed)
        return max(0, feed.room_ms() - before_ms)

    def state(self, source: str, now_ms: int) -> SourceFacts:
        """Return how a source is; one that was not added is lost."""
        feed = self._feeds.get(source)
        if feed is None:
            return SourceFacts(None, False, True, MediaMeter())
        if feed is self._air.feed:
            lost = self._air.is_lost(feed, now_ms)
            return SourceFacts(feed.last_ms, True, lost, feed.meter)
        quiet = feed.last_ms is None or (
            now_ms - feed.last_ms >= feed.patience_ms(self._pace.lost_after_ms)
        )
        lost = feed.ended or (quiet and feed.live)
        return SourceFacts(feed.last_ms, feed.is_able(now_ms), lost, feed.meter)

    # The timeline.

    def due(self, now_ms: int) -> list[Message]:
        """Return what goes out now: timestamps in ms from 0, beyond 32 bits after 49 days."""
        self._note_time(now_ms)
        for _ in range(8):
            before = self._air.stage()
            self._decide(now_ms)
            self._air.play(now_ms)
            if self._air.stage() == before:
                break
        self._air.slew(now_ms)
        if self.on_air != self._told:
            self.switches += self._told is not None
            self._told = self.on_air
        for source in [one for one in self._retired if self._is_over(one)]:
            self.remove(source)
        return self._air.line.take()

    def next_ms(self, now_ms: int) -> int | None:
        """Return when to ask ``due`` again; None: not before something was fed."""
        feed = self._air.feed
        times = self._start_times(now_ms)
        if not self._pace.paced:
            times += [now_ms] if feed is not None and (feed.ended or not feed.dry) else []
        elif self._air.zero is None:
            times += [now_ms] if self._air.slate is not None else []
        else:
            times += self._air.times()
        if not times:
            return None
        # Whatever is late waits for something else: asking at once would not help.
        least = now_ms + 1 if self._asked == now_ms else now_ms
        return max(least, min(times))

    def _start_times(self, now_ms: int) -> list[int]:
        target = self._target()
        if target is None:
            return []
        need_ms = self._need_ms(now_ms)
        entry = target.start(now_ms, need_ms, self._oldest_ms(now_ms))
        if entry is not None and not self._must_finish() and self._may_join(entry, now_ms):
            return [now_ms]
        at = target.next_start_ms(now_ms, need_ms)
        return [] if at is None else [at]

    def _note_time(self, now_ms: int) -> None:
        passed_ms = 0 if self._asked is None else now_ms - self._asked
        asleep = self._pace.paced and self.on_air is not None and passed_ms > ASLEEP_MS
        if asleep and self._air.zero is not None:
            self._air.zero += passed_ms
            passed_ms = 0
        if self.on_air == SLATE:
            self._slate_ms += max(0, passed_ms)
        self._asked = now_ms

    # Who is on the air.

    def _decide(self, now_ms: int) -> None:
        air = self._air
        feed = air.feed
        if feed is not None and feed.must_rejoin:
            feed.must_rejoin = False
            entry = feed.start(now_ms, 0, None)
            if entry is not None:
                air.join(feed, entry, now_ms)
        target = self._target()
        if target is not None and not self._must_finish():
            entry = target.start(now_ms, self._need_ms(now_ms), self._oldest_ms(now_ms))
            if entry is not None and self._may_join(entry, now_ms):
                air.join(target, entry, now_ms)
                return
        if feed is not None and (air.is_lost(feed, now_ms) or self._is_unwanted()):
            air.leave()
        if air.slate is None or not self._pace.paced:
            air.player = None
        elif self._is_slate_due(now_ms):
            air.show_slate(now_ms)

    def _is_slate_due(self, now_ms: int) -> bool:
        air = self._air
        if air.player is not None:
            return air.player.slate is not air.slate
        return air.feed is None or air.lacks_picture(now_ms)

    def _target(self) -> Feed | None:
        """Return who should be on the air and is not."""
        on_air = self._air.feed
        for source in self._files_in_line:
            feed = self._feeds.get(source)
            if feed is not None and feed is not on_air and not self._is_over(source):
                return feed
        target = self._feeds.get(self._wanted) if self._wanted is not None else None
        return None if target is on_air else target

    def _is_over(self, source: str) -> bool:
        """True when nobody wants more of a source, and a file has been played to its end."""
        feed = self._feeds.get(source)
        if source not in self._retired or feed is None or feed is self._air.feed:
            return False
        return feed.live or feed.was_on_air or (feed.ended and feed.start(0, 0, None) is None)

    def _must_finish(self) -> bool:
        """True while a source that has ended plays what it still has."""
        feed = self._air.feed
        return feed is not None and feed.ended and not feed.dry

    def _is_unwanted(self) -> bool:
        return self._wanted is None and not self._must_finish()

    def _need_ms(self, now_ms: int) -> int:
        """Return how much media a key frame must have behind it: what waits, and what is late."""
        pace, line = self._pace, self._air.line
        if not pace.paced:
            return 0
        behind_ms = self._air.now(now_ms) - line.follows() if line.begun else 0
        return pace.buffer_ms + min(max(0, behind_ms), pace.lost_after_ms)

    def _oldest_ms(self, now_ms: int) -> int | None:
        if not self._pace.paced:
            return None
        feed = self._air.feed
        if feed is None or self._air.is_lost(feed, now_ms):
            return OLDEST_START_MS
        return self._need_ms(now_ms) + CRISP_MS

    def _may_join(self, entry: Entry, now_ms: int) -> bool:
        """Not paced, a burst of old frames must not bring the timeline ahead again and again."""
        line = self._air.line
        if self._pace.paced or not line.begun:
            return True
        return line.follows(entry.cts_ms) - self._air.now(now_ms) <= LEAD_MS
