"""One recording on its way into one bucket: what is to be done next."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..library.recording import Recording, State, UploadState
from .throttle import SpeedMeter, TokenBucket
from .upload_db import Book, Item, Phase, UploadDb
from .upload_plan import is_over, look_at_files, read_journal, wants_segments
from .upload_send import SINGLE_BYTES, InParts, Sender

AT_ONCE = 64
"""So many objects of one recording are known in memory."""

PLAYLIST_GAP_S = 10.0
PLAYLIST_BYTES_PER_S = 10_000
"""A long playlist is refreshed less often: it must not take more of the line than that."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work for a thread. ``alone``: nothing else of the recording meanwhile; ``asks``:
    it needs the bucket."""

    job: "Job"
    work: Callable[[Sender], None]
    done: Callable[[], None]
    alone: bool = True
    asks: bool = True
    name: str = ""
    number: int = 0


@dataclass(slots=True)
class _Seen:
    """What a look at the disk and the books brought."""

    items: list[Item] = field(default_factory=list)
    done_bytes: int = 0
    total_bytes: int = 0


class Job:
    """Belongs to the event loop, but for the methods that begin with ``_do``: threads run those,
    one at a time unless they only send.

    ``not_before``: loop time until which it waits after a failure of its own.
    """

    def __init__(self, recording: Recording, root: Path, db: UploadDb, bucket: TokenBucket) -> None:
        self.recording = recording
        self.book = Book(recording.id, recording.target_id)
        self.directory = root / recording.id
        self.speed = SpeedMeter()
        self.stopped = threading.Event()
        self.failures = 0
        self.not_before = 0.0
        self.served = 0
        self.done_bytes = recording.uploaded_bytes
        self.total_bytes = recording.upload_bytes
        self.told_bytes = (-1, -1)
        self.verified = False
        self._db = db
        self._bucket = bucket
        self._running: dict[int, Unit] = {}
        self._waiting: deque[Item] = deque()
        self._parts: InParts | None = None
        self._under_way: dict[int, int] = {}
        self._seen = _Seen()
        self._stale = True
        self._begun = self._compared = False
        self._sound = True
        self._segments_checked = False
        self._playlist_at = 0.0
        self._playlist_old = False
        self._playlist_bytes = 0

    @property
    def live(self) -> bool:
        return self.recording.state is State.RECORDING

    @property
    def sent_bytes(self) -> int:
        """What is verified, and what is on its way."""
        parts = 0
        if self._parts is not None:
            going = self._parts
            missing = {*going.todo, *going.running}
            parts = going.item.size - sum(going.size_of(number) for number in missing)
        return min(self.total_bytes, self.done_bytes + parts + sum(self._under_way.values()))

    @property
    def idle(self) -> bool:
        return not self._running

    def update(self, recording: Recording) -> None:
        """Take over what changed of the recording."""
        before, self.recording = self.recording, recording
        for name in ("state", "segments", "mp4", "upload_what", "playlist"):
            if getattr(before, name) != getattr(recording, name):
                self._stale = True
        if before.state is not recording.state:
            self._segments_checked = False
            self._parts = None if recording.state is not State.READY else self._parts

    def retry(self) -> None:
        """Do not wait any longer."""
        self.failures, self.not_before = 0, 0.0
        self._stale = True

    def begin_again(self) -> None:
        """Look at the disk, the books and the bucket anew."""
        self._waiting.clear()
        self._parts = None
        self._stale, self._compared, self._segments_checked = True, False, False

    def next_unit(self, now: float) -> Unit | None:
        """Return what to do now; None when there is nothing, or when it must wait."""
        if self.stopped.is_set() or self.verified:
            return None
        if any(unit.alone for unit in self._running.values()):
            return None
        if self._parts is not None:
            return self._next_part(self._parts)
        if self._waiting:
            return self._next_file()
        if self._running:
            return None
        if self._stale:
            self._stale = False
            return Unit(self, self._do_look, self._looked, asks=False)
        return self._next_check(now)

    def _next_part(self, going: InParts) -> Unit | None:
        if going.todo:
            number = going.todo.pop()
            going.running.add(number)
            return Unit(
                self,
                lambda sender: sender.put_part(going, number),
                lambda: going.running.discard(number),
                alone=False,
                name=going.item.name,
                number=number,
            )
        if going.running:
            return None
        return Unit(self, lambda sender: sender.finish(going), self._finished_parts)

    def _next_file(self) -> Unit | None:
        item = self._waiting[0]
        large = item.size > SINGLE_BYTES
        others = any(unit.name for unit in self._running.values())
        # A playlist goes when its segments are there, and so on.
        later = others and item.phase is not Phase.SEGMENTS
        if later or (large and self._running):
            return None
        self._waiting.popleft()
        if large:
            return Unit(self, lambda sender: self._do_begin(sender, item), self._looked_parts)
        return Unit(
            self,
            lambda sender: sender.put(item),
            lambda: self._put(item),
            alone=False,
            name=item.name,
        )

    def _next_check(self, now: float) -> Unit | None:
        """Everything that is known has been sent: what next?"""
        if not self._compared:
            return Unit(self, self._do_compare, self._checked_again)
        if not is_over(self.recording):
            return self._next_playlist(now)
        if not self._segments_checked:
            return Unit(self, self._do_check_segments, self._checked_segments)
        if self.recording.state is not State.READY:
            return None
        return Unit(self, self._do_check_all, self._checked_all)

    def playlist_due(self) -> float | None:
        """Return the loop time when the bucket's playlist is to be refreshed."""
        if not self._playlist_old or not self.live or not wants_segments(self.recording):
            return None
        gap_s = max(PLAYLIST_GAP_S, self._playlist_bytes / PLAYLIST_BYTES_PER_S)
        return self._playlist_at + gap_s

    def _next_playlist(self, now: float) -> Unit | None:
        due = self.playlist_due()
        if due is None or now < due:
            return None
        self._playlist_at, self._playlist_old = now, False
        return Unit(self, self._do_playlist, lambda: None)

    # Threads run what follows.

    def sent(self, unit: Unit, size: int) -> None:
        """Wait for bandwidth, and count."""
        self._bucket.take(size, self.stopped.is_set)
        if size:
            self.speed.add(size)
            self._under_way[id(unit)] += size

    def _last_phase(self) -> Phase:
        if not is_over(self.recording) or not self._segments_checked:
            return Phase.SEGMENTS
        return Phase.MP4 if self.recording.state is State.READY else Phase.PLAYLIST

    def _do_look(self, sender: Sender) -> None:
        journal_bytes = self._db.journal_bytes(self.book)
        if not self._begun:
            self._begun = True
            self._compared = journal_bytes is not None or not self._may_be_there()
        if self._compared:
            self._db.begin(self.book)
        if is_over(self.recording):
            journal_bytes = 0  # it is complete now, mended or not
        if wants_segments(self.recording):
            read_journal(self._db, self.book, self.directory, journal_bytes or 0)
        if is_over(self.recording):
            look_at_files(self._db, self.book, self.recording, self.directory)
        self._do_see()

    def _do_see(self) -> None:
        items: list[Item] = []
        if self._compared:
            items = self._db.pending(self.book, self._last_phase(), AT_ONCE)
        self._seen = _Seen(items, *self._db.sums(self.book))

    def _may_be_there(self) -> bool:
        """Some of it may be in the bucket though the books know nothing."""
        one = self.recording
        return bool(one.uploaded_bytes or one.verified_ms or one.upload is UploadState.UPLOADING)

    def _do_begin(self, sender: Sender, item: Item) -> None:
        self._parts = sender.begin(item)

    def _do_compare(self, sender: Sender) -> None:
        sender.check(Phase.MP4)
        self._compared = True

    def _do_check_segments(self, sender: Sender) -> None:
        self._sound = sender.check(Phase.SEGMENTS)

    def _do_check_all(self, sender: Sender) -> None:
        self._sound = sender.check(Phase.MP4)

    def _do_playlist(self, sender: Sender) -> None:
        self._playlist_bytes = sender.refresh_playlist()

    # And the event loop what follows.

    def began(self, unit: Unit) -> None:
        self._running[id(unit)] = unit
        self._under_way[id(unit)] = 0

    def ended(self, unit: Unit, fine: bool) -> None:
        """Count a unit out; what failed is planned again."""
        self._running.pop(id(unit), None)
        self._under_way.pop(id(unit), None)
        if fine:
            unit.done()
            return
        going = self._parts
        if going is not None and unit.number:
            going.running.discard(unit.number)
            going.todo.append(unit.number)
        else:
            self._waiting.clear()
            if going is not None and not going.todo and not going.running:
                self._parts = None  # it could not be put together: look at what is there
            self._stale = True

    def _looked(self) -> None:
        seen, self._seen = self._seen, _Seen()
        self._waiting.extend(seen.items)
        self.done_bytes, self.total_bytes = seen.done_bytes, seen.total_bytes
        if len(seen.items) == AT_ONCE:
            self._stale = True

    def _looked_parts(self) -> None:
        if self._parts is None:
            self._stale = True

    def _put(self, item: Item) -> None:
        self.done_bytes += item.size
        self._playlist_old = True

    def _finished_parts(self) -> None:
        assert self._parts is not None
        self.done_bytes += self._parts.item.size
        self._playlist_old = True
        self._parts = None

    def _checked_again(self) -> None:
        self._stale = True

    def _checked_segments(self) -> None:
        self._segments_checked, self._stale = self._sound, True

    def _checked_all(self) -> None:
        if self._sound and not self._stale:
            self.verified = True
        else:
            self._stale, self._segments_checked = True, False
