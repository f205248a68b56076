"""What people are sent: one message of one alert, or one of several that came together.

Each target has a language; what a message of an earlier release or of an unknown rule says is
sent as it is, in English.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .models import AlertLevel, AlertParams, Language
from .phrases import PHRASES
from .rules import filled
from .words_zh import WORDS

MAX_LISTED = 20

_TYPE = {"critical": "failure", "warning": "warning", "info": "info"}


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. ``alert``: its id. ``over``: it has ended, at ``at_ms``. ``text`` and
    ``help`` are English; ``params`` is what stands in them."""

    alert: str
    rule: str
    subject: str
    level: AlertLevel
    over: bool
    text: str
    help: str
    since_ms: int
    at_ms: int
    params: AlertParams = field(default_factory=dict, hash=False, compare=False)

    def translated(self, language: Language) -> "Message":
        """Return it with its texts in a language."""
        if language == "en" or self.rule not in WORDS:
            return self
        if not self.params and "{" in "".join(WORDS[self.rule]):
            return self
        text, help = (filled(one, self.params) for one in WORDS[self.rule])
        return replace(self, text=text, help=help)


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


def letter(messages: Sequence[Message], house: str, language: Language = "en") -> Letter:
    """Put messages together. Of one alert only the newest counts: what came and went while nobody
    could be told is told as over."""
    newest = {one.alert: one.translated(language) for one in messages}
    some = tuple(newest.values())
    if len(some) == 1:
        return _single(some[0], house, language)
    phrases = PHRASES[language]
    firing = [one for one in some if not one.over]
    over = [one for one in some if one.over]
    parts = []
    if firing:
        parts.append(phrases.new_count.format(count=len(firing)))
    if over:
        parts.append(phrases.over_count.format(count=len(over)))
    lines = [_fires(one, language) for one in firing[:MAX_LISTED]]
    lines += [phrases.over.format(text=one.text) for one in over[: MAX_LISTED - len(lines)]]
    if len(lines) < len(some):
        lines.append(phrases.more.format(count=len(some) - len(lines)))
    worst = "success"
    for level in ("info", "warning", "critical"):
        if any(one.level == level for one in firing):
            worst = _TYPE[level]
    title = f"{house}: {phrases.and_.join(parts)}"
    return Letter(title, "\n".join(lines), worst, some)  # type: ignore[arg-type]


def _single(one: Message, house: str, language: Language) -> Letter:
    phrases = PHRASES[language]
    if one.over:
        lasted = _lasted((one.at_ms - one.since_ms) // 1000, language)
        title = f"{house}: {phrases.over_title.format(text=one.text)}"
        body = phrases.over_after.format(lasted=lasted, text=one.text)
        return Letter(title, body, "success", (one,))
    body = f"{one.text}\n{one.help}\n{phrases.since.format(at=_utc(one.since_ms))}"
    return Letter(f"{house}: {_fires(one, language)}", body, _TYPE[one.level], (one,))  # type: ignore[arg-type]


def _fires(one: Message, language: Language) -> str:
    phrases = PHRASES[language]
    return phrases.fires.format(level=phrases.level[one.level], text=one.text)


def _utc(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_ms / 1000))


def _lasted(seconds: int, language: Language) -> str:
    phrases = PHRASES[language]
    if seconds < 120:
        return phrases.seconds.format(count=max(0, seconds))
    if seconds < 7200:
        return phrases.minutes.format(count=seconds // 60)
    return phrases.hours.format(count=seconds // 3600)


def trial(house: str, now_ms: int, language: Language = "en") -> Letter:
    """Return what the test button sends."""
    phrases = PHRASES[language]
    one = Message("test", "test", "", "info", False, phrases.trial, "", now_ms, now_ms)
    return Letter(f"{house}: {phrases.trial_title}", phrases.trial, "info", (one,))
