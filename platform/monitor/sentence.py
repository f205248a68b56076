"""The one sentence about the house: the worst first, then what is going on.

Keys: the name of each rule (alerts/rules.py), and ``all_well``, ``starting``, ``streams_live``,
``nobody_live``, ``outputs_live``, ``recording``, ``more_alerts``.
"""

from collections.abc import Iterable
from typing import Literal, Protocol

from ..alerts.models import AlertLevel
from .models import HealthPart, HealthSentence, Params

MAX_ALERTS = 3


class Wrong(Protocol):
    """An alert that fires."""

    @property
    def rule(self) -> str: ...
    @property
    def level(self) -> AlertLevel: ...
    @property
    def params(self) -> Params: ...
    @property
    def acknowledged(self) -> bool: ...


def sentence(
    firing: Iterable[Wrong] | None, streams: int, viewers: int, outputs: int, recordings: int
) -> HealthSentence:
    """``firing``: the worst first; None while nothing is known yet."""
    going_on = _going_on(streams, viewers, outputs, recordings)
    if firing is None:
        return HealthSentence(level="warn", parts=[HealthPart(key="starting", params={})])
    wrong = sorted((one for one in firing if one.level != "info"), key=lambda it: it.acknowledged)
    if not wrong:
        return HealthSentence(level="ok", parts=[HealthPart(key="all_well", params={}), *going_on])
    parts = [HealthPart(key=one.rule, params=one.params) for one in wrong[:MAX_ALERTS]]
    if len(wrong) > MAX_ALERTS:
        parts.append(HealthPart(key="more_alerts", params={"count": len(wrong) - MAX_ALERTS}))
    # Somebody knows of what was acknowledged: it is no surprise any more.
    bad = any(one.level == "critical" and not one.acknowledged for one in wrong)
    level: Literal["warn", "bad"] = "bad" if bad else "warn"
    return HealthSentence(level=level, parts=[*parts, *going_on])


def _going_on(streams: int, viewers: int, outputs: int, recordings: int) -> list[HealthPart]:
    if not streams:
        return [HealthPart(key="nobody_live", params={})]
    parts = [HealthPart(key="streams_live", params={"count": streams, "viewers": viewers})]
    if outputs:
        parts.append(HealthPart(key="outputs_live", params={"count": outputs}))
    if recordings:
        parts.append(HealthPart(key="recording", params={"count": recordings}))
    return parts
