"""Events as the registry appends them, and a log in a directory of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from streamstead.core.events import Event, EventType
from streamstead.platform.session_log import SessionLog
from streamstead.platform.stats_files import DayFiles
from streamstead.platform.stats_queries import Range, SessionRow, StatsReader

DAY_S = 86_400
NOON = 1_790_000_000 // DAY_S * DAY_S + DAY_S // 2
"""Noon of some day, in seconds."""

_numbers = count(1)


@dataclass
class Visit:
    """One session as a test means it; times in ms."""

    client_id: str
    since_ms: int
    ended_ms: int | None = None
    kind: str = "play"
    protocol: str = "flv"
    app: str = "live"
    stream: str = "cam"
    ip: str = "203.0.113.77"
    user_agent: str = "VLC/3.0.18"
    more: dict[str, Any] = field(default_factory=dict)

    def _data(self) -> dict[str, Any]:
        return {
            "client_id": self.client_id,
            "kind": self.kind,
            "state": "live",
            "protocol": self.protocol,
            "vhost": "__defaultVhost__",
            "app": self.app,
            "stream": self.stream,
            "url": f"{self.app}/{self.stream}",
            "ip": self.ip,
            "since_ms": self.since_ms,
            "param": "",
            "user_agent": self.user_agent,
            **self.more,
        }

    def began(self) -> Event:
        publishes = self.kind == "publish"
        type_ = EventType.STREAM_PUBLISHED if publishes else EventType.VIEWER_JOINED
        return event(type_, self.since_ms, self._data())

    def ended(self, sent: int = 1000, received: int = 10, reason: str = "on_stop") -> Event:
        assert self.ended_ms is not None
        over = {
            "reason": reason,
            "ended_ms": self.ended_ms,
            "send_bytes": sent,
            "recv_bytes": received,
        }
        publishes = self.kind == "publish"
        type_ = EventType.STREAM_UNPUBLISHED if publishes else EventType.VIEWER_LEFT
        return event(type_, self.ended_ms, {**self._data(), **over})

    def closed(self, at_ms: int, sent: int, received: int) -> Event:
        data = {"client_id": self.client_id, "send_bytes": sent, "recv_bytes": received}
        return event(EventType.SESSION_CLOSED, at_ms, data)


def event(type_: EventType, at_ms: int, data: dict[str, Any]) -> Event:
    entry_id = f"{at_ms}-{next(_numbers)}"
    return Event(entry_id, f"{type_.value}:{data['client_id']}", type_.value, at_ms, "", data)


class Book:
    """A session log and its reader; ``now_ms`` is the clock."""

    def __init__(self, root: Path, now_ms: int = (NOON + DAY_S) * 1000, **limits: int) -> None:
        self.root = root
        self.now_ms = now_ms
        self.files = DayFiles(root)
        self.log = SessionLog(self.files, lambda: self.now_ms, **limits)
        self.reader = StatsReader(self.files, limit_s=60)

    def visits(self, *visits: Visit) -> None:
        """Write sessions from their beginning to their end, if they have one."""
        self.log.record([visit.began() for visit in visits])
        self.log.record([visit.ended() for visit in visits if visit.ended_ms is not None])

    def rows(self, **asked: Any) -> list[SessionRow]:
        everything = Range(NOON - 80 * DAY_S, NOON + 9 * DAY_S)
        return self.reader.sessions(everything, None, None, 1_000_000, **asked)

    def row(self) -> SessionRow:
        (only,) = self.rows()
        return only

    def curve(self, from_s: int, to_s: int, step_s: int = 1) -> list[tuple[int, int]]:
        """Return (viewers, peak) by step."""
        answer = self.reader.viewers(Range(from_s, to_s), step_s)
        return [(point.viewers, point.peak) for point in answer.points]


def file_bytes(root: Path) -> bytes:
    """Return everything below a directory, in one piece."""
    return b"\0".join(path.read_bytes() for path in sorted(root.iterdir()))


def merged(*groups: Sequence[Event]) -> list[Event]:
    return [one for group in groups for one in group]
