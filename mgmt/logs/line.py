"""One line of a log: its time, its level and its words, whoever wrote it."""

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from ...core.log import SECRET_FIELDS
from ...core.redact import redact_text

LEVELS = ("debug", "info", "warning", "error")
MAX_TEXT = 4000
"""Of one line; the rest is cut off."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# 2026/11/21 15:48:52 [notice] 16565#16565: ...
_NGINX = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[(\w+)\] (?:\d+#\d+: )?")
# 16535:M 21 Nov 2026 15:48:53.205 # ...
_REDIS = re.compile(r"\d+:[A-Z] (\d\d) (\w{3}) (\d{4}) (\d\d:\d\d:\d\d)\.(\d{3}) ([.\-*#]) ")
# [2026-11-21 15:48:53.205][WARN][1][abc] ...
_SRS = re.compile(
    r"\[(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)\.(\d{3})\]\[(\w+)\]"
    r"(?:\[\d+\])?(?:\[\w*\])?(?:\[\d+\])? ?"
)
# time=2026-11-21T15:48:53.205Z level=INFO source=... msg="..."
_LOGFMT = re.compile(r"(?:ts|time)=\"?([0-9T:.\-]+Z)\"? .*?\blevel=(\w+) ?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMES = {
    "trace": "debug",
    "verbose": "debug",
    "verb": "debug",
    "debug": "debug",
    "info": "info",
    "notice": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "err": "error",
    "crit": "error",
    "critical": "error",
    "alert": "error",
    "emerg": "error",
    "fatal": "error",
}
# SRS warns of everybody who hangs up: each player, each look at its figures.
_SRS_GOODBYE = re.compile(r"client disconnect peer\. ret=10(?:07|08|09)$")
_REDIS_MARKS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
_FIRST = ("event", "level", "timestamp", "service")


@dataclass(slots=True)
class Line:
    """``at_ms``: since the epoch; 0 for a line that tells no time. ``offset`` orders lines of one
    time and service."""

    at_ms: int
    service: str
    level: str
    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    offset: int = 0

    @property
    def id(self) -> str:
        return f"{self.at_ms}-{self.offset}-{self.service}"

    @property
    def key(self) -> tuple[int, str, int]:
        return self.at_ms, self.service, self.offset

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id} | {k: v for k, v in asdict(self).items() if k != "offset"}

    def plain(self) -> str:
        """Return it as one line of text for people."""
        at = datetime.fromtimestamp(self.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        facts = "".join(f" {name}={_shown(value)}" for name, value in self.fields.items())
        when = f"{at} " if self.at_ms else ""
        return f"{when}{self.service} {self.level}: {self.text}{facts}"


def key_of(id_: str) -> tuple[int, str, int] | None:
    """Return the key of a line's id; None when it is no id."""
    parts = id_.split("-", 2)
    if len(parts) != 3 or not parts[0].isdigit() or not parts[1].isdigit():
        return None
    return int(parts[0]), parts[2], int(parts[1])


def parse(raw: bytes, service: str, at_ms: int = 0) -> Line:
    """Read one line of any of our programs; secrets are hidden in what is returned.

    ``at_ms``: when it was written, for one that does not tell.
    """
    if raw.startswith(b"{"):
        found = _ours(raw, service, at_ms)
        if found is not None:
            return found
    text = _COLOUR.sub("", raw[: MAX_TEXT * 4].decode(errors="replace")).strip()
    level, at, begin = _of_other_programs(text)
    return Line(at or at_ms, service, level, redact_text(text[begin:])[:MAX_TEXT])


def _ours(raw: bytes, service: str, at_ms: int) -> Line | None:
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or "event" not in said:
        return None
    facts = {name: _hide(name, value) for name, value in said.items() if name not in _FIRST}
    return Line(
        _iso_ms(str(said.get("timestamp", ""))) or at_ms,
        service,
        _NAMES.get(str(said.get("level", "")).lower(), "info"),
        redact_text(str(said["event"]))[:MAX_TEXT],
        facts,
    )


def _hide(name: str, value: Any) -> Any:
    if name in SECRET_FIELDS:
        return "***"
    if isinstance(value, str):
        return redact_text(value)[:MAX_TEXT]
    if isinstance(value, list):
        return [_hide("", one) for one in value]
    if isinstance(value, dict):
        return {key: _hide(key, one) for key, one in value.items()}
    return value


def _of_other_programs(text: str) -> tuple[str, int, int]:
    """Return (level, ms since the epoch or 0, where its words begin)."""
    if found := _NGINX.match(text):
        year, month, day, clock, level = found.groups()
        at = _local_ms(int(year), int(month), int(day), clock)
        return _NAMES.get(level, "info"), at, found.end()
    if found := _REDIS.match(text):
        day, name, year, clock, ms, mark = found.groups()
        month = _MONTHS.index(name) + 1 if name in _MONTHS else 1
        at = _local_ms(int(year), month, int(day), clock) + int(ms)
        return _REDIS_MARKS[mark], at, found.end()
    if found := _SRS.match(text):
        year, month, day, clock, ms, level = found.groups()
        at = _local_ms(int(year), int(month), int(day), clock) + int(ms)
        if _SRS_GOODBYE.match(text, found.end()):
            level = "debug"
        return _NAMES.get(level.lower(), "info"), at, found.end()
    if found := _LOGFMT.match(text):
        return _NAMES.get(found[2].lower(), "info"), _iso_ms(found[1]), found.end()
    return "info", 0, 0


@lru_cache(maxsize=64)
def _local_ms(year: int, month: int, day: int, clock: str) -> int:
    """These programs write the time of the machine's zone."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    try:
        return int(datetime(year, month, day, hour, minute, min(second, 59)).timestamp()) * 1000
    except ValueError:
        return 0


def _iso_ms(stamp: str) -> int:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
