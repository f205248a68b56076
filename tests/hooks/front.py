"""nginx with the real template before the real gatekeeper, and a media server that echoes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from streamstead.core.settings import Settings
from streamstead.hooks.gates import Gates
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.front import front_spec

from ..conftest import RedisServer, wait_until

API = "/terraform/v1"
LIMIT_S = 60.0


class EchoingServer:
    """Stands for the media server: lists whom the test names, and answers every request for media
    with what it was asked."""

    def __init__(self, api_port: int, http_port: int) -> None:
        self.streams: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = []
        self.kicked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_GET  # noqa: N815 - the library's names
            do_DELETE = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                return

        self._servers = [
            ThreadingHTTPServer(("127.0.0.1", port), Handler) for port in (api_port, http_port)
        ]
        for one in self._servers:
            one.daemon_threads = True
            threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        sent = request.rfile.read(length).decode()
        path = request.path.partition("?")[0]
        body: dict[str, Any] = {"code": 0, "pid": "1", "service": "svc-1", "server": "vid-1"}
        if path == "/api/v1/streams/":
            body["streams"] = self.streams
        elif path == "/api/v1/clients/":
            body["clients"] = self.clients
        elif path.startswith("/api/v1/clients/") and request.command == "DELETE":
            client_id = path.rpartition("/")[2]
            self.kicked.append(client_id)
            self.clients = [one for one in self.clients if one["id"] != client_id]
        elif not path.startswith("/api/"):
            headers = {name.lower(): value for name, value in request.headers.items()}
            body = {"target": request.path, "headers": headers, "sent": sent}
        raw = json.dumps(body).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    def close(self) -> None:
        for one in self._servers:
            one.shutdown()
            one.server_close()


class FrontDoor:
    """What a viewer, an operator and the media server can do."""

    def __init__(self, settings: Settings, media: EchoingServer, redis: RedisServer) -> None:
        self.settings = settings
        self.media = media
        self.redis = redis
        self.gates = Gates(settings.data.gates)
        self.hooks: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{settings.http_port}", timeout=LIMIT_S, trust_env=False
        )
        self._secret = settings.api_secret.get_secret_value()

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def call(self, path: str, **body: Any) -> Any:
        """Use the API as the operator."""
        headers = {"Authorization": f"Bearer {self._secret}"}
        reply = self.client.post(API + path, json=body, headers=headers)
        assert reply.status_code == 200, (path, reply.status_code, reply.text)
        return reply.json()["data"]

    def callback(self, action: str, client_id: str, stream: str, **fields: str) -> int:
        """Send what the media server sends; returns the status of the answer."""
        secret = self.settings.hook_secret.get_secret_value()
        url = f"http://127.0.0.1:{self.settings.hooks_port}{API}/hooks/srs/verify?hook={secret}"
        body = {
            "action": action,
            "client_id": client_id,
            "server_id": "vid-1",
            "service_id": "svc-1",
            "ip": "203.0.113.9",
            "vhost": "__defaultVhost__",
            "app": "live",
            "stream": stream,
            "tcUrl": "rtmp://203.0.113.1/live",
            "param": "",
        }
        return httpx.post(url, json=body | fields, timeout=LIMIT_S, trust_env=False).status_code

    def publish(self, stream: str, param: str = "") -> None:
        """Make a stream live, with a playlist and a segment of it on disk; ``param`` in place of
        the secret."""
        param = param or f"?secret={self.call('/hooks/srs/secret/query')['publish']}"
        client_id = f"pub-{stream}"
        self.media.clients.append(
            {"id": client_id, "url": f"/live/{stream}", "publish": True, "type": "fmle-publish"}
        )
        self.media.streams.append(
            {
                "id": f"vid-{stream}",
                "name": stream,
                "vhost": "vid-1",
                "app": "live",
                "url": f"/live/{stream}",
                "publish": {"active": True, "cid": client_id},
            }
        )
        ip = "127.0.0.1" if "grant=" in param else "203.0.113.9"
        assert self.callback("on_publish", client_id, stream, param=param, ip=ip) == 200
        live = self.settings.data.html / "live"
        live.mkdir(exist_ok=True)
        (live / f"{stream}-1.ts").write_bytes(b"G" * 188)
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{stream}-1.ts\n"
        (live / f"{stream}.m3u8").write_text(text)

    def end(self, stream: str) -> None:
        """Take a stream off the air; what it left on disk stays."""
        client_id = f"pub-{stream}"
        self.media.clients = [one for one in self.media.clients if one["id"] != client_id]
        self.media.streams = [one for one in self.media.streams if one["name"] != stream]
        assert self.callback("on_unpublish", client_id, stream) == 200

    def enter(self, path: str) -> str:
        """Begin with HLS as a player does; returns the address of the session's playlist."""
        reply = self.get(path)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"].startswith("application/vnd.apple.mpegurl")
        variant = [line for line in reply.text.splitlines() if line and line[0] != "#"]
        return reply.url.join(variant[0]).raw_path.decode()

    def viewers(self, stream: str) -> list[dict[str, Any]]:
        found = self.call("/hooks/viewers/query", app="live", stream=stream)
        return list(found["viewers"])

    def start_hooks(self) -> None:
        program = Path(sys.prefix) / "bin" / "streamstead"
        argv = [str(program), "serve", "hooks", "--data", str(self.settings.data_dir)]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMSTEAD_")}
        with (self.settings.data.logs / "hooks.log").open("ab") as log:
            self.hooks = subprocess.Popen(argv, env=inherited, stdout=log, stderr=log)
        wait_until(self._ready, "hooks answers and the store is known", LIMIT_S)

    def _ready(self) -> bool:
        try:
            headers = {"Authorization": f"Bearer {self._secret}"}
            reply = self.client.post(
                f"{API}/hooks/srs/secret/query", json={}, headers=headers
            ).json()
            state = self.call("/hooks/store/query")["state"]
            return bool(reply["data"]["publish"]) and state == "ready"
        except (httpx.HTTPError, KeyError, AssertionError):
            return False

    def kill_hooks(self) -> None:
        assert self.hooks is not None
        self.hooks.send_signal(signal.SIGKILL)
        self.hooks.wait(LIMIT_S)


def _write_settings(settings: Settings) -> None:
    lines = []
    for name, value in settings:
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if plain not in (None, "") and name != "data_dir":
            lines.append(f"STREAMSTEAD_{name.upper()}={plain}\n")
    settings.data.env_file.write_text("".join(lines))


@contextmanager
def opened(settings: Settings) -> Iterator[FrontDoor]:
    """Start everything, and stop it."""
    root = os.geteuid() == 0
    # As in life: root starts nginx, and its workers are another user who must reach the files.
    account = Account("nobody", 65534, 65534) if root else Account("", os.geteuid(), os.getegid())
    settings.data_dir.chmod(0o755)
    prepare(settings.data, account)
    _write_settings(settings)
    spec = front_spec(Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED))
    ConfigFiles(spec, settings.data, account).write()
    redis = RedisServer(settings)
    media = EchoingServer(settings.srs_api_port, settings.srs_http_port)
    with (settings.data.logs / "front.log").open("ab") as log:
        nginx = subprocess.Popen(spec.argv, stderr=log)
    door = FrontDoor(settings, media, redis)
    try:
        door.start_hooks()
        yield door
    finally:
        door.client.close()
        for child in (nginx, door.hooks):
            if child is not None:
                child.terminate()
                child.wait(LIMIT_S)
        media.close()
        redis.client.close()
        redis.kill()
