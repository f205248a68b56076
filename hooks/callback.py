"""What SRS posts, read without trust: one flat object from a program that quotes its clients.

Source: recordings of SRS 5.0.216. Unknown fields are ignored, absent ones are empty.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from ..core.errors import Invalid, MalformedJson
from ..core.names import PLAYLIST, RESERVED_APPS
from ..core.registry import Kind, Protocol, Session, stream_url

MAX_NAME = 255
MAX_PARAM = 8192
MAX_KEPT_PARAM = 512
"""So much of it is stored, with each session and each of its events: viewers choose its length."""

MAX_FIELDS = 100

GRANT = "grant"
"""Parameter that our own front door appends; its value comes from core/signed.py."""

_SECRET_FIELDS = {"secret", "token", "key", "password", "sign", "signature", "auth_key", "pass"}


class Action(StrEnum):
    CONNECT = "on_connect"
    CLOSE = "on_close"
    PUBLISH = "on_publish"
    UNPUBLISH = "on_unpublish"
    PLAY = "on_play"
    STOP = "on_stop"
    HLS = "on_hls"
    DVR = "on_dvr"
    FORWARD = "on_forward"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback; text fields are stripped of nothing and may hold anything."""

    action: Action
    client_id: str
    server_id: str
    service_id: str
    ip: str
    vhost: str
    app: str
    stream: str
    param: str
    tc_url: str
    stream_id: str
    file: str
    seq_no: int
    duration_s: float
    sent: int
    received: int
    params: tuple[tuple[str, str], ...]
    """``param`` split; see ``parameters``."""

    @property
    def url(self) -> str:
        return stream_url(self.vhost, self.app, self.name)

    @property
    def name(self) -> str:
        """The stream; a viewer of a playlist names it with a suffix."""
        if self.action in (Action.PLAY, Action.STOP):
            return self.stream.removesuffix(PLAYLIST)
        return self.stream


def parse(body: bytes) -> Callback:
    """Read a body. Raises MalformedJson or Invalid; the message holds no value from it."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedJson("the callback is not valid JSON", "Is this really SRS?") from None
    if not isinstance(fields, dict):
        raise Invalid("the callback is not an object", "Is this really SRS?")
    try:
        action = Action(fields.get("action", ""))
    except ValueError:
        raise Invalid("the callback has no known action", "Is this really SRS?") from None
    param = _text(fields, "param", MAX_PARAM)
    callback = Callback(
        action=action,
        client_id=_text(fields, "client_id"),
        server_id=_text(fields, "server_id"),
        service_id=_text(fields, "service_id"),
        ip=_text(fields, "ip"),
        vhost=_text(fields, "vhost"),
        app=_text(fields, "app"),
        stream=_text(fields, "stream"),
        param=param,
        tc_url=_text(fields, "tcUrl", MAX_PARAM),
        stream_id=_text(fields, "stream_id"),
        file=_text(fields, "file", 4096),
        seq_no=int(_number(fields, "seq_no")),
        duration_s=float(_number(fields, "duration")),
        sent=max(0, int(_number(fields, "send_bytes"))),
        received=max(0, int(_number(fields, "recv_bytes"))),
        params=tuple(parameters(param)) if param else (),
    )
    if not callback.client_id:
        raise Invalid("the callback has no client_id", "Is this really SRS?")
    if action is not Action.CLOSE and action is not Action.CONNECT:
        _check_name(callback.app, "app")
        _check_name(callback.stream, "stream")
        if action is Action.PUBLISH and callback.app in RESERVED_APPS:
            raise Invalid(
                f"the app {callback.app} is reserved", "Publish to another one, such as live."
            )
        if action is Action.PUBLISH and callback.stream.endswith(PLAYLIST):
            # Its viewers would be taken for those of another stream's playlist.
            raise Invalid(f"the stream name ends in {PLAYLIST}", "Leave that out.")
    return callback


def _text(fields: dict[str, Any], name: str, limit: int = MAX_NAME) -> str:
    value = fields.get(name, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # client_id of old releases
    if not isinstance(value, str):
        raise Invalid(f"{name} is not a text", "Is this really SRS?")
    if len(value) > limit:
        raise Invalid(f"{name} is longer than {limit} characters", "Use a shorter one.")
    return value


def _number(fields: dict[str, Any], name: str) -> float:
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{name} is not a number", "Is this really SRS?")
    return value


def _check_name(name: str, what: str) -> None:
    """App and stream become file names, keys and addresses: no path, no control characters."""
    if not name or name.startswith(".") or ".." in name:
        raise Invalid(f"the {what} name is not allowed", "Use letters, digits, - and _.")
    if any(ch in "/\\|?#" or not ch.isprintable() for ch in name):
        raise Invalid(f"the {what} name has a character that is not allowed", "Use letters.")


def parameters(param: str) -> list[tuple[str, str]]:
    """Split ``param`` of any protocol: ``?a=b`` (RTMP, HTTP), ``a=b`` (SRT, WebRTC).

    Raises Invalid when there are more than 100 of them.
    """
    try:
        return parse_qsl(
            param.lstrip("?"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="replace"
        )
    except ValueError:
        raise Invalid(f"more than {MAX_FIELDS} parameters", "Send fewer.") from None


def parameter(callback: Callback, name: str) -> str:
    """Return one parameter, empty when it is absent or there twice.

    Two values could be read differently by two programs, so neither counts.
    """
    found = [value for key, value in callback.params if key == name]
    return found[0] if len(found) == 1 else ""


def redacted(callback: Callback) -> str:
    """Return ``param`` with the values of secret parameters replaced."""
    if not callback.params:
        return callback.param if callback.param in ("", "?") else ""
    lead = "?" if callback.param.startswith("?") else ""
    shown = [
        (name, "***" if name.lower() in _SECRET_FIELDS else value)
        for name, value in callback.params
        if name != GRANT
    ]
    return lead + urlencode(shown, safe="*")


def protocol_of(callback: Callback) -> Protocol:
    """Tell the protocol. SRS does not name it; ``tcUrl`` and ``param`` have one form each."""
    tc_url, param = callback.tc_url, callback.param
    if callback.stream != callback.name:
        return Protocol.HLS
    if tc_url.startswith("srt://") or "upstream=srt" in param:
        return Protocol.SRT
    if tc_url == "" or "upstream=rtc" in param:
        return Protocol.WEBRTC
    if callback.action in (Action.PLAY, Action.STOP) and (
        tc_url.startswith(("http", "rtmp://__defaultVhost__/"))
    ):
        return Protocol.FLV
    return Protocol.RTMP


def session_of(callback: Callback, kind: Kind, now_ms: int) -> Session:
    """Make the registry's entry of a publisher or viewer."""
    return Session(
        client_id=callback.client_id,
        kind=kind,
        protocol=protocol_of(callback),
        vhost=callback.vhost,
        app=callback.app,
        stream=callback.name,
        url=callback.url,
        ip=callback.ip,
        since_ms=now_ms,
        param=redacted(callback)[:MAX_KEPT_PARAM],
        server_id=callback.server_id,
        service_id=callback.service_id,
        stream_id=callback.stream_id,
    )
