"""A real engine (shim and nginx-rtmp), a hook server that notes everything, and real ffmpeg."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings

from ..conftest import free_port, need

SECRET = "good"
RUN = (
    "import sys; from pathlib import Path; from streamstead.core.settings import Settings;"
    "from streamstead.core.runner import run;"
    "sys.exit(run(['engine'], Settings.load(Path(sys.argv[1]))))"
)
Body = dict[str, Any]


def eventually(check: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """Return the first true answer of ``check``; fail naming it."""
    end = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < end, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)
    return found


class Hooks:
    """The control plane as the engine sees it. ``allow`` decides; ``seen`` has every body."""

    def __init__(self, port: int) -> None:
        self.allow: Callable[[Body], bool] = allow_good_secret
        self.seen: list[Body] = []
        self.paths: list[str] = []
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hooks.seen.append(body)
                hooks.paths.append(self.path)
                reply = b'{"code":%d}' % (0 if hooks.allow(body) else 1)
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def of(self, stream: str, action: str = "") -> list[Body]:
        """Bodies about a stream, on_close of its clients included, in order."""
        mine = [b for b in list(self.seen) if b.get("stream") == stream]
        ids = {b["client_id"] for b in mine}
        found = [b for b in list(self.seen) if b["client_id"] in ids]
        return [b for b in found if action in ("", b["action"])]

    def actions(self, stream: str, *, hls: bool = False) -> list[str]:
        return [b["action"] for b in self.of(stream) if hls or b["action"] != "on_hls"]

    def wait(self, stream: str, action: str, count: int = 1) -> Body:
        eventually(lambda: len(self.of(stream, action)) >= count, f"{count} x {action} of {stream}")
        return self.of(stream, action)[count - 1]


def allow_good_secret(body: Body) -> bool:
    return body["action"] != "on_publish" or f"secret={SECRET}" in body["param"]


class Engine:
    """One engine in a process of its own, and how to treat it badly."""

    def __init__(self, settings: Settings, hooks: Hooks, prefix: Sequence[str] = ()) -> None:
        self.settings = settings
        self.hooks = hooks
        self._prefix = prefix
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.log = settings.data_dir / "shim.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def argv(self) -> list[str]:
        return [*self._prefix, sys.executable, "-c", RUN, str(self.settings.data_dir)]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(self.argv(), stderr=log)
        eventually(self.healthy, "the engine is healthy")

    def healthy(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, self.log.read_text()
        try:
            return self.http.get(self.api_url("/healthz")).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        return self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> int:
        if self._child is None:
            return 0
        self._child.send_signal(number)
        status = self._child.wait(30)
        self._child = None
        return status

    @property
    def nginx_pid(self) -> int:
        boot = json.loads((self.settings.data.run / "engine" / "boot.json").read_text())
        return int(boot["pid"])

    @property
    def worker_pid(self) -> int:
        """The worker of the nginx of this moment; 0 while there is none."""
        with suppress(FileNotFoundError, ProcessLookupError):  # who ends while we look is none
            children = Path(f"/proc/{self.nginx_pid}/task/{self.nginx_pid}/children").read_text()
            for pid in children.split():
                if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        return 0

    def api_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.settings.srs_api_port}{path}"

    def api(self, path: str) -> Body:
        found: Body = self.http.get(self.api_url(path)).json()
        return found

    def stream(self, name: str) -> Body | None:
        streams = self.api("/api/v1/streams/?count=1000")["streams"]
        return next((s for s in streams if s["name"] == name), None)

    def until_live(self, name: str, count: int = 1) -> Body:
        """Wait until the ``count``-th publisher of a stream is let in; return its on_publish.

        The question alone is not enough: the engine has yet to read the answer.
        """
        body = self.hooks.wait(name, "on_publish", count)
        eventually(
            lambda: (s := self.stream(name)) and s["publish"]["cid"] == body["client_id"],
            f"{name} is live",
        )
        return body

    def clients(self, name: str) -> list[Body]:
        clients = self.api("/api/v1/clients/?count=1000")["clients"]
        return [c for c in clients if c["name"] == name]

    def kick(self, client_id: str) -> Body:
        found: Body = self.http.delete(self.api_url(f"/api/v1/clients/{client_id}")).json()
        return found

    def rtmp(self, name: str, query: str = "") -> str:
        tail = f"?{query}" if query else ""
        return f"rtmp://127.0.0.1:{self.settings.rtmp_port}/live/{name}{tail}"

    def flv(self, name: str, query: str = "", scheme: str = "http") -> str:
        tail = f"?{query}" if query else ""
        return f"{scheme}://127.0.0.1:{self.settings.srs_http_port}/live/{name}.flv{tail}"

    def playlist(self, name: str) -> Path:
        return self.settings.data.html / "live" / f"{name}.m3u8"

    def close(self) -> None:
        self.stop()
        self.http.close()


@contextmanager
def running_engine(uid: int | None = None, **more: str) -> Iterator[Engine]:
    """Start an engine in a fresh data directory, as another account when ``uid`` is given.

    ``more`` are settings beside those that every test needs.
    """
    need("nginx")
    root = Path(tempfile.mkdtemp(prefix="ss-engine-"))
    root.chmod(0o755)
    (root / "config").mkdir()
    names = [n for n in Settings.model_fields if n.endswith("_port") and n[:4] != "web_"]
    values = {name: str(free_port()) for name in names}
    values["hls_fragment_s"] = "1"  # tests need not wait for the usual 2 s
    values |= {n: secrets.token_hex(8) for n in ("api_secret", "hook_secret", "redis_password")}
    values |= more
    lines = [f"STREAMSTEAD_{name.upper()}={value}\n" for name, value in values.items()]
    (root / "config" / ".env").write_text("".join(lines))
    settings = Settings.load(root, {})
    hooks = Hooks(settings.hooks_port)
    prefix: list[str] = []
    if uid is not None:
        prefix = [need("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        for path in (root, *root.rglob("*")):
            os.chown(path, uid, uid)
    engine = Engine(settings, hooks, prefix)
    try:
        engine.start()
        yield engine
    finally:
        engine.close()
        hooks.close()
        if "STREAMSTEAD_KEEP" not in os.environ:
            shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine shared by the tests of one file; each test uses a stream name of its own."""
    with running_engine() as found:
        yield found


@pytest.fixture
def own_engine() -> Iterator[Engine]:
    """An engine of this test alone, which may kill it."""
    with running_engine() as found:
        yield found


@pytest.fixture
def recording_engine() -> Iterator[Engine]:
    """An engine of this test alone that records what is published."""
    with running_engine(dvr="true") as found:
        yield found


@pytest.fixture
def humble_engine() -> Iterator[Engine]:
    """An engine of an account that may do nothing special."""
    if os.geteuid() != 0:
        pytest.skip("the whole test run is unprivileged already")
    if not all(path.stat().st_mode & 0o001 for path in Path(__file__).resolve().parents):
        pytest.skip("the checkout lies where other accounts may not look, such as below /root")
    with running_engine(uid=65534) as found:
        yield found


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of H.264 and AAC with a key frame every second."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    argv = [need("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"]
    argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "4"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
    argv += ["-pix_fmt", "yuv420p", "-g", "30", "-c:a", "aac", "-f", "flv", str(path)]
    subprocess.run(argv, check=True, timeout=60)
    return path


Publish = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def publish(clip: Path) -> Iterator[Publish]:
    """Start ffmpeg publishing the clip in a loop to an RTMP address; it is ended with the test."""
    children: list[subprocess.Popen[bytes]] = []

    def start(url: str) -> subprocess.Popen[bytes]:
        argv = [need("ffmpeg"), "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip)]
        argv += ["-c", "copy", "-f", "flv", url]
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()


def probe(url: str, timeout_s: float = 60) -> list[str]:
    """Return the codecs that ffprobe finds at an address, sorted."""
    argv = [need("ffprobe"), "-v", "error", "-analyzeduration", "1000000"]
    argv += ["-show_entries", "stream=codec_name", "-of", "csv=p=0", url]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
    return sorted(set(done.stdout.split()))  # a playlist repeats them for its program


@pytest.fixture
def tools() -> "Tools":
    return Tools()


class Tools:
    """Helpers for tests, which cannot import this file."""

    eventually = staticmethod(eventually)
    probe = staticmethod(probe)
    SECRET = SECRET
