"""The real service with a real FFmpeg, Redis and RTMP server: the picture is there, and stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import orjson
import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings

from ..conftest import need, wait_until
from .conftest import is_running

pytestmark = pytest.mark.integration

SECRET = "hunter2-hunter2"
API = "/terraform/v1/ffmpeg"

_NGINX = """
load_module {modules}/ngx_rtmp_module.so;
daemon off; master_process off; pid {run}/nginx.pid; error_log {run}/nginx.log warn;
events {{}}
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}
"""
_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules")
_SERVE = """
import sys
from pathlib import Path
from streamstead.core.runner import run
from streamstead.core.settings import Settings
sys.exit(run(["ffmpeg_forward"], Settings.load(Path(sys.argv[1]))))
"""


class House:
    """The service as a process of its own, and what is around it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = settings.data_dir
        self.url = f"rtmp://127.0.0.1:{settings.rtmp_port}/live/demo"
        self.media: subprocess.Popen[bytes] | None = None
        self.service: subprocess.Popen[bytes] | None = None
        self.log = self.root / "logs" / "service.log"

    def start_media(self) -> None:
        modules = next((d for d in _MODULES if Path(d, "ngx_rtmp_module.so").exists()), None)
        if modules is None:
            pytest.skip("libnginx-mod-rtmp is not installed on this machine")
        conf = self.root / "run" / "nginx.conf"
        port = self.settings.rtmp_port
        conf.write_text(_NGINX.format(modules=modules, run=conf.parent, port=port))
        argv = [need("nginx"), "-c", str(conf), "-p", str(conf.parent), "-e", "stderr"]
        self.media = subprocess.Popen(argv, stderr=subprocess.DEVNULL)

    def start_service(self) -> None:
        with self.log.open("ab") as log:
            argv = [sys.executable, "-c", _SERVE, str(self.root)]
            self.service = subprocess.Popen(argv, stderr=log)

    def kill_service(self) -> None:
        assert self.service is not None
        self.service.kill()
        self.service.wait()

    def call(self, path: str, **body: object) -> dict[str, object]:
        secret = self.settings.api_secret.get_secret_value()
        reply = httpx.post(
            f"http://127.0.0.1:{self.settings.ffmpeg_port}{API}/{path}",
            json=body,
            headers={"authorization": f"Bearer {secret}"},
            timeout=60,
        )
        data: dict[str, object] = reply.raise_for_status().json()["data"]
        return data

    def state(self) -> object:
        try:
            return self.call("demo/query")["state"]
        except httpx.HTTPError:
            return None

    def wait_for(self, state: str) -> None:
        wait_until(lambda: self.state() == state, f"the demo is {state}")

    def encoder_pid(self) -> int:
        return int(orjson.loads((self.root / "run" / "ffmpeg-demo.json").read_bytes())["pid"])

    def probe(self) -> dict[str, dict[str, object]]:
        """Return the streams that a viewer gets, by kind."""
        argv = [need("ffprobe"), "-v", "error", "-show_streams", "-of", "json", self.url]
        told = subprocess.run(argv, capture_output=True, timeout=60, check=True)
        return {one["codec_type"]: one for one in orjson.loads(told.stdout)["streams"]}

    def close(self) -> None:
        if self.service is not None:
            self.service.terminate()
            self.service.wait(timeout=30)
        if self.media is not None:
            self.media.kill()
            self.media.wait()


@pytest.fixture
def house(settings: Settings, redis_server: SyncRedis) -> Iterator[House]:
    need("ffmpeg")
    lines = [
        f"STREAMSTEAD_{name.upper()}={getattr(settings, name)}"
        for name in Settings.model_fields
        if name.endswith("_port")
    ]
    lines += [
        f"STREAMSTEAD_{name.upper()}={getattr(settings, name).get_secret_value()}"
        for name in ("api_secret", "hook_secret", "redis_password")
    ]
    settings.data.env_file.write_text("\n".join(lines) + "\n")
    settings.data.master_key.write_bytes(os.urandom(32))
    redis_server.hset("SRS_AUTH_SECRET", "pubSecret", SECRET)
    made = House(settings)
    # Stands for the publish check: that it answers is all that is asked before publishing.
    with socket.create_server(("127.0.0.1", settings.hooks_port)):
        yield made
        made.close()


def seconds(work: Callable[[], None]) -> float:
    before = time.monotonic()
    work()
    return time.monotonic() - before


def test_the_picture_comes_once_the_media_server_does(house: House) -> None:
    house.start_service()
    wait_until(lambda: house.state() == "off", "the service answers")
    house.call("demo/update", enabled=True)
    wait_until(
        lambda: house.call("demo/query")["detail"] == "waiting for the media server", "it waits"
    )
    house.start_media()
    # How soon depends on the machine of the moment: it is shown, and no test of this kind.
    print(f"media server started to live: {seconds(lambda: house.wait_for('live')):.2f} s")
    streams = house.probe()
    assert (streams["video"]["codec_name"], streams["audio"]["codec_name"]) == ("h264", "aac")
    assert (streams["video"]["width"], streams["video"]["height"]) == (1280, 720)
    assert streams["video"]["has_b_frames"] == 0
    encoder = house.encoder_pid()
    assert house.service is not None
    house.service.terminate()
    assert house.service.wait(timeout=30) == 0
    assert not is_running(encoder)
    assert SECRET not in house.log.read_text()


def test_viewer_and_encoder_do_not_notice_that_the_service_is_killed(
    house: House, redis_server: SyncRedis
) -> None:
    house.start_media()
    redis_server.hset("STREAMSTEAD_DEMO", "enabled", "true")
    house.start_service()
    house.wait_for("live")
    encoder = house.encoder_pid()
    viewer = subprocess.Popen(
        [
            *(need("ffmpeg"), "-v", "error", "-nostdin", "-i", house.url),
            *("-t", "5", "-map", "0", "-c", "copy", "-f", "framemd5", "-"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(2):
        house.kill_service()
        assert is_running(encoder)
        house.start_service()
        house.wait_for("live")
        assert house.encoder_pid() == encoder
    frames, errors = viewer.communicate(timeout=60)
    assert (viewer.returncode, errors) == (0, b"")
    video = [line for line in frames.splitlines() if line.startswith(b"0,")]
    stamps = [int(line.split(b",")[2]) for line in video]
    assert len(stamps) > 140
    assert max(b - a for a, b in pairwise(stamps)) < 200  # ms
    assert house.call("demo/update", enabled=False)["state"] == "off"
    wait_until(lambda: not is_running(encoder), "the taken over encoder has ended")


def test_a_restarted_media_server_gets_the_picture_again(house: House) -> None:
    house.start_media()
    house.start_service()
    wait_until(lambda: house.state() == "off", "the service answers")
    house.call("demo/update", enabled=True)
    house.wait_for("live")
    encoder = house.encoder_pid()
    assert house.media is not None
    os.kill(house.media.pid, signal.SIGKILL)
    house.media.wait()
    house.wait_for("retrying")
    assert not is_running(encoder)
    house.start_media()
    house.wait_for("live")
    assert "video" in house.probe()
    assert SECRET not in house.log.read_text()
