"""The bodies of SRS's HTTP callbacks, field by field as SRS 5 sends them."""

import hashlib
from enum import StrEnum
from typing import Any

from .boot import Boot
from .clients import Client

VHOST = "__defaultVhost__"


class Action(StrEnum):
    CONNECT = "on_connect"
    CLOSE = "on_close"
    PUBLISH = "on_publish"
    UNPUBLISH = "on_unpublish"
    PLAY = "on_play"
    STOP = "on_stop"
    HLS = "on_hls"
    DVR = "on_dvr"


def object_id(*parts: str) -> str:
    """Return an id in SRS's form that is the same after a restart."""
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return f"vid-{digest[:7]}"


VHOST_ID = object_id(VHOST)


def stream_id(app: str, stream: str) -> str:
    return object_id(VHOST, app, stream)


def callback_body(action: Action, client: Client, boot: Boot) -> dict[str, Any]:
    """Return the body of ``action``; on_hls and on_dvr are completed by the caller."""
    body: dict[str, Any] = {
        "server_id": boot.server_id,
        "service_id": boot.boot_id,
        "action": action.value,
        "client_id": client.id,
        "ip": client.ip,
        "vhost": VHOST,
        "app": client.app,
    }
    if action is Action.CLOSE:
        return {**body, "send_bytes": client.send_bytes, "recv_bytes": client.recv_bytes}
    body |= {"tcUrl": client.tc_url, "stream": client.stream, "param": client.param}
    if action in (Action.CONNECT, Action.PLAY):
        body["pageUrl"] = client.page_url
    if action is not Action.CONNECT:
        body |= {
            "stream_url": client.url,
            "stream_id": stream_id(client.app, client.stream),
        }
    return body
