"""What is on the air: one source, the slate, or the sound of one and the picture of the other.

It puts frames of these on the timeline when they are due, and joins one to another.
"""

from dataclasses import dataclass, replace

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from .feed import Entry, Feed
from .media import MediaInfo
from .slate import Slate, SlatePlayer
from .timeline import DEFAULT_AUDIO_HEADERS, Timeline

SLATE = "slate"

BACK_FILL_MS = 5_000
"""The slate begins where the source ended, unless that is longer ago."""

LATE_MS = 1_500
"""A live source whose pictures come later than this is lost, and begins anew at this moment."""

GAP_MS = 60
"""Sound that is missing for so long is filled in with silence."""

_SLEW_EACH_MS = 5_000
_SLEW_MS = 5
_SLEW_ROOM_MS = 100


@dataclass(slots=True)
class Pace:
    """``buffer_ms``: how long media waits so that a source that stutters does not.
    ``lost_after_ms``: for how long nothing may come. Not ``paced``: what comes is passed on."""

    buffer_ms: int
    lost_after_ms: int
    paced: bool


class Air:
    """``feed`` is the source on the air, ``player`` the slate; with both, its sound goes with the
    slate's picture. ``slate``: what would be shown. ``zero``: when the timeline began."""

    def __init__(self, pace: Pace) -> None:
        self.line = Timeline()
        self.feed: Feed | None = None
        self.player: SlatePlayer | None = None
        self.slate: Slate | None = None
        self.zero: int | None = None
        self._left_out = 0
        self._pace = pace
        self._offset = 0
        self._begins_at = 0
        self._leading: int | None = None
        self._asked = 0
        self._joined_ms = 0
        self._file_ran_dry = False
        self._margin: int | None = None
        self._usual_margin: int | None = None
        self._slewed_ms = 0

    @property
    def name(self) -> str | None:
        """``slate``, a source, or None while nothing goes out."""
        if self.feed is not None:
            return self.feed.name
        return SLATE if self.player is not None else None

    @property
    def dropped(self) -> int:
        """Return how many frames were left out."""
        feed = self.feed.dropped if self.feed is not None else 0
        return self._left_out + self.line.dropped + feed

    def stage(self) -> tuple[Feed | None, SlatePlayer | None, bool]:
        """Return what decisions depend on."""
        return self.feed, self.player, self.feed is not None and self.feed.dry

    def note_margin(self, entry: Entry) -> None:
        """Take note of how early something came."""
        if self.zero is not None:
            margin = entry.at + self._offset - self.now(entry.came_ms)
            self._margin = margin if self._margin is None else min(self._margin, margin)

    def play(self, now_ms: int) -> None:
        """Put on the timeline what is due."""
        self._asked = now_ms
        if self._pace.paced:
            self._play(now_ms)
        else:
            self._pass_on()

    def times(self) -> list[int]:
        """Return when something will be due, or will be missed."""
        times = []
        zero, feed = self.zero or 0, self.feed
        if self.player is not None:
            times.append(zero + self.player.head()[0])
        if feed is not None:
            heads = [queue[0].at for queue in (feed.video, feed.audio, feed.data) if queue]
            times += [zero + self._offset + at for at in heads]
            if feed.must_rejoin or (self.player is None and self._hole_ms(feed)):
                times.append(0)
            if feed.dry:
                lost_ms = 0 if feed.ended else self._lost_at_ms(feed)
                times += [] if lost_ms is None else [lost_ms]
            elif not feed.video and self.slate is not None and self.player is None:
                last_ms = max(feed.last_video_ms or 0, self._joined_ms)
                times.append(last_ms + feed.patience_ms(self._pace.lost_after_ms))
        return times

    def now(self, now_ms: int) -> int:
        """Return what the timeline has come to."""
        return now_ms - self.zero if self.zero is not None else 0

    def join(self, feed: Feed, entry: Entry, now_ms: int) -> None:
        """Put a source on the air with ``entry``, which follows what was sent last."""
        if self.zero is None:
            self.zero = now_ms
        at = self.line.follows(entry.cts_ms)
        if not feed.live:
            # Behind a file of sound alone, or whose sound is longer, both tracks begin together.
            at = max(at, round(self.line.audio.end))
        behind_ms = self.now(now_ms) - at
        if behind_ms > 0 and self.line.begun:
            if not feed.live and self.slate is None:
                self.zero += behind_ms
            elif not self._pace.paced or behind_ms > self._pace.lost_after_ms:
                at += behind_ms
        if self.feed is not None and self.feed is not feed:
            self._play_sound_until(at)
            self.leave()
        feed.cut(entry)
        self.line.audio.resend = True
        sound_alone = entry.message.kind == AUDIO
        if sound_alone and self.player is not None:
            self.player.with_sound = False
        elif sound_alone and self.slate is not None and self._pace.paced:
            self.player = SlatePlayer(self.slate, at, with_sound=False)
            self.line.video.resend = True
        else:
            self.player = None
            self.line.video.resend = True
        self.feed, feed.on_air = feed, True
        self._offset = at - entry.at
        self._begins_at = entry.at
        self._leading = None if sound_alone else entry.at + entry.cts_ms
        self._joined_ms = self._slewed_ms = now_ms
        self._margin = self._usual_margin = None
        self._file_ran_dry = False

    def leave(self) -> None:
        """Take the source off the air; the slate goes on if there is one on the air."""
        if self.feed is not None:
            self._left_out += self.feed.dropped
            self.feed.dropped = 0
            self.feed.leave()
        self.feed = None
        if self.player is not None:
            self.player.with_sound = True
            self.line.audio.resend = True

    def show_slate(self, now_ms: int) -> None:
        """Begin the slate, right behind what was sent last; to the sound of a source if there is
        one. There must be a slate."""
        assert self.slate is not None
        if self.feed is not None:
            self.feed.cut_to_key()
        if self.zero is None:
            self.zero = now_ms
        at = self.line.follows()
        if self.now(now_ms) - at > BACK_FILL_MS:
            at = self.now(now_ms)
        self.player = SlatePlayer(self.slate, at, with_sound=self.feed is None)
        self.line.joint()

    def lacks_picture(self, now_ms: int) -> bool:
        """True when the source on the air has sound, but no picture for too long."""
        feed = self.feed
        if feed is None or feed.dry:
            return False
        patience_ms = feed.patience_ms(self._pace.lost_after_ms)
        if feed.video:
            now = self.now(now_ms)
            is_ahead = feed.video[0].at + self._offset > now
            return is_ahead and now - max(0, self.line.video.last) >= patience_ms
        last_ms = max(feed.last_video_ms or 0, self._joined_ms)
        return feed.is_sound_alone(now_ms) or now_ms - last_ms >= patience_ms

    def _lost_at_ms(self, feed: Feed) -> int | None:
        """Return when a source that has run dry is lost; None: it is waited for."""
        if not self._pace.paced or (not feed.live and self.slate is None):
            return None
        last_ms = max(self._joined_ms, feed.queued_ms or 0)
        return last_ms + feed.patience_ms(self._pace.lost_after_ms)

    def is_lost(self, feed: Feed, now_ms: int) -> bool:
        """True when the source on the air has nothing more to show."""
        if not feed.dry:
            return self._is_late(feed)
        if feed.ended:
            return True
        lost_ms = self._lost_at_ms(feed)
        return lost_ms is not None and now_ms >= lost_ms

    def _is_late(self, feed: Feed) -> bool:
        if not self._pace.paced or not feed.live or not feed.video:
            return False
        head = feed.video[0]
        return self.now(head.came_ms) - (head.at + self._offset) > LATE_MS

    def slew(self, now_ms: int) -> None:
        """Follow a source whose clock is not ours, so slowly that nobody sees or hears it."""
        if now_ms - self._slewed_ms < _SLEW_EACH_MS:
            return
        self._slewed_ms = now_ms
        margin, self._margin = self._margin, None
        if margin is None:
            return
        if self._usual_margin is None:
            self._usual_margin = margin
        elif margin > max(self._usual_margin, self._pace.buffer_ms) + _SLEW_ROOM_MS:
            self._offset -= _SLEW_MS
        elif margin < 0:
            self._offset += _SLEW_MS

    def _play(self, now_ms: int) -> None:
        now = self.now(now_ms)
        feed = self.feed
        if feed is not None and self._file_ran_dry and not feed.dry:
            # A file does not go on without us: the timeline waited for it.
            late = now - min(queue[0].at for queue in (feed.video, feed.audio) if queue)
            late -= self._offset
            if late > 0 and self.zero is not None:
                self.zero += late
                now -= late
            self._file_ran_dry = False
        while self._play_one(now):
            self._fill_silence()
        if feed is not None and not feed.live and feed.dry and not feed.ended:
            self._file_ran_dry = self.slate is None

    def _play_one(self, now: int) -> bool:
        """Send what is due first; False when nothing is."""
        feed, player = self.feed, self.player
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
        if queue is feed.video and self._is_behind_hole(feed, at):
            # Nobody asked in time: what would have been shown in the hole is shown now.
            self.show_slate(now + (self.zero or 0))
            return True
        self._send(feed, feed.pop(queue), at)
        return True

    def _is_behind_hole(self, feed: Feed, at: int) -> bool:
        if self.slate is None or self.player is not None or self.line.video.last < 0:
            return False
        missing_ms = at - self.line.video.end
        return missing_ms > feed.patience_ms(self._pace.lost_after_ms)

    def _play_slate(self, player: SlatePlayer) -> None:
        at, message = player.head()
        player.pop()
        if message.kind == AUDIO:
            self._sound(message, at, player.slate.audio_headers)
            return
        if self.line.video.resend:
            self._describe(None)
        self.line.picture(message, at, player.slate.video_headers, 0)

    def _send(self, feed: Feed, entry: Entry, at: int) -> None:
        line = self.line
        if entry.message.kind == AUDIO:
            self._sound(entry.message, at, entry.headers)
        elif entry.message.kind == VIDEO:
            self._send_picture(feed, entry, at)
        elif not self._pace.paced or entry.message is not feed.metadata:
            line.data(entry.message, at)

    def _sound(self, message: Message, at: int, headers: tuple[Message, ...]) -> None:
        line = self.line
        if self._pace.paced and line.begun and at > line.audio.end + GAP_MS:
            line.fill_silence(self._silent_headers(), at)
        line.sound(message, at, headers)

    def _send_picture(self, feed: Feed, entry: Entry, at: int) -> None:
        line = self.line
        if entry.key:
            if entry.at > self._begins_at:
                self._leading = None
            if self.player is not None:
                # Its picture is back.
                self.player = None
                self._begins_at, self._leading = entry.at, entry.at + entry.cts_ms
                line.video.resend = True
            if line.video.resend:
                self._describe(feed)
        elif self._is_leading(entry):
            self._left_out += 1
            return
        line.picture(entry.message, at, entry.headers, entry.cts_ms)

    def _is_leading(self, entry: Entry) -> bool:
        """True for what is shown before the key frame that it was sent after: it needs pictures
        from before the joint."""
        if self._leading is None or entry.at < self._begins_at:
            return False
        return entry.at + entry.cts_ms < self._leading

    def _describe(self, feed: Feed | None) -> None:
        """Tell what is like what follows; ``feed`` None: the slate's picture."""
        own = feed or self.feed
        info = own.meter.info() if own is not None else MediaInfo()
        if not self._pace.paced:
            if own is not None and own.metadata is not None:
                self.line.data(own.metadata, max(0, self.line.video.last))
            return
        params = self.player.slate.params if self.player is not None else None
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
        self.line.describe(info)

    def _play_sound_until(self, at: int) -> None:
        """Send the sound that the old source has up to the joint; its pictures end here."""
        feed = self.feed
        assert feed is not None
        while self._pace.paced and feed.audio and feed.audio[0].at + self._offset < at:
            entry = feed.pop(feed.audio)
            self._send(feed, entry, entry.at + self._offset)

    def _leap(self, feed: Feed, now: int) -> bool:
        """Skip a hole; return whether something is due then."""
        hole_ms = self._hole_ms(feed)
        self._offset -= hole_ms
        heads = [queue[0].at for queue in (feed.video, feed.audio) if queue]
        return hole_ms > 0 and min(heads) + self._offset <= now

    def _hole_ms(self, feed: Feed) -> int:
        """Return how long a hole is that is in the source's timestamps alone: what is behind it is
        here already. 0 without one."""
        heads = [queue[0].at for queue in (feed.video, feed.audio) if queue]
        if not heads or not self.line.begun:
            return 0
        last = max(self.line.video.last, self.line.audio.last)
        hole_ms = min(heads) + self._offset - last
        if hole_ms <= feed.patience_ms(self._pace.lost_after_ms):
            return 0
        return hole_ms - round(self.line.video.step_ms)

    def _pass_on(self) -> None:
        feed = self.feed
        while feed is not None:
            queues = [queue for queue in (feed.video, feed.audio, feed.data) if queue]
            if not queues:
                break
            # As it came, but a joint begins with its key frame.
            first = min(queues, key=lambda queue: queue[0].order)
            entry = feed.pop(feed.video if self.line.video.resend and feed.video else first)
            self._send(feed, entry, entry.at + self._offset)

    def _fill_silence(self) -> None:
        """Keep sound up with the picture where none is to come."""
        line = self.line
        until: float = line.video.last
        if until - line.audio.end <= GAP_MS:
            return
        feed = self.feed
        if feed is not None:
            if feed.audio:
                until = min(until, feed.audio[0].at + self._offset)
            elif feed.audio_headers and not feed.ended:
                last_ms = max(self._joined_ms, feed.last_audio_ms or 0)
                if (self._asked or 0) - last_ms < self._pace.lost_after_ms:
                    return
        line.fill_silence(self._silent_headers(), until)

    def _silent_headers(self) -> tuple[Message, ...]:
        """Return the header of what is silent: that of the source, or what was heard last."""
        candidates = [self.line.audio.headers]
        if self.feed is not None:
            candidates.insert(0, self.feed.audio_headers)
        for slate in (self.player.slate if self.player else None, self.slate):
            if slate is not None:
                candidates.append(slate.audio_headers)
        for headers in candidates:
            if headers and self.line.can_be_silent(headers):
                return headers
        return DEFAULT_AUDIO_HEADERS
