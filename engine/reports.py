"""The engine's facts in the shapes of SRS's HTTP API."""

import os
import resource
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..core.settings import Settings
from .boot import Boot
from .callbacks import VHOST, VHOST_ID, stream_id
from .clients import Client, ClientTable, Kind
from .events import Events
from .flv_gateway import FlvGateway
from .monitor import Monitor
from .rates import Kbps

MAJOR, MINOR, REVISION = 5, 0, 216
CONTRACT = f"{MAJOR}.{MINOR}.{REVISION}"
"""The SRS whose callbacks and API are spoken here."""
ENGINE = "embedded"
CAPABILITIES = ["rtmp", "hls", "flv", "ws-flv"]


class Reports:
    def __init__(
        self,
        settings: Settings,
        boot: Boot,
        table: ClientTable,
        monitor: Monitor,
        gateway: FlvGateway,
        events: Events,
    ) -> None:
        self._settings = settings
        self._boot = boot
        self._table = table
        self._monitor = monitor
        self._gateway = gateway
        self._events = events

    @property
    def nginx_answers(self) -> bool:
        return self._monitor.stat is not None

    def base(self) -> dict[str, Any]:
        """What every answer begins with; ``service`` and ``pid`` change when nginx starts anew."""
        return {
            "code": 0,
            "server": self._boot.server_id,
            "service": self._boot.boot_id,
            "pid": str(self._boot.pid),
            "engine": ENGINE,
            "capabilities": CAPABILITIES,
        }

    def versions(self) -> dict[str, Any]:
        return {"major": MAJOR, "minor": MINOR, "revision": REVISION, "version": CONTRACT}

    def features(self) -> dict[str, Any]:
        on = ("hls", "callback", "api", "httpd", "stat")
        off = ("ssl", "transcode", "ingest", "caster", "srt", "rtc", "h265")
        dvr = {"dvr": self._settings.dvr}
        return {"features": {**dict.fromkeys(on, True), **dvr, **dict.fromkeys(off, False)}}

    def streams(self) -> list[dict[str, Any]]:
        """Live streams; players that wait for a publisher are no stream."""
        publishers = [c for c in self._clients() if c.kind is Kind.PUBLISH]
        live = [c for c in publishers if self._table.publisher(c.app, c.stream) is c]
        return [self._stream(client) for client in live]

    def _stream(self, publisher: Client) -> dict[str, Any]:
        app, name = publisher.app, publisher.stream
        facts = self._monitor.stream(app, name)
        sent, pulled = self._gateway.traffic(app, name)
        video = facts.video if facts else None
        audio = facts.audio if facts else None
        return {
            "id": stream_id(app, name),
            "name": name,
            "vhost": VHOST_ID,
            "app": app,
            "tcUrl": publisher.tc_url,
            "url": publisher.url,
            "live_ms": publisher.since_ms,
            "clients": 1 + len(self._monitor.players(app, name)),
            "frames": 0,
            # nginx counts our own pull as a player; its viewers are what matters.
            "send_bytes": max(0, (facts.bytes_out if facts else 0) - pulled) + sent,
            "recv_bytes": facts.bytes_in if facts else 0,
            "kbps": asdict(self._monitor.rates.kbps((app, name))),
            "publish": {"active": True, "cid": publisher.id},
            "video": video
            and {
                "codec": video.codec,
                "profile": video.profile,
                "level": video.level.removesuffix(".0"),
                "width": video.width,
                "height": video.height,
            },
            "audio": audio
            and {
                "codec": audio.codec,
                "sample_rate": audio.sample_rate,
                "channel": audio.channels,
                "profile": audio.profile,
            },
        }

    def stream(self, wanted: str) -> dict[str, Any] | None:
        return next((s for s in self.streams() if s["id"] == wanted), None)

    def clients(self) -> list[dict[str, Any]]:
        return [self.client(client) for client in self._clients()]

    def _clients(self) -> list[Client]:
        return [c for c in self._table.settled() if c.kind is not Kind.INTERNAL]

    def client(self, client: Client) -> dict[str, Any]:
        rates = Kbps()
        if client.kind is Kind.PUBLISH:
            rates = Kbps(self._monitor.rates.kbps((client.app, client.stream)).recv_30s, 0)
        return {
            "id": client.id,
            "vhost": VHOST_ID,
            "stream": stream_id(client.app, client.stream),
            "ip": client.ip,
            "pageUrl": client.page_url,
            "swfUrl": client.swf_url,
            "tcUrl": client.tc_url,
            "url": client.url,
            "name": client.stream,
            "type": client.kind.value,
            "publish": client.kind is Kind.PUBLISH,
            "alive": round(max(0, time.time_ns() // 1_000_000 - client.since_ms) / 1000, 2),
            "send_bytes": client.send_bytes,
            "recv_bytes": client.recv_bytes,
            "kbps": asdict(rates),
        }

    def find(self, client_id: str) -> Client | None:
        client = self._table.get(client_id)
        known = client is not None and client in self._clients()
        return client if known else None

    def vhosts(self) -> list[dict[str, Any]]:
        stat = self._monitor.stat
        return [
            {
                "id": VHOST_ID,
                "name": VHOST,
                "enabled": True,
                "clients": len(self._clients()),
                "streams": len(self.streams()),
                "send_bytes": stat.bytes_out if stat else 0,
                "recv_bytes": stat.bytes_in if stat else 0,
                "kbps": asdict(self._monitor.rates.kbps(())),
                "hls": {"enabled": True, "fragment": float(self._settings.hls_fragment_s)},
            }
        ]

    def summaries(self) -> dict[str, Any]:
        stat = self._monitor.stat
        load = os.getloadavg()
        return {
            "ok": stat is not None,
            "now_ms": time.time_ns() // 1_000_000,
            "self": {
                "version": CONTRACT,
                "engine": ENGINE,
                "pid": self._boot.pid,
                "ppid": os.getpid(),
                "argv": "nginx (embedded engine)",
                "cwd": str(self._settings.data.html),
                "mem_kbyte": _rss_kbyte(os.getpid()) + (_rss_kbyte(stat.pid) if stat else 0),
                "srs_uptime": stat.uptime_s if stat else 0,
                "events": [asdict(event) for event in self._events.newest_first()],
            },
            "system": {
                "cpus": os.cpu_count() or 1,
                "load_1m": round(load[0], 2),
                "load_5m": round(load[1], 2),
                "load_15m": round(load[2], 2),
                "srs_recv_bytes": stat.bytes_in if stat else 0,
                "srs_send_bytes": stat.bytes_out if stat else 0,
                "conn_srs": len(self._clients()),
            },
        }

    def rusages(self) -> dict[str, Any]:
        """Usage of the shim alone."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "ok": True,
            "sample_time": time.time_ns() // 1_000_000,
            "ru_utime": int(used.ru_utime),
            "ru_stime": int(used.ru_stime),
            "ru_maxrss": used.ru_maxrss,
        }


def _rss_kbyte(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize() // 1024
