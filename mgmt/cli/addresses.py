"""Addresses to copy: where an encoder publishes, and where viewers watch."""

import socket
from urllib.parse import quote

from ...core.settings import Settings


def public_host(settings: Settings) -> str:
    """Return the address that others most likely reach this machine by."""
    if settings.candidate:
        return settings.candidate
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing: the kernel only chooses the route and with it our address.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def publish_addresses(settings: Settings, app: str, stream: str, secret: str) -> dict[str, str]:
    """Return what an encoder needs, by protocol; ``server`` and ``key`` are for RTMP."""
    host = public_host(settings)
    streamid = f"#!::r={app}/{stream},secret={secret},m=publish"
    return {
        "server": f"rtmp://{host}{_rtmp_port(settings)}/{quote(app)}/",
        "key": f"{quote(stream)}?secret={secret}",
        "srt": f"srt://{host}:{settings.srt_port}?streamid={streamid}",
        "whip": f"http://{host}:{settings.http_port}/rtc/v1/whip/"
        f"?app={quote(app, '')}&stream={quote(stream, '')}&secret={secret}",
    }


def play_addresses(settings: Settings, app: str, stream: str, token: str) -> dict[str, str]:
    """Return every address that the pass ``token`` opens, by protocol."""
    host = public_host(settings)
    web, path = f"http://{host}:{settings.http_port}", f"{quote(app, '')}/{quote(stream, '')}"
    carried = quote(token, "")
    named = f"app={quote(app, '')}&stream={quote(stream, '')}"
    streamid = f"#!::r={app}/{stream},m=request,pass={token}"
    return {
        "watch": f"{web}/watch/{path}?pass={carried}",
        "hls": f"{web}/{path}.m3u8?pass={carried}",
        "flv": f"{web}/{path}.flv?pass={carried}",
        "whep": f"{web}/rtc/v1/whep/?{named}&pass={carried}",
        "rtmp": f"rtmp://{host}{_rtmp_port(settings)}/{path}?pass={carried}",
        "srt": f"srt://{host}:{settings.srt_port}?streamid={streamid}",
    }


def _rtmp_port(settings: Settings) -> str:
    return "" if settings.rtmp_port == 1935 else f":{settings.rtmp_port}"
