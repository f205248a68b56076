"""Who did what, from where and when: a file that is only ever appended to.

Every call that changes something and needs a session or a key is noted by a middleware of all
services, once it was answered; so is every attempt to sign in. Secrets never get here: of the body
only the names of things are kept.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .files import open_plain
from .log import get_logger
from .redact import redact_text
from .scopes import Scope as Needed
from .scopes import needed_scope

log = get_logger(__name__)

_PREFIX = "/terraform/v1/"
_SIGN_IN = {"mgmt/login", "mgmt/init", "mgmt/logout", "mgmt/password"}
_TRIED = {"mgmt/login", "mgmt/init"}
OPERATOR, NOBODY = "admin", "nobody"
NOBODY_BYTES = 64_000_000
"""In a file that is this large strangers add nothing more: they must not fill the disk."""
# What of a body says which thing was meant.
_TARGETS = (
    "action", "id", "name", "app", "stream", "label", "title", "kind", "domain", "location",
    "backend", "homepage", "service", "enabled", "rule", "scope", "platform", "version", "strategy",
    "start", "duration", "zone", "source", "output", "recording", "client_id", "force", "dry_run",
)  # fmt: skip
AUDITED_HEADER = "x-streamstead-audited"
"""On calls to the manager that were noted already, by the service that took them."""

# How calls are named that need more than ``read`` for what they show, not for what they do.
_LOOKS = {"query", "list", "log", "check", "preview", "files"}
# Of a call that does many things: what it does to look.
_LOOKING = {"mgmt/containers": {"query", "stats", "logs"}}

_MAX_KEPT_BODY = 65_536
_MAX_VALUE = 120


def append(folder: Path, who: str, what: str, target: str, address: str, result: str) -> None:
    """Note one deed in ``<folder>/<year>-<month>.jsonl``: ``at_ms, who, what, target, from,
    result`` a line. ``result``: ``ok`` or the key of the refusal.

    A disk that does not take it is logged and stops nobody: the operator may be making room.
    """
    now = time.time_ns() // 1_000_000
    entry = {
        "at_ms": now,
        "who": who,
        "what": what,
        "target": redact_text(target),
        "from": address,
        "result": result,
    }
    name = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m.jsonl")
    try:
        fd = open_plain(folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o660)
        try:
            if who == NOBODY and os.fstat(fd).st_size > NOBODY_BYTES:
                return
            # One write of one line: several processes never mix theirs.
            os.write(fd, orjson.dumps(entry) + b"\n")
        finally:
            os.close(fd)
    except OSError as exc:
        log.error("audit.not_written", what=what, who=who, error=exc.strerror)


class AuditTrail:
    """ASGI middleware. ``app.state.audit_folder`` says where; without it nothing is noted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        answer = bytearray()
        status = 500

        async def reading() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(body) < _MAX_KEPT_BODY:
                body.extend(message.get("body", b"")[:_MAX_KEPT_BODY])
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif status >= 400 and len(answer) < _MAX_KEPT_BODY:
                answer.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, reading, sending)
        finally:
            self._note(scope, bytes(body), status, bytes(answer))

    def _note(self, scope: Scope, body: bytes, status: int, answer: bytes) -> None:
        folder = getattr(getattr(scope.get("app"), "state", None), "audit_folder", None)
        route = scope.get("route")
        if folder is None or route is None:
            return
        what = str(route.path).removeprefix(_PREFIX)
        state: Mapping[str, Any] = scope.get("state") or {}
        principal = state.get("principal")
        fields = _fields_of(body)
        if principal is None:
            # A stranger chooses neither what is written down nor how much of it.
            if what not in _TRIED or (what == "mgmt/init" and not fields.get("password")):
                return
            fields = {}
        elif what not in _SIGN_IN and (
            needed_scope(route.path, scope["method"]) is Needed.READ
            or (status < 400 and _only_looks(what, fields))
        ):
            return
        who = principal.name if principal is not None else OPERATOR if status < 400 else NOBODY
        headers = Headers(scope=scope)
        append(
            folder,
            who=who,
            what=what,
            target=_target_of(fields, scope.get("path_params") or {}),
            address=headers.get("x-real-ip") or (scope.get("client") or ("",))[0],
            result="ok" if status < 400 else str(_data_of(answer).get("key") or status),
        )


def _only_looks(what: str, fields: Mapping[str, Any]) -> bool:
    """Tell whether a call changes nothing: pages make such calls all the time."""
    return what.rpartition("/")[2] in _LOOKS or fields.get("action") in _LOOKING.get(what, ())


def _fields_of(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _data_of(answer: bytes) -> dict[str, Any]:
    data = _fields_of(answer).get("data")
    return data if isinstance(data, dict) else {}


def _target_of(fields: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    told = {**{name: fields[name] for name in _TARGETS if name in fields}, **params}
    plain = {k: v for k, v in told.items() if isinstance(v, str | int | float | bool) and v != ""}
    return " ".join(f"{name}={str(value)[:_MAX_VALUE]}" for name, value in plain.items())
