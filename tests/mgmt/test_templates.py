"""The other rendered configurations, loaded by the real programs."""

import asyncio
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.health import Verdict, probe
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RedisProbe, RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.media import media_spec
from streamstead.mgmt.services.redis import redis_spec

pytestmark = pytest.mark.integration

SRS = os.environ.get("STREAMSTEAD_SRS_BIN", "")


@pytest.fixture
async def runtime(settings: Settings, account: Account) -> AsyncIterator[ProcessRuntime]:
    prepare(settings.data, account)
    made = ProcessRuntime(settings.data, account)
    yield made
    for name in ("redis", "media"):
        await made.stop(name, 5)
    await made.close()


async def become_good(spec: ServiceSpec) -> None:
    async with asyncio.timeout(30):
        while (await probe(spec.health)).verdict is not Verdict.GOOD:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
async def test_redis_keeps_its_data_and_wants_the_password(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    spec = redis_spec(Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED))
    ConfigFiles(spec, settings.data, account).write()
    await runtime.ensure(spec)
    await become_good(spec)
    assert isinstance(spec.health.probe, RedisProbe)
    wrong = replace(spec.health, probe=replace(spec.health.probe, password="guess"))
    assert (await probe(wrong)).detail == "refuses our password"
    await runtime.signal("redis", 9)
    async with asyncio.timeout(30):
        await anext(runtime.events())
    await runtime.ensure(spec)
    await become_good(spec)
    assert (settings.data.redis / "appendonlydir").is_dir()


with_srs = pytest.mark.skipif(
    not Path(SRS).is_file(), reason="no real SRS: STREAMSTEAD_SRS_BIN names none"
)


def srs_plan(settings: Settings, account: Account, **more: Any) -> Plan:
    changed = settings.model_copy(update={"srs_bin": Path(SRS), **more})
    return Plan(changed, account, RuntimeName.PROCESS, MediaServer.SRS)


@with_srs
async def test_a_real_srs_loads_the_configuration(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    spec = media_spec(srs_plan(settings, account))
    ConfigFiles(spec, settings.data, account).write()
    await runtime.ensure(spec)
    await become_good(spec)
    await runtime.stop("media", 5)
    assert not [line for line in await runtime.logs("media", 50) if "ERROR" in line]


@contextmanager
def hook_server(port: int) -> Iterator[list[dict[str, Any]]]:
    """Accept every callback; gives the list of what came."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            self.wfile.write(b"0")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield seen
        server.shutdown()
        thread.join()


@with_srs
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
async def test_a_real_srs_records_a_session_and_tells_of_it(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    spec = media_spec(srs_plan(settings, account, dvr=True))
    ConfigFiles(spec, settings.data, account).write()
    picture = "testsrc2=size=160x90:rate=25,format=yuv420p"
    argv = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", picture, "-t", "2"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-f", "flv"]
    url = f"rtmp://127.0.0.1:{settings.rtmp_port}/live/s"
    with hook_server(settings.hooks_port) as seen:
        await runtime.ensure(spec)
        await become_good(spec)
        await asyncio.to_thread(subprocess.run, [*argv, url], check=True, timeout=60)
        async with asyncio.timeout(30):
            while "on_close" not in [body["action"] for body in seen]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [body["action"] for body in seen][-3:] == ["on_dvr", "on_unpublish", "on_close"]
    file = Path(seen[-3]["file"])
    assert file.parent == settings.data.dvr / "live"
    entries = "stream=codec_name,nb_read_packets"
    argv = ["ffprobe", "-v", "error", "-count_packets", "-show_entries", entries, "-of", "csv=p=0"]
    found = await asyncio.to_thread(subprocess.check_output, [*argv, str(file)], timeout=60)
    assert found.strip() == b"h264,50"
