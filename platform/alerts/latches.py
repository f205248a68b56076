"""Causes that nobody can look at: something was told to have failed, and not yet to work again."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ...core.events import Event, EventType
from .models import AlertParams
from .rules import Reading

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MAX_LATCHES = 200
ATTACK_MS = 300_000
LONGEST_UPGRADE_MS = HOUR_MS
"""One that is not told to have ended by then was forgotten."""
MAX_SUBJECT = 100
MAX_WORDS = 300


@dataclass(frozen=True, slots=True)
class Latch:
    """``until_ms``: it ends by itself then."""

    rule: str
    subject: str
    params: AlertParams
    until_ms: int
    at_ms: int

    @property
    def id(self) -> str:
        return f"{self.rule}:{self.subject}"


@dataclass(frozen=True, slots=True)
class _Setting:
    """``subject``, ``name``: fields of the event's data that say what it is about."""

    rule: str
    subject: str = ""
    name: str = ""
    lasts_ms: int = 30 * DAY_MS


_SET = {
    EventType.CERTIFICATE_FAILED: _Setting("certificate_failed"),
    EventType.CHANNEL_FAILED: _Setting("channel_failed", "channel", "label"),
    EventType.TRANSCODE_FAILED: _Setting("transcode_failed", "id", lasts_ms=6 * HOUR_MS),
    EventType.RECORDING_FAILED: _Setting("recording_failed", "uuid", lasts_ms=HOUR_MS),
    EventType.STORAGE_FAILING: _Setting("upload_failing", "target_id", "label"),
    EventType.BACKUP_FAILED: _Setting("backup_failed"),
    EventType.UPGRADE_FAILED: _Setting("upgrade_failed", lasts_ms=7 * DAY_MS),
    EventType.UPGRADE_ROLLED_BACK: _Setting("upgrade_failed", lasts_ms=7 * DAY_MS),
    EventType.ENGINE_LOST: _Setting("containers_lost"),
}
_END = {
    EventType.CERTIFICATE_ISSUED: "certificate_failed",
    EventType.CERTIFICATE_RENEWED: "certificate_failed",
    EventType.CHANNEL_STARTED: "channel_failed",
    EventType.CHANNEL_ENDED: "channel_failed",
    EventType.TRANSCODE_STARTED: "transcode_failed",
    EventType.STORAGE_RECOVERED: "upload_failing",
    EventType.BACKUP_CREATED: "backup_failed",
    EventType.UPGRADE_FINISHED: "upgrade_failed",
    EventType.ENGINE_BACK: "containers_lost",
}
_UPGRADE_ENDS = {
    EventType.UPGRADE_FINISHED,
    EventType.UPGRADE_ROLLED_BACK,
    EventType.UPGRADE_FAILED,
}
RULES = frozenset(setting.rule for setting in _SET.values())
"""Rules whose cause is known from events alone."""

_SUBJECTS = {setting.rule: setting.subject for setting in _SET.values()}


class Latches:
    """``take`` events in their order; ``changed`` are the ids that differ from what is stored."""

    def __init__(self) -> None:
        self.latches: dict[str, Latch] = {}
        self.changed: set[str] = set()
        self._refused: deque[int] = deque(maxlen=10_000)
        self._upgrade_ms: int | None = None

    def load(self, stored: Iterable[Latch]) -> None:
        """Go on where an earlier process has ended."""
        self.latches = {one.id: one for one in stored}

    def take(self, event: Event) -> None:
        """Note what an event says."""
        if event.type == EventType.AUTH_REFUSED:
            self._refused.append(event.at_ms)
            return
        if event.type == EventType.UPGRADE_STARTED:
            self._upgrade_ms = event.at_ms
        elif event.type in _UPGRADE_ENDS:
            self._upgrade_ms = None
        rule = _END.get(event.type)  # type: ignore[call-overload]
        if rule is not None:
            self._drop(f"{rule}:{_subject(event, _SUBJECTS[rule])}")
        setting = _SET.get(event.type)  # type: ignore[call-overload]
        if setting is None:
            return
        latch = Latch(
            setting.rule,
            _subject(event, setting.subject),
            _params(event, setting),
            event.at_ms + setting.lasts_ms,
            event.at_ms,
        )
        if len(self.latches) < MAX_LATCHES or latch.id in self.latches:
            self.latches[latch.id] = latch
            self.changed.add(latch.id)

    def keep_only(self, rule: str, subjects: set[str], before_ms: int) -> None:
        """Drop those of a rule that are known to be about nothing any more, and that are older than
        what that is known from."""
        for id_, latch in list(self.latches.items()):
            gone = latch.rule == rule and latch.subject not in subjects
            if gone and latch.at_ms < before_ms:
                self._drop(id_)

    def readings(self, now_ms: int) -> dict[str, list[Reading]]:
        """Return what goes on, for each rule of ``RULES``."""
        for id_, latch in list(self.latches.items()):
            if latch.until_ms <= now_ms:
                self._drop(id_)
        found: dict[str, list[Reading]] = {rule: [] for rule in RULES}
        for latch in self.latches.values():
            found.setdefault(latch.rule, []).append(Reading(latch.subject, latch.params))
        return found

    def upgrading(self, now_ms: int) -> bool:
        """Tell whether an upgrade goes on, which replaces the manager."""
        return self._upgrade_ms is not None and now_ms - self._upgrade_ms < LONGEST_UPGRADE_MS

    def refused(self, now_ms: int) -> int:
        """Return how many wrong passwords there were in the last five minutes."""
        while self._refused and self._refused[0] < now_ms - ATTACK_MS:
            self._refused.popleft()
        return len(self._refused)

    def _drop(self, id_: str) -> None:
        if self.latches.pop(id_, None) is not None:
            self.changed.add(id_)


def _subject(event: Event, name: str) -> str:
    return str(event.data.get(name, ""))[:MAX_SUBJECT] if name else ""


def _params(event: Event, setting: _Setting) -> AlertParams:
    data = event.data
    problem = data.get("problem") or data.get("error")
    inner = problem if isinstance(problem, dict) else {"message": problem}
    reason = data.get("message") or data.get("reason") or inner.get("message") or data.get("key")
    return {
        "label": str(data.get(setting.name) or _subject(event, setting.subject)),
        "stream": event.stream or str(data.get("stream", "")),
        "version": str(data.get("to") or data.get("version") or ""),
        "domain": str(data.get("domain", "")),
        "reason": str(reason or "no reason is known")[:MAX_WORDS],
    }
