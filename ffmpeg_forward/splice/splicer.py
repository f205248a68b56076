"""Many sources, one endless timeline: which source goes out, and when each of its frames does.

No clock and no input or output here: every call tells the time (ms of a clock that never jumps).
Paced, the timeline runs with that clock and never stops: what is due is sent, a source that has
nothing more gives way to the slate, and comes back with a key frame. Not paced, what comes is
passed on at once.
"""

from dataclasses import dataclass, replace

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from .feed import Entry, Feed
from .media import MediaInfo
from .slate import Slate, SlatePlayer
from .timeline import DEFAULT_AUDIO_HEADERS, Timeline

__all__ = ["SLATE", "Slate", "SourceFacts", "Splicer"]

SLATE = "slate"
KEEP_MS = 100
"""What a source that waits keeps beyond what a joint needs."""

CRISP_MS = 250
"""While another source is well, a key frame must not be older: the show stays at this moment."""

OLDEST_START_MS = 4_000
"""When nothing else can be shown, a key frame may be so old."""

BACK_FILL_MS = 5_000
"""The slate begins where the source ended, unless that is longer ago."""

LATE_MS = 1_500
"""A live source whose pictures come later than this is lost, and begins anew at this moment."""

LEAD_MS = 3_000
"""Not paced: the timeline is ahead of the clock by this at most when a source joins."""

ASLEEP_MS = 2_000
"""Nobody asked for so long: the machine was asleep or stopped, and the timeline stood still."""

GAP_MS = 60
"""Sound that is missing for so long is filled in with silence."""

_SLEW_EACH_MS = 5_000
_SLEW_MS = 5


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """``last_media_ms``: when media came, None before that. ``has_key``: it could go on the air.
    ``lost``: nothing more comes, and nothing waits any more if it is on the air."""

    last_media_ms: int | None
    has_key: bool
    lost: bool
    info: MediaInfo


class Splicer:
    """Feed it what comes, ask it what is ``due``; ``next_ms`` tells when to ask again.

    ``buffer_ms``: how long media waits so that a source that stutters does not. ``lost_after_ms``:
    for how long nothing may come from a source.
    """

    def __init__(
        self, *, buffer_ms: int = 300, lost_after_ms: int = 500, paced: bool = True
    ) -> None:
        self.configure(buffer_ms=buffer_ms, lost_after_ms=lost_after_ms, paced=paced)
        self.switches = 0
        self._slate_ms = 0
        self._dropped = self._repaired = 0
        self._feeds: dict[str, Feed] = {}
        self._files: set[str] = set()
        self._retired: set[str] = set()
        self._slate: Slate | None = None
        self._wanted: str | None = None
        self._air: Feed | None = None
        self._player: SlatePlayer | None = None
        self.reset()

    def configure(self, *, buffer_ms: int, lost_after_ms: int, paced: bool) -> None:
        """Change what was given at the beginning; it counts from now on."""
        self._buffer_ms, self._lost_after_ms, self._paced = buffer_ms, lost_after_ms, paced
        self._keep_ms = buffer_ms + lost_after_ms + KEEP_MS

    def reset(self) -> None:
        """Begin another timeline at 0; sources and slate stay."""
        self._leave()
        self._player = None
        self._line = Timeline()
        self._offset = 0
        self._zero: int | None = None
        self._asked: int | None = None
        self._leading = -1
        self._joined_ms = 0
        self._file_ran_dry = False
        self._margin: int | None = None
        self._slewed_ms = 0
        self._told: str | None = None

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
        if self._air is not None and self._air.name == source:
            self._air.ended = True
            self._air.clear()
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
        entry = feed.take(message, now_ms, self._keep_ms)
        if entry is not None and feed is self._air and feed.live and self._zero is not None:
            margin = entry.at + self._offset - (now_ms - self._zero)
            self._margin = margin if self._margin is None else min(self._margin, margin)

    def ended(self, source: str, now_ms: int) -> None:
        """Say that its connection was closed or its file has ended; ``feed`` begins another one."""
        feed = self._feeds.get(source)
        if feed is not None and not feed.ended:
            feed.ended = True
            if feed is not self._air and feed.live:
                feed.clear()

    def set_slate(self, slate: Slate | None) -> None:
        """Change what is shown while no source is; it may be on the air."""
        self._slate = slate

    def want(self, source: str | None) -> None:
        """Say who should be on the air; None or ``slate``: the slate. Whoever is on the air stays
        until a key frame of the wanted one is due."""
        self._wanted = None if source == SLATE else source

    @property
    def on_air(self) -> str | None:
        """``slate``, a source, or None while nothing goes out."""
        if self._air is not None:
            return self._air.name
        return SLATE if self._player is not None else None

    @property
    def slate_ms(self) -> int:
        """For how long the slate was on the air."""
        return self._slate_ms

    @property
    def dropped(self) -> int:
        """Frames left out: too much, too late, or twice."""
        return self._dropped + self._line.dropped + (self._air.dropped if self._air else 0)

    @property
    def repaired(self) -> int:
        """Frames whose timestamp had to be moved behind the one before."""
        return self._repaired + self._line.repaired

    def room(self, source: str) -> int:
        """Return how many ms of a file are wanted now; 0: its reader should wait."""
        feed = self._feeds.get(source)
        return feed.room_ms() if feed is not None else 0

    def state(self, source: str, now_ms: int) -> SourceFacts:
        """Return how a source is; one that was not added is lost."""
        feed = self._feeds.get(source)
        if feed is None:
            return SourceFacts(None, False, True, MediaInfo())
        if feed is self._air:
            return SourceFacts(feed.last_ms, True, self._is_lost(feed, now_ms), feed.meter.info())
        quiet = feed.last_ms is None or (
            now_ms - feed.last_ms >= feed.patience_ms(self._lost_after_ms)
        )
        lost = feed.ended or (quiet and feed.live)
        return SourceFacts(feed.last_ms, feed.has_start(now_ms), lost, feed.meter.info())

    # The timeline.

    def due(self, now_ms: int) -> list[Message]:
        """Return what goes out now: timestamps in ms from 0, beyond 32 bits after 49 days."""
        self._note_time(now_ms)
        for _ in range(8):
            before = self._stage()
            self._decide(now_ms)
            if self._paced:
                self._play(now_ms)
            else:
                self._pass_on()
            if self._stage() == before:
                break
        self._slew(now_ms)
        if self.on_air != self._told:
            self.switches += self._told is not None
            self._told = self.on_air
        for source in [one for one in self._retired if one != self.on_air]:
            self.remove(source)
        return self._line.take()

    def _stage(self) -> tuple[Feed | None, SlatePlayer | None, bool]:
        return self._air, self._player, self._air is not None and self._air.dry

    def next_ms(self, now_ms: int) -> int | None:
        """Return when to ask ``due`` again; None: not before something was fed."""
        if not self._paced:
            waits = self._air is not None and not self._air.dry
            times = [now_ms] if waits else [*self._start_times(now_ms)]
        elif self._zero is None:
            times = [now_ms] if self._slate else [*self._start_times(now_ms)]
        else:
            times = [*self._times(now_ms), *self._start_times(now_ms)]
        if not times:
            return None
        # Whatever is late waits for something else: asking at once would not help.
        least = now_ms + 1 if self._asked == now_ms else now_ms
        return max(least, min(times))

    def _times(self, now_ms: int) -> list[int]:
        times = []
        zero = self._zero or 0
        feed = self._air
        if self._player is not None:
            times.append(zero + self._player.head()[0])
        if feed is not None:
            heads = [queue[0].at for queue in (feed.video, feed.audio, feed.data) if queue]
            times += [zero + self._offset + at for at in heads]
            if feed.dry:
                lost_ms = self._lost_at_ms(feed)
                times += [] if lost_ms is None else [lost_ms]
            elif not feed.video and self._slate is not None and self._player is None:
                last_ms = max(feed.last_video_ms or 0, self._joined_ms)
                times.append(last_ms + feed.patience_ms(self._lost_after_ms))
        return times

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
        asleep = self._paced and self.on_air is not None and passed_ms > ASLEEP_MS
        if asleep and self._zero is not None:
            self._zero += passed_ms
            passed_ms = 0
        if self.on_air == SLATE:
            self._slate_ms += max(0, passed_ms)
        self._asked = now_ms

    def _slew(self, now_ms: int) -> None:
        """Follow a source whose clock is not ours, so slowly that nobody sees or hears it."""
        if now_ms - self._slewed_ms < _SLEW_EACH_MS:
            return
        self._slewed_ms = now_ms
        if self._margin is not None:
            if self._margin > self._buffer_ms + 100:
                self._offset -= _SLEW_MS
            elif self._margin < 0:
                self._offset += _SLEW_MS
        self._margin = None

    # Who is on the air.

    def _decide(self, now_ms: int) -> None:
        feed = self._air
        if feed is not None and feed.must_rejoin:
            feed.must_rejoin = False
            entry = feed.start(now_ms, 0, None)
            if entry is not None:
                self._join(feed, entry, now_ms)
        target = self._target()
        if target is not None and not self._must_finish():
            entry = target.start(now_ms, self._need_ms(now_ms), self._oldest_ms(now_ms))
            if entry is not None and self._may_join(entry, now_ms):
                self._join(target, entry, now_ms)
                return
        if feed is not None and (self._is_lost(feed, now_ms) or self._is_unwanted()):
            self._leave()
        if self._slate is None or not self._paced:
            self._player = None
        elif self._player is not None and self._player.slate is not self._slate:
            self._show_slate(now_ms)
        elif self._player is None and (self._air is None or self._lacks_picture(now_ms)):
            if self._air is not None:
                self._air.cut_to_key()
            self._show_slate(now_ms)

    def _target(self) -> Feed | None:
        target = self._feeds.get(self._wanted) if self._wanted is not None else None
        return None if target is self._air else target

    def _must_finish(self) -> bool:
        """True while a source that has ended plays what it still has."""
        return self._air is not None and self._air.ended and not self._air.dry

    def _is_unwanted(self) -> bool:
        return self._wanted is None and not self._must_finish()

    def _need_ms(self, now_ms: int) -> int:
        """Return how much media a key frame must have behind it: what waits, and what is late."""
        if not self._paced:
            return 0
        behind_ms = self._now(now_ms) - self._line.follows() if self._line.begun else 0
        return self._buffer_ms + min(max(0, behind_ms), self._lost_after_ms)

    def _oldest_ms(self, now_ms: int) -> int | None:
        if not self._paced:
            return None
        if self._air is None or self._is_lost(self._air, now_ms):
            return OLDEST_START_MS
        return self._need_ms(now_ms) + CRISP_MS

    def _may_join(self, entry: Entry, now_ms: int) -> bool:
        """Not paced, a burst of old frames must not bring the timeline ahead again and again."""
        if self._paced or not self._line.begun:
            return True
        return self._line.follows(entry.cts_ms) - self._now(now_ms) <= LEAD_MS

    def _is_lost(self, feed: Feed, now_ms: int) -> bool:
        if not feed.dry:
            return self._is_late(feed)
        if feed.ended:
            return True
        lost_ms = self._lost_at_ms(feed)
        return lost_ms is not None and now_ms >= lost_ms

    def _lost_at_ms(self, feed: Feed) -> int | None:
        """Return when a source that has run dry is lost; None: it is waited for."""
        if not self._paced or (not feed.live and self._slate is None):
            return None
        last_ms = max(self._joined_ms, feed.queued_ms or 0)
        return last_ms + feed.patience_ms(self._lost_after_ms)

    def _is_late(self, feed: Feed) -> bool:
        if not self._paced or not feed.live or not feed.video:
            return False
        head = feed.video[0]
        return self._now(head.came_ms) - (head.at + self._offset) > LATE_MS

    def _now(self, now_ms: int) -> int:
        """Return what the timeline has come to."""
        return now_ms - self._zero if self._zero is not None else 0

    def _join(self, feed: Feed, entry: Entry, now_ms: int) -> None:
        if self._zero is None:
            self._zero = now_ms
        at = self._line.follows(entry.cts_ms)
        behind_ms = self._now(now_ms) - at
        if behind_ms > 0 and self._line.begun:
            if not feed.live and self._slate is None:
                self._zero += behind_ms
            elif not self._paced or behind_ms > self._lost_after_ms:
                at += behind_ms
        if self._air is not None and self._air is not feed:
            self._play_sound_until(at)
            self._leave()
        feed.cut(entry)
        self._line.audio.resend = True
        sound_alone = entry.message.kind == AUDIO
        if sound_alone and self._player is not None:
            self._player.with_sound = False
        elif sound_alone and self._slate is not None and self._paced:
            self._player = SlatePlayer(self._slate, at, with_sound=False)
            self._line.video.resend = True
        else:
            self._player = None
            self._line.video.resend = True
        self._air, feed.on_air = feed, True
        self._offset = at - entry.at
        self._leading = -1 if sound_alone else entry.at + entry.cts_ms
        self._joined_ms, self._slewed_ms, self._margin = now_ms, now_ms, None
        self._file_ran_dry = False

    def _leave(self) -> None:
        if self._air is not None:
            self._dropped += self._air.dropped
            self._air.dropped = 0
            self._air.leave()
        self._air = None
        if self._player is not None:
            self._player.with_sound = True
            self._line.audio.resend = True

    def _show_slate(self, now_ms: int) -> None:
        assert self._slate is not None
        if self._zero is None:
            self._zero = now_ms
        at = self._line.follows()
        if self._now(now_ms) - at > BACK_FILL_MS:
            at = self._now(now_ms)
        self._player = SlatePlayer(self._slate, at, with_sound=self._air is None)
        self._line.joint()

    def _lacks_picture(self, now_ms: int) -> bool:
        """True when the source on the air has sound, but no picture for too long."""
        feed = self._air
        if feed is None or feed.dry:
            return False
        patience_ms = feed.patience_ms(self._lost_after_ms)
        if feed.video:
            now = self._now(now_ms)
            is_ahead = feed.video[0].at + self._offset > now
            return is_ahead and now - max(0, self._line.video.last) >= patience_ms
        last_ms = max(feed.last_video_ms or 0, self._joined_ms)
        return feed.is_sound_alone(now_ms) or now_ms - last_ms >= patience_ms

    # What goes out.

    def _play(self, now_ms: int) -> None:
        now = self._now(now_ms)
        feed = self._air
        if feed is not None and self._file_ran_dry and not feed.dry:
            # A file does not go on without us: the timeline waited for it.
            late = now - min(queue[0].at for queue in (feed.video, feed.audio) if queue)
            late -= self._offset
            if late > 0 and self._zero is not None:
                self._zero += late
                now -= late
            self._file_ran_dry = False
        while self._play_one(now):
            self._fill_silence()
        if feed is not None and not feed.live and feed.dry and not feed.ended:
            self._file_ran_dry = self._slate is None

    def _play_one(self, now: int) -> bool:
        """Send what is due first; False when nothing is."""
        feed, player = self._air, self._player
        queue, at = None, now + 1
        if feed is not None:
            for one in (feed.video, feed.audio, feed.data):
                if one and one[0].at + self._offset < at:
                    queue, at = one, one[0].at + self._offset
        if player is not None and player.head()[0] <= min(now, at):
            self._play_slate(player)
            return True
        if feed is None or queue is None:
            return feed is not None and player is None and self._leap(feed, now)
        self._send(feed, feed.pop(queue), at)
        return True

    def _play_slate(self, player: SlatePlayer) -> None:
        at, message = player.head()
        player.pop()
        if message.kind == AUDIO:
            self._sound(message, at, player.slate.audio_headers)
            return
        if self._line.video.resend:
            self._describe(None)
        self._line.picture(message, at, player.slate.video_headers, 0)

    def _send(self, feed: Feed, entry: Entry, at: int) -> None:
        line = self._line
        if entry.message.kind == AUDIO:
            self._sound(entry.message, at, entry.headers)
        elif entry.message.kind == VIDEO:
            self._send_picture(feed, entry, at)
        elif not self._paced or entry.message is not feed.metadata:
            line.data(entry.message, at)

    def _sound(self, message: Message, at: int, headers: tuple[Message, ...]) -> None:
        line = self._line
        if self._paced and line.begun and at > line.audio.end + GAP_MS:
            line.fill_silence(self._silent_headers(), at)
        line.sound(message, at, headers)

    def _send_picture(self, feed: Feed, entry: Entry, at: int) -> None:
        line = self._line
        if entry.key:
            if self._leading < entry.at + entry.cts_ms:
                self._leading = -1
            if self._player is not None:
                # Its picture is back.
                self._player = None
                self._leading = entry.at + entry.cts_ms
                line.video.resend = True
            if line.video.resend:
                self._describe(feed)
        elif entry.at + entry.cts_ms < self._leading:
            # It is shown before the key frame that it was sent after, and needs what came before.
            self._dropped += 1
            return
        line.picture(entry.message, at, entry.headers, entry.cts_ms)

    def _describe(self, feed: Feed | None) -> None:
        """Tell what is like what follows; ``feed`` None: the slate's picture."""
        own = feed or self._air
        info = own.meter.info() if own is not None else MediaInfo()
        if not self._paced:
            if own is not None and own.metadata is not None:
                self._line.data(own.metadata, max(0, self._line.video.last))
            return
        params = self._player.slate.params if self._player is not None else None
        if feed is None and params is not None:
            info = replace(
                info,
                video_codec=params.video_codec,
                width=params.width,
                height=params.height,
                fps=params.fps,
            )
        if not info.audio_codec:
            rate, channels = (
                (params.audio_rate, params.audio_channels) if params is not None else (44100, 2)
            )
            info = replace(info, audio_codec="aac", audio_rate=rate, audio_channels=channels)
        self._line.describe(info)

    def _play_sound_until(self, at: int) -> None:
        """Send the sound that the old source has up to the joint; its pictures end here."""
        feed = self._air
        assert feed is not None
        while self._paced and feed.audio and feed.audio[0].at + self._offset < at:
            entry = feed.pop(feed.audio)
            self._send(feed, entry, entry.at + self._offset)

    def _leap(self, feed: Feed, now: int) -> bool:
        """Skip a hole that is in the source's timestamps alone: its media is here already."""
        heads = [queue[0].at for queue in (feed.video, feed.audio) if queue]
        if not heads or not self._line.begun:
            return False
        last = max(self._line.video.last, self._line.audio.last)
        hole_ms = min(heads) + self._offset - last
        if hole_ms <= feed.patience_ms(self._lost_after_ms):
            return False
        self._offset -= hole_ms - round(self._line.video.step_ms)
        return min(heads) + self._offset <= now

    def _pass_on(self) -> None:
        feed = self._air
        while feed is not None:
            queues = [queue for queue in (feed.video, feed.audio, feed.data) if queue]
            if not queues:
                break
            # As it came, but a joint begins with its key frame.
            first = min(queues, key=lambda queue: queue[0].order)
            entry = feed.pop(feed.video if self._line.video.resend and feed.video else first)
            self._send(feed, entry, entry.at + self._offset)

    def _fill_silence(self) -> None:
        """Keep sound up with the picture where none is to come."""
        line = self._line
        until: float = line.video.last
        if until - line.audio.end <= GAP_MS:
            return
        feed = self._air
        if feed is not None:
            if feed.audio:
                until = min(until, feed.audio[0].at + self._offset)
            elif feed.audio_headers and not feed.ended:
                last_ms = max(self._joined_ms, feed.last_audio_ms or 0)
                if (self._asked or 0) - last_ms < self._lost_after_ms:
                    return
        line.fill_silence(self._silent_headers(), until)

    def _silent_headers(self) -> tuple[Message, ...]:
        """Return the header of what is silent: that of the source, or what was heard last."""
        candidates = [self._line.audio.headers]
        if self._air is not None:
            candidates.insert(0, self._air.audio_headers)
        for slate in (self._player.slate if self._player else None, self._slate):
            if slate is not None:
                candidates.append(slate.audio_headers)
        for headers in candidates:
            if headers and self._line.can_be_silent(headers):
                return headers
        return DEFAULT_AUDIO_HEADERS
