"""How HLS is cut: told to the media server, read back from it, and not while somebody is live."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.front import office
from streamstead.mgmt.front.media_api import MediaApi
from streamstead.mgmt.front.settings import FrontChange, FrontPending, FrontSettings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.media import media_spec

from ..test_templates import SRS, hook_server
from .conftest import Kept, open_kept

pytestmark = pytest.mark.integration

LONG = FrontChange(hls_low_latency=False)
SERVERS = [
    MediaServer.EMBEDDED,
    pytest.param(
        MediaServer.SRS,
        marks=pytest.mark.skipif(
            not Path(SRS).is_file(), reason="no real SRS: STREAMSTEAD_SRS_BIN names none"
        ),
    ),
]


@pytest.fixture
async def kept(
    ports: Settings, share: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Kept]:
    """With a media server that runs and lets everybody publish."""
    for program in ("nginx", "ffmpeg"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    server: MediaServer = request.param
    if server is MediaServer.SRS:
        ports = ports.model_copy(update={"srs_bin": Path(SRS)})
    # The engine reads them as every process of ours does.
    lines = [
        f"STREAMSTEAD_{name.upper()}={getattr(value, 'get_secret_value', lambda v=value: v)()}"
        for name, value in ports
        if value is not None and name != "data_dir"
    ]
    ports.data.env_file.write_text("\n".join(lines))
    with hook_server(ports.hooks_port):
        async with open_kept(ports, server, tmp_path) as made:
            await made.start("media")
            yield made


@asynccontextmanager
async def publisher(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Publish a small picture for as long as the block lasts."""
    picture = "testsrc2=size=160x90:rate=25,format=yuv420p"
    argv = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", picture, "-c:v", "libx264"]
    argv += ["-preset", "ultrafast", "-g", "25", "-f", "flv"]
    url = f"rtmp://127.0.0.1:{settings.rtmp_port}/live/s"
    child = await asyncio.create_subprocess_exec(*argv, url, stdin=subprocess.DEVNULL)
    try:
        await lives(settings, 1)
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def lives(settings: Settings, count: int) -> None:
    api = MediaApi(settings.srs_api_port)
    async with asyncio.timeout(30):
        while len(await api.published()) != count:  # noqa: ASYNC110 - of another program
            await asyncio.sleep(0.05)


async def fragment_s(kept: Kept) -> float:
    return await MediaApi(kept.settings.srs_api_port).fragment_s()


@pytest.mark.parametrize("kept", SERVERS, indirect=True)
async def test_a_switch_waits_until_nobody_is_live_unless_it_is_to_be_now(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "LOOK_EVERY_S", 0.2)
    kept.tasks.append(asyncio.create_task(kept.office.keep_promises()))
    settings, embedded = kept.settings, kept.house.plan.media_server is MediaServer.EMBEDDED
    pid = {one.name: one.pid for one in kept.house.supervisor.status()}["media"]
    async with publisher(settings):
        state = await kept.office.update(LONG)
        assert [one["name"] for one in state["pending"]] == ["hlsLowLatency"]
        assert state["hlsLowLatency"] is False
        assert state["in_effect"]["fragment_s"] == 2.0
        waiting = json.loads((kept.house.folder / "front-pending.json").read_text())
        assert waiting["hls_low_latency"] is False
        # Other changes do not wait for it, and do not make it either.
        await kept.office.update(FrontChange(homepage="https://example.com"))
        assert await fragment_s(kept) == 2.0
    async with asyncio.timeout(60):
        while (await kept.office.state())["pending"]:  # noqa: ASYNC110 - of another program
            await asyncio.sleep(0.1)
    state = await kept.office.state()
    assert (state["in_effect"]["fragment_s"], state["in_effect"]["window_s"]) == (10.0, 60.0)
    assert json.loads((kept.house.folder / "front.json").read_text())["hls_low_latency"] is False
    await kept.running("media")
    async with publisher(settings) as child:
        state = await kept.office.update(FrontChange(hls_low_latency=True, now=True))
        assert state["pending"] == []
        assert (state["in_effect"]["fragment_s"], state["in_effect"]["window_s"]) == (2.0, 16.0)
        # SRS reads it anew and cuts nobody off; the engine is another one now.
        assert child.returncode is None or embedded
    now = {one.name: one.pid for one in kept.house.supervisor.status()}["media"]
    assert (now == pid) is not embedded


@pytest.mark.parametrize("server", list(MediaServer))
def test_only_what_must_restart_the_media_server_does(
    settings: Settings, account: Account, server: MediaServer
) -> None:
    settings = settings.model_copy(update={"srs_bin": Path("/srv/srs/objs/srs")})

    def spec(**front: bool):  # type: ignore[no-untyped-def]
        kept = FrontSettings(**front)
        return media_spec(Plan(settings, account, RuntimeName.PROCESS, server, front=kept))

    before, long = spec(), spec(hls_low_latency=False)
    srs = server is MediaServer.SRS
    assert (before.hash == long.hash) is srs
    assert (before.files_digest != long.files_digest) is srs
    assert before.hash == spec(homepage="https://example.com").hash
    if srs:
        assert "hls_ctx on;" in spec(no_hls_ctx=False).files[0].text
        other = settings.model_copy(update={"rtmp_port": 9})
        plan = Plan(other, account, RuntimeName.PROCESS, server)
        assert media_spec(plan).hash != before.hash


def test_the_settings_say_what_low_latency_means(settings: Settings, account: Account) -> None:
    own = settings.model_copy(update={"hls_fragment_s": 4, "hls_window_s": 24})
    plan = Plan(own, account, RuntimeName.PROCESS, MediaServer.SRS)
    own_srs = own.model_copy(update={"srs_bin": Path("/srv/srs/objs/srs")})
    text = media_spec(Plan(own_srs, account, plan.runtime, plan.media_server)).files[0].text
    assert "hls_fragment 4;" in text
    assert "hls_window 24;" in text
    env = dict(media_spec(Plan(own, account, plan.runtime, MediaServer.EMBEDDED)).env)
    assert env["STREAMSTEAD_HLS_FRAGMENT_S"] == "4"


def test_what_waits_is_laid_over_what_is() -> None:
    now = FrontSettings()
    wanted = now.model_copy(update={"hls_low_latency": False})
    pending = FrontPending.between(now, wanted)
    assert pending.over(now) == wanted
    assert FrontPending.between(wanted, wanted) == FrontPending()
