"""A whole Streamstead in a scratch directory, started by ./bootstrap as an operator would."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "correct horse battery"
PORTS = (
    "HTTP",
    "RTMP",
    "PLATFORM",
    "HOOKS",
    "RECORDER",
    "FFMPEG",
    "SRS_API",
    "SRS_HTTP",
    "SRS_EXPORTER",
    "PROMETHEUS",
    "NODE_EXPORTER",
    "RTMPS",
    "ENGINE_NOTIFY",
    "ENGINE_STAT",
)
UDP_PORTS = ("RTC", "SRT")
API = "/terraform/v1"


class House:
    """One installation: its directory, ports, and what an operator can do with it."""

    def __init__(
        self, name: str, ports: Mapping[str, int], env: Mapping[str, str], runtime: str = "process"
    ) -> None:
        self.runtime = runtime
        # Short, and open to the service account: unix sockets lie below it.
        self.root = Path(tempfile.mkdtemp(prefix=f"ss-{name}-"))
        self.root.chmod(0o755)
        self.data = self.root / "data"
        self.ports = dict(ports)
        self.env = {f"STREAMSTEAD_{key}_PORT": str(port) for key, port in ports.items()}
        self.env |= {"STREAMSTEAD_WEB_HTTP_PORT": "0", "STREAMSTEAD_WEB_HTTPS_PORT": "0"}
        # Two programs more in every house; those that look at them switch it on.
        self.env |= {"STREAMSTEAD_MONITORING": "off"}
        self.env |= env
        self.output = ""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.ports['HTTP']}"

    @property
    def rtmp(self) -> str:
        return f"rtmp://127.0.0.1:{self.ports['RTMP']}/live"

    def reuse_release(self, other: "House") -> None:
        """Take the built release of another house: only the first one builds from nothing."""
        self.data.mkdir()
        (self.data / "releases").symlink_to(other.data / "releases")

    def bootstrap(self, *options: str, timeout_s: float = 600) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMSTEAD_")}
        done = subprocess.run(
            [
                str(ROOT / "bootstrap"),
                "--data",
                str(self.data),
                "--runtime",
                self.runtime,
                *options,
            ],
            env=inherited | self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        self.output = done.stdout + done.stderr
        return done

    def cli(self, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.data / "current/venv/bin/streamstead"), *words, "--data", str(self.data)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def setup_code(self) -> str:
        found = re.search(r"#code=(\S+)", self.output)
        assert found, self.output
        return found[1]

    @contextmanager
    def api(self) -> Iterator["Api"]:
        """Yield the API as the signed-in operator; the first call sets the password."""
        with httpx.Client(base_url=self.base + API, timeout=60, trust_env=False) as client:
            body = {"password": PASSWORD}
            if not client.get("/mgmt/init").json()["data"]["init"]:
                reply = client.post("/mgmt/init", json=body | {"setup_code": self.setup_code()})
            else:
                reply = client.post("/mgmt/login", json=body)
            assert reply.status_code == 200, reply.text
            yield Api(client)

    def settings(self) -> dict[str, str]:
        lines = (self.data / "config/.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")

    def mgmt_status(self) -> dict[str, Any]:
        transport = httpx.HTTPTransport(uds=str(self.data / "run/mgmt.sock"))
        with httpx.Client(transport=transport, timeout=30) as client:
            return dict(client.get("http://mgmt/v1/status").json()["data"])

    def services(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.mgmt_status()["services"]}

    def mgmt_pid(self) -> int:
        """Return the pid of the host daemon; found by its own command line in this directory."""
        words = ["serve", "mgmt", "--data", str(self.data)]
        for pid, argv in _command_lines().items():
            if argv[-4:] == words:
                return pid
        raise AssertionError("mgmt does not run")

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as an operator does, and remove it; fail when something is left running."""
        if (self.data / "current/venv/bin/streamstead").exists():
            done = self.cli("stop", timeout_s=180)
            assert done.returncode == 0, done.stdout + done.stderr
        elif (self.data / "run/mgmt.sock").exists():  # its release was removed under it
            transport = httpx.HTTPTransport(uds=str(self.data / "run/mgmt.sock"))
            with httpx.Client(transport=transport, timeout=60) as client:
                client.post("http://mgmt/v1/stop")
        left = [words for words in _command_lines().values() if str(self.data) in " ".join(words)]
        shutil.rmtree(self.root, ignore_errors=True)
        assert left == []


def _command_lines() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            argv = path.read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:  # it has just ended
            continue
        if argv:
            found[int(path.parent.name)] = argv
    return found


class Api:
    """The HTTP API, errors included, for a signed-in operator."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def call(self, path: str, **body: Any) -> Any:
        reply = self.client.post(path, json=body)
        assert reply.status_code == 200, (path, reply.status_code, reply.text)
        return reply.json()["data"]

    def streams(self) -> dict[str, dict[str, Any]]:
        found = self.call("/mgmt/streams/query")["streams"]
        return {one["url"]: one for one in found}

    def secret(self) -> str:
        return str(self.call("/hooks/srs/secret/query")["publish"])

    def kick(self, stream: str) -> None:
        self.call("/mgmt/streams/kickoff", vhost="__defaultVhost__", app="live", stream=stream)


class Publisher:
    """ffmpeg as an encoder: a moving picture and a tone, key frames every 2 s."""

    def __init__(self, url: str, container: str = "flv", size: str = "640x360") -> None:
        argv = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-re"]
        argv += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25"]
        argv += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
        argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
        argv += ["-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", container, url]
        self.child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)

    @property
    def alive(self) -> bool:
        return self.child.poll() is None

    def wait(self, timeout_s: float = 60) -> int:
        return self.child.wait(timeout_s)

    def stop(self) -> None:
        if self.alive:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        assert self.child.stderr is not None
        self.child.stderr.close()


@contextmanager
def publishing(url: str, container: str = "flv") -> Iterator[Publisher]:
    publisher = Publisher(url, container)
    try:
        yield publisher
    finally:
        publisher.stop()


def playable(entry: str) -> bool:
    """Tell whether a player that begins at this .m3u8 finds a segment; nobody is counted."""
    return httpx.head(entry, trust_env=False, timeout=60).status_code == 200


def begin_hls(entry: str) -> str:
    """Do what a player does first; returns the address of its session's own playlist."""
    reply = httpx.get(entry, trust_env=False, timeout=60)
    assert reply.status_code == 200, reply.text
    variant = [line for line in reply.text.splitlines() if line and not line.startswith("#")]
    return str(reply.url.join(variant[0]))


def segments(playlist: str) -> list[str]:
    """Return the addresses of a session's segments."""
    reply = httpx.get(playlist, trust_env=False, timeout=60)
    assert reply.status_code == 200, reply.text
    names = [line for line in reply.text.splitlines() if line.endswith(".ts")]
    return [str(reply.url.join(name)) for name in names]


def probe(url: str, seconds: int = 5, timeout_s: float = 120) -> dict[str, int]:
    """Decode some seconds of a stream; return frames by kind: ``{"video": n, "audio": n}``."""
    argv = ["ffprobe", "-hide_banner", "-v", "error", "-count_frames", "-of", "json"]
    argv += ["-read_intervals", f"%+{seconds}"]
    argv += ["-show_entries", "stream=codec_type,nb_read_frames", url]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    streams = json.loads(done.stdout)["streams"]
    return {one["codec_type"]: int(one.get("nb_read_frames", 0)) for one in streams}


def in_time(check: Callable[[], bool]) -> Callable[[], bool]:
    """Take an API that does not answer rightly just now, as after a kill, for a no."""

    def patient() -> bool:
        try:
            return check()
        except (AssertionError, httpx.HTTPError):
            return False

    return patient


def random_name() -> str:
    return f"cam{secrets.token_hex(4)}"
