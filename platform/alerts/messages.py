"""What people are sent: one message of one alert, or one of several that came together."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .models import AlertLevel

MAX_LISTED = 20

_MARK = {"critical": "CRITICAL", "warning": "Warning", "info": "Note"}
_TYPE = {"critical": "failure", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. ``alert``: its id. ``over``: it has ended, at ``at_ms``."""

    alert: str
    rule: str
    subject: str
    level: AlertLevel
    over: bool
    text: str
    help: str
    since_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out at once; ``type`` as Apprise has them."""

    title: str
    body: str
    type: Literal["failure", "warning", "info", "success"]
    messages: tuple[Message, ...]

    def as_json(self, house: str) -> dict[str, Any]:
        """Return what a webhook is sent."""
        alerts = [
            {
                "id": one.alert,
                "rule": one.rule,
                "subject": one.subject,
                "level": one.level,
                "state": "cleared" if one.over else "firing",
                "text": one.text,
                "help": one.help,
                "since_ms": one.since_ms,
                "at_ms": one.at_ms,
            }
            for one in self.messages
        ]
        return {"type": "alerts", "house": house, "title": self.title, "alerts": alerts}


def letter(messages: Sequence[Message], house: str) -> Letter:
    """Put messages together. Of one alert only the newest counts: what came and went while nobody
    could be told is told as over."""
    newest = {one.alert: one for one in messages}
    some = tuple(newest.values())
    if len(some) == 1:
        return _single(some[0], house)
    firing = [one for one in some if not one.over]
    over = [one for one in some if one.over]
    parts = []
    if firing:
        parts.append(f"{len(firing)} new")
    if over:
        parts.append(f"{len(over)} over")
    lines = [f"{_MARK[one.level]}: {one.text}" for one in firing[:MAX_LISTED]]
    lines += [f"Over: {one.text}" for one in over[: MAX_LISTED - len(lines)]]
    if len(lines) < len(some):
        lines.append(f"and {len(some) - len(lines)} more, see the page of alerts.")
    worst = "success"
    for level in ("info", "warning", "critical"):
        if any(one.level == level for one in firing):
            worst = _TYPE[level]
    return Letter(f"{house}: {', '.join(parts)}", "\n".join(lines), worst, some)  # type: ignore[arg-type]


def _single(one: Message, house: str) -> Letter:
    if one.over:
        lasted = _lasted((one.at_ms - one.since_ms) // 1000)
        body = f"It is over, after {lasted}: {one.text}"
        return Letter(f"{house}: over: {one.text}", body, "success", (one,))
    body = f"{one.text}\n{one.help}\nSince {_utc(one.since_ms)}."
    return Letter(f"{house}: {_MARK[one.level]}: {one.text}", body, _TYPE[one.level], (one,))  # type: ignore[arg-type]


def _utc(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_ms / 1000))


def _lasted(seconds: int) -> str:
    if seconds < 120:
        return f"{max(0, seconds)} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def trial(house: str, now_ms: int) -> Letter:
    """Return what the test button sends."""
    text = "This is a test: alerts of this house arrive here."
    one = Message("test", "test", "", "info", False, text, "", now_ms, now_ms)
    return Letter(f"{house}: test message", text, "info", (one,))
