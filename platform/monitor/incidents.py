"""What has happened of late that matters: of all events the few that a person wants to read."""

from collections import deque
from collections.abc import Callable
from typing import Any

from ...core.events import Event, EventType
from .models import Incident, Params

MAX_KEPT = 30
MAX_WORDS = 200

_Level = dict[EventType, str]
_LEVELS: _Level = {
    EventType.STREAM_PUBLISHED: "info",
    EventType.STREAM_UNPUBLISHED: "info",
    EventType.CERTIFICATE_ISSUED: "info",
    EventType.CERTIFICATE_RENEWED: "info",
    EventType.UPGRADE_AVAILABLE: "info",
    EventType.UPGRADE_STARTED: "info",
    EventType.UPGRADE_FINISHED: "info",
    EventType.BACKUP_RESTORED: "info",
    EventType.SERVICE_UPGRADED: "info",
    EventType.AUTH_PASSWORD_CHANGED: "info",
    EventType.AUTH_KEY_CREATED: "info",
    EventType.RECORDING_RECOVERED: "info",
    EventType.STORE_EMPTIED: "warning",
}
_SAID = ("version", "to", "domain", "label", "service", "name", "title")


class Incidents:
    """``take`` every event; ``newest`` are the last 30 that matter, the newest first. ``changed``
    is called after each."""

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._kept: deque[Incident] = deque(maxlen=MAX_KEPT)
        self._changed = changed

    def take(self, event: Event) -> None:
        """Keep it, if it matters."""
        incident = incident_of(event)
        if incident is not None:
            self._kept.append(incident)
            self._changed()

    def newest(self) -> list[Incident]:
        return sorted(self._kept, key=lambda one: -one.at_ms)


def incident_of(event: Event) -> Incident | None:
    """Return what a person is told of an event; None for one that is of no interest.

    Alerts have the key ``alert_firing`` or ``alert_cleared``, the name of the rule as ``rule``, and
    the parameters of the rule's own message. Others have their type as the key, ``_`` for ``.``.
    """
    data = event.data
    if event.type in (EventType.ALERT_FIRING, EventType.ALERT_CLEARED):
        firing = event.type == EventType.ALERT_FIRING
        params = _plain(data.get("params") or {}) | {
            "rule": str(data.get("rule", "")),
            "text": str(data.get("text", ""))[:MAX_WORDS],
        }
        level = str(data.get("level", "warning")) if firing else "info"
        return _incident(event, level, params)
    found = _LEVELS.get(event.type)  # type: ignore[call-overload]
    if found is None:
        return None
    params = {"stream": event.stream} if event.stream else {}
    return _incident(event, found, params | _plain({k: data[k] for k in _SAID if k in data}))


def _incident(event: Event, level: Any, params: Params) -> Incident:
    return Incident(
        at_ms=event.at_ms,
        level=level if level in ("info", "warning", "critical") else "warning",
        key=event.type.replace(".", "_"),
        params=params,
        event=event.type,
    )


def _plain(data: dict[str, Any]) -> Params:
    return {
        name: value[:MAX_WORDS] if isinstance(value, str) else value
        for name, value in data.items()
        if isinstance(value, str | int | float)
    }
