"""Who watches recordings at present: the book of open gates, and what bounds their number."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ...core.errors import RateLimited
from .play_gates import Admission

IDLE_MS = 2 * 3_600_000
"""A pause may be as long; then the player has to begin again."""

UNUSED_MS = 15 * 60_000
ACTIVE_MS = 60_000
"""Who asked for something so recently takes a place of a pass that has few."""

MAX_VISITS = 50_000
MAX_NEWCOMERS = 512
"""Visits that one address may have begun and not used; this machine's own is free."""

_LOOPBACK = frozenset({"127.0.0.1", "::1"})


@dataclass(slots=True)
class Visit:
    """One open gate of recording ``id``. ``who`` is empty after a restart; ``newcomer``: its
    address, until used. Times are ms since the epoch."""

    id: str
    admission: Admission
    last_ms: int
    asked_ms: int = 0
    who: bytes = b""
    newcomer: str | None = None
    used: bool = False


class Visits:
    """Visits by session id; a player that comes again is found by ``who``."""

    def __init__(self) -> None:
        self._open: dict[str, Visit] = {}
        self._by_who: dict[bytes, str] = {}
        self._newcomers: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, sid: str) -> bool:
        return sid in self._open

    def __iter__(self) -> Iterator[tuple[str, Visit]]:
        return iter(list(self._open.items()))

    def get(self, sid: str) -> Visit | None:
        return self._open.get(sid)

    def of(self, who: bytes) -> tuple[str, Visit | None]:
        """Return (session id, visit) of a player, ("", None) when it is not here."""
        sid = self._by_who.get(who, "")
        return sid, self._open.get(sid)

    def ids(self) -> set[str]:
        """Return the recordings that are watched."""
        return {one.id for one in self._open.values()}

    def pass_ids(self) -> set[str]:
        """Return by what people are here."""
        return {one.admission.pass_id for one in self._open.values()}

    def using(self, pass_id: str, who: bytes, now_ms: int) -> int:
        """Count who else watches by a pass at present."""
        return sum(
            one.admission.pass_id == pass_id
            and one.who != who
            and now_ms - one.last_ms <= ACTIVE_MS
            for one in self._open.values()
        )

    def check_room(self, address: str) -> None:
        """Raise RateLimited when there are too many, here or of one address."""
        if len(self._open) >= MAX_VISITS:
            raise RateLimited("too many people watch recordings", "Try again in a minute.")
        if self._newcomers[address] >= MAX_NEWCOMERS and address not in _LOOPBACK:
            raise RateLimited(
                "this address begins too many sessions at once", "Try again in a few minutes."
            )

    def begin(self, sid: str, visit: Visit) -> None:
        self._open[sid] = visit
        if visit.who:
            self._by_who[visit.who] = sid
        if visit.newcomer is not None:
            self._newcomers[visit.newcomer] += 1

    def note(self, sid: str, now_ms: int) -> None:
        """A player has fetched something."""
        one = self._open.get(sid)
        if one is not None:
            one.last_ms, one.used = now_ms, True
            self._settle(one)

    def over(self, now_ms: int) -> list[str]:
        """Return the visits whose time is over, or of which nothing was heard for long."""
        return [
            sid
            for sid, one in self._open.items()
            if now_ms >= one.admission.ends_ms
            or now_ms - one.last_ms > (IDLE_MS if one.used else UNUSED_MS)
        ]

    def forget(self, sid: str) -> None:
        one = self._open.pop(sid, None)
        if one is None:
            return
        if self._by_who.get(one.who) == sid:
            del self._by_who[one.who]
        self._settle(one)

    def _settle(self, one: Visit) -> None:
        if one.newcomer is None:
            return
        self._newcomers[one.newcomer] -= 1
        if self._newcomers[one.newcomer] <= 0:
            del self._newcomers[one.newcomer]
        one.newcomer = None
