"""Plays the manager of a release for tests of the runner: its socket, the page's API and the media
server, as far as an upgrade asks them. How it behaves stands in files of its release:
``wont-start`` (exit status 78), ``sick`` (a program is not healthy), ``deaf`` (it never answers).
"""

import asyncio
import json
import os
import signal
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from streamstead.core.settings import Settings
from streamstead.mgmt.lock import only_one
from streamstead.mgmt.upgrade.migrations import Migration, Migrations
from streamstead.mgmt.upgrade.specs import hashes

RELEASE = Path(sys.prefix)
NAME = RELEASE.parent.name
VERSION = NAME.rpartition("-")[0]


def marked(name: str) -> bool:
    return (RELEASE.parent / name).exists()


class Answers(BaseHTTPRequestHandler):
    media: int
    settings: Settings

    def log_message(self, format: str, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return ""

    def reply(self, found: Any) -> None:
        raw = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        services = [
            {"name": "media", "state": "running", "detail": "", "pid": self.media},
            {"name": "hooks", "state": "backoff" if marked("sick") else "running",
             "detail": "sick on purpose" if marked("sick") else "", "pid": 1},
        ]  # fmt: skip
        known: dict[str, Any] = {
            "/v1/status": {"services": services, "runtime": "process"},
            "/v1/upgrade/release": {"release": NAME, "version": VERSION},
            "/terraform/v1/mgmt/versions": {"version": VERSION},
            "/terraform/v1/mgmt/streams/query": {"streams": [{"url": "live/cam"}]},
        }
        if path == "/v1/upgrade/specs":
            self.reply({"code": 0, "data": asyncio.run(hashes(self.settings))})
        elif path == "/api/v1/clients/":
            self.reply({"code": 0, "clients": [{"url": "/live/cam", "publish": True}]})
        else:
            self.reply({"code": 0, "data": known.get(path)})


class Socket(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def main() -> int:
    settings = Settings.load(Path(sys.argv[sys.argv.index("--data") + 1]))
    data = settings.data
    if marked("wont-start"):
        print("sick on purpose", file=sys.stderr)
        return 78
    with only_one(data.run / "mgmt.lock"):
        forms = [Migration(2, "a new form", lambda d: (d.config / "new-form").touch())]
        if marked("no-way-back"):
            Migrations(data, forms).forward()
        else:
            Migrations(data).forward()
        Answers.settings = settings
        Answers.media = int((data.root / "media.pid").read_text())
        if marked("deaf"):
            time.sleep(600)
        data.mgmt_socket.unlink(missing_ok=True)
        servers: list[socketserver.BaseServer] = [Socket(str(data.mgmt_socket), Answers)]
        for port in (settings.http_port, settings.platform_port, settings.srs_api_port):
            servers.append(ThreadingHTTPServer(("127.0.0.1", port), Answers))
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        stop.wait()
        os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
