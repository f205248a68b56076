"""What a message to somebody else's server says: our fields, and those that Oryx's servers read."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from .events import Event, EventType
from .registry import DEFAULT_VHOST

MAX_BYTES = 4096
_LONG = 300

_ACTIONS = {
    EventType.STREAM_PUBLISHED.value: "on_publish",
    EventType.STREAM_UNPUBLISHED.value: "on_unpublish",
    EventType.VIEWER_JOINED.value: "on_play",
    EventType.VIEWER_LEFT.value: "on_stop",
    EventType.SEGMENT_READY.value: "on_hls",
    EventType.RECORDING_STARTED.value: "on_record_begin",
    EventType.RECORDING_FINISHED.value: "on_record_end",
    EventType.RECORDING_FAILED.value: "on_record_end",
}

_ARTIFACT = ("uuid", "artifact_code", "artifact_path", "artifact_url")
"""Fields of a recording's events that Oryx's servers look for at the top."""


def action_of(type_: str) -> str:
    """Return the name that the media server has for this happening; else our own type."""
    return _ACTIONS.get(type_, type_)


def delivery_id(target_id: str, event: Event) -> str:
    """Return the id of the one delivery of an event to a target. Ids sort as events follow each
    other: of those of the same millisecond the queue takes the smaller one first."""
    at_ms, _, number = event.entry_id.partition("-")
    told = hashlib.sha256(f"{target_id}\n{event.event_id}".encode()).hexdigest()[:8]
    return f"{target_id}.{int(at_ms):011x}{int(number):05x}{told}"


def message(
    request_id: str,
    event_id: str,
    type_: str,
    at_ms: int,
    url: str,
    data: Mapping[str, Any],
    opaque: str = "",
    host: str = "",
) -> str:
    """Return the JSON body: ``id``, ``type``, ``at_ms``, ``url`` (the stream as ``app/stream``, or
    empty), ``data``; and of Oryx ``request_id``, ``action``, ``opaque``, ``vhost``, ``app``,
    ``stream``, ``param``; with recordings ``uuid``, ``artifact_code``, ``artifact_path``,
    ``artifact_url``, the last beginning with ``host`` when there is one. 4 kB at most: long texts
    in ``data`` are cut, in the end all of it.
    """
    app, _, stream = url.rpartition("/")
    fields = {
        "id": event_id,
        "type": type_,
        "at_ms": at_ms,
        "url": url,
        "request_id": request_id,
        "action": action_of(type_),
        "opaque": opaque,
        "vhost": _text(data, "vhost") or DEFAULT_VHOST,
        "app": _text(data, "app") or app,
        "stream": _text(data, "stream") or stream,
        "param": _text(data, "param"),
        "data": dict(data),
    }
    fields |= {name: data[name] for name in _ARTIFACT if name in data}
    if host and "artifact_url" in fields:
        fields["artifact_url"] = f"{host.rstrip('/')}{fields['artifact_url']}"
    body = orjson.dumps(fields)
    if len(body) > MAX_BYTES:
        fields |= {"param": _short(fields["param"])}
        body = orjson.dumps(fields | {"data": {key: _short(it) for key, it in data.items()}})
    if len(body) > MAX_BYTES:
        body = orjson.dumps({key: _short(it) for key, it in fields.items()} | {"data": {}})
    return body.decode()


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    return value if isinstance(value, str) else ""


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONG:
        return value[:_LONG] + "…"
    return value
