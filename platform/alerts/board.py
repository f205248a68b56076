"""Which alerts there are: what is seen in, what changes out. Knows neither Redis nor clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from .models import AlertLevel, AlertParams
from .rules import LEVELS, Reading, Rule

CLEAR_S = 10.0
"""A cause must be gone for so long: what comes and goes is one alert."""

QUIET_MS = 5 * 60_000
"""Nobody is told of the same alert again sooner."""

MAX_ACTIVE = 200

Readings = Mapping[str, Sequence[Reading] | None]
"""Rule -> what was seen of each of its subjects. None, or no such key: it cannot be known now."""


class Kind(StrEnum):
    FIRED = "fired"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Active:
    """``steady_s``: when the cause was first seen, by a clock that nobody sets; ``good_s``: since
    when it is gone again. ``told``: people have been told of it."""

    rule: str
    subject: str
    level: AlertLevel
    since_ms: int
    params: AlertParams
    firing: bool = False
    acknowledged: bool = False
    told: bool = False
    steady_s: float = 0.0
    good_s: float | None = None

    @property
    def id(self) -> str:
        return f"{self.rule}:{self.subject}"

    def stored(self) -> dict[str, Any]:
        """What outlives this process."""
        kept = asdict(self)
        del kept["steady_s"], kept["good_s"]
        return kept

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Active":
        """Read what is stored; fields of other versions are ignored. Raises TypeError."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


@dataclass(frozen=True, slots=True)
class Change:
    """``tell``: people are to be told. ``late``: it fired before, and they were not told then."""

    kind: Kind
    alert: Active
    tell: bool
    ended_ms: int = 0
    late: bool = False


class Board:
    """``active`` by id. ``told_ms``: id -> when people were last told of it."""

    def __init__(self) -> None:
        self.active: dict[str, Active] = {}
        self.told_ms: dict[str, int] = {}

    def load(self, active: Sequence[Active], told_ms: Mapping[str, int]) -> None:
        """Go on where an earlier process has ended."""
        self.active = {one.id: one for one in active}
        self.told_ms = dict(told_ms)

    def update(
        self, readings: Readings, rules: Mapping[str, Rule], now_ms: int, steady_s: float
    ) -> list[Change]:
        """Take what was seen; return what has fired and what is over, in the order of the rules."""
        changes: list[Change] = []
        for name, rule in rules.items():
            found = readings.get(name)
            if not rule.enabled:
                found = ()
            if found is not None:
                changes += self._judge(rule, found, now_ms, steady_s)
        changes += self._tell_late(rules, now_ms)
        self.told_ms = {id_: at for id_, at in self.told_ms.items() if 0 <= now_ms - at < QUIET_MS}
        return changes

    def acknowledge(self, id_: str) -> Active | None:
        """Return the alert as somebody who knows of it now; None when it is over."""
        one = self.active.get(id_)
        if one is not None:
            one = self.active[id_] = replace(one, acknowledged=True)
        return one

    def _judge(
        self, rule: Rule, found: Sequence[Reading], now_ms: int, steady_s: float
    ) -> list[Change]:
        changes = []
        seen = {f"{rule.name}:{one.subject}": one for one in found}
        mine = [id_ for id_, one in self.active.items() if one.rule == rule.name]
        for id_ in {**dict.fromkeys(mine), **seen}:
            before, reading = self.active.get(id_), seen.get(id_)
            firing = before is not None and before.firing
            wrong = reading is not None and rule.holds(reading.value, firing)
            if wrong and reading is not None:
                change = self._wrong(rule, reading, before, now_ms, steady_s)
            else:
                change = self._right(rule, before, now_ms, steady_s)
            if change is not None:
                changes.append(change)
        return changes

    def _wrong(
        self, rule: Rule, reading: Reading, before: Active | None, now_ms: int, steady_s: float
    ) -> Change | None:
        one = before
        if one is None:
            if len(self.active) >= MAX_ACTIVE:
                return None
            one = Active(
                rule.name, reading.subject, rule.level, now_ms, reading.params, steady_s=steady_s
            )
        one = replace(one, params=reading.params, level=rule.level, good_s=None)
        fires = not one.firing and steady_s - one.steady_s >= rule.for_s
        if fires:
            tell = self._may_tell(one, rule, now_ms)
            one = replace(one, firing=True, told=tell)
        self.active[one.id] = one
        return Change(Kind.FIRED, one, one.told) if fires else None

    def _right(
        self, rule: Rule, before: Active | None, now_ms: int, steady_s: float
    ) -> Change | None:
        if before is None:
            return None
        if before.firing and rule.enabled:
            if before.good_s is None:
                self.active[before.id] = replace(before, good_s=steady_s)
                return None
            if steady_s - before.good_s < CLEAR_S:
                return None
        del self.active[before.id]
        if not before.firing:
            return None
        return Change(Kind.CLEARED, before, before.told and rule.enabled, now_ms)

    def _may_tell(self, one: Active, rule: Rule, now_ms: int) -> bool:
        """Tell whether people are to be told now; remembers it when they are."""
        worse = self.active.get(f"{rule.outranked_by}:{one.subject}")
        last = self.told_ms.get(one.id, now_ms - QUIET_MS)
        if one.acknowledged or (worse is not None and worse.firing):
            return False
        if 0 <= now_ms - last < QUIET_MS:
            return False
        self.told_ms[one.id] = now_ms
        return True

    def _tell_late(self, rules: Mapping[str, Rule], now_ms: int) -> list[Change]:
        """What was kept back and still goes on."""
        changes = []
        for one in list(self.active.values()):
            rule = rules.get(one.rule)
            if rule is None:
                del self.active[one.id]  # of another version of this program
                continue
            waits = one.firing and not one.told and one.good_s is None
            if waits and self._may_tell(one, rule, now_ms):
                told = self.active[one.id] = replace(one, told=True)
                changes.append(Change(Kind.FIRED, told, True, late=True))
        return changes

    def sorted(self) -> list[Active]:
        """The worst first, then the youngest."""
        return sorted(
            self.active.values(), key=lambda one: (LEVELS.index(one.level), -one.since_ms)
        )
