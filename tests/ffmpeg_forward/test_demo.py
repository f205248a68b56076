"""The demo stream follows its switch and the publish secret; a real Redis, a stand-in picture."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.publish_secret import PublishSecretStore
from streamstead.core.settings import Settings
from streamstead.ffmpeg_forward.child import Place
from streamstead.ffmpeg_forward.demo import Demo, DemoStore
from streamstead.ffmpeg_forward.fonts import can_draw_text, find_font
from streamstead.ffmpeg_forward.identity import load_identity
from streamstead.ffmpeg_forward.main import create_api
from streamstead.ffmpeg_forward.picture import Picture
from streamstead.ffmpeg_forward.supervise import ChildState, Command, Supervisor

from ..conftest import free_port, wait_until
from .conftest import QUICK, Impatient, LeftOver, is_running, script, until

API = "/terraform/v1/ffmpeg"


class StandIn(Picture):
    """Looks live and costs nothing; one command a secret, like the real one."""

    async def command(self, secret: str) -> Command:
        return Command((*script("live()"), secret), (secret,))


@dataclass
class Stage:
    """The demo with everything around it."""

    settings: Settings
    redis: Redis
    place: Place
    ports: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.place, limits=QUICK, backoff=Impatient())
        self.demo = Demo(
            DemoStore(self.redis),
            PublishSecretStore(self.redis),
            StandIn(0),
            self.supervisor,
            self.ports,
            follow_s=0.05,
        )

    @property
    def state(self) -> ChildState:
        return self.demo.status.state

    @property
    def pid(self) -> int | None:
        """The child that is written down and runs; None between two children."""
        identity = load_identity(self.place.state)
        return identity.pid if identity is not None and identity.is_alive() else None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(self.demo.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def live(self, other_than: int | None = None) -> int:
        """Wait until a child, another one than ``other_than``, is live; return its pid."""
        found: int | None = None

        def is_live() -> bool:
            # The state of a child that was ended this moment is still the old one: it is
            # believed only together with who it is about.
            nonlocal found
            found = self.pid
            return self.state is ChildState.LIVE and found not in (None, other_than)

        await until(is_live)
        assert found is not None
        return found

    def client(self) -> httpx.AsyncClient:
        app = create_api()
        app.state.demo = self.demo
        secret = self.settings.api_secret.get_secret_value()
        app.state.authenticator = Authenticator(AdminStore(self.redis), b"k" * 32, secret)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://ffmpeg",
            headers={"authorization": f"Bearer {secret}"},
        )


def kill_redis(redis_server: SyncRedis) -> None:
    info = redis_server.info("server")
    assert isinstance(info, dict)
    os.kill(info["process_id"], signal.SIGKILL)
    wait_until(lambda: not is_running(info["process_id"]), "Redis has ended")


@pytest.fixture
async def stage(settings: Settings, redis: Redis, place: Place) -> Stage:
    await PublishSecretStore(redis).set("first-secret")
    return Stage(settings, redis, place)


async def test_it_is_off_until_it_is_switched_on_and_again_when_switched_off(
    settings: Settings, redis: Redis, place: Place
) -> None:
    await PublishSecretStore(redis).set("first-secret")
    port = free_port()
    # It cannot be live before the test lets it.
    stage = Stage(settings, redis, place, {port: "the media server"})
    async with stage.running(), stage.client() as client:
        off = (await client.post(f"{API}/demo/query", json={})).json()["data"]
        assert (off["enabled"], off["state"]) == (False, "off")
        on = (await client.post(f"{API}/demo/update", json={"enabled": True})).json()["data"]
        assert (on["enabled"], on["state"]) == (True, "starting")
        async with await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", port):
            pid = await stage.live()
        live = (await client.post(f"{API}/demo/query")).json()["data"]
        assert live.keys() == {"enabled", "state", "since_ms", "detail"}
        assert (live["state"], live["detail"]) == ("live", "")
        assert live["since_ms"] >= off["since_ms"]
        off = (await client.post(f"{API}/demo/update", json={"enabled": False})).json()["data"]
        assert (off["enabled"], off["state"]) == (False, "off")
        assert not is_running(pid)


async def test_the_switch_survives_a_restart_of_the_service(stage: Stage) -> None:
    await DemoStore(stage.redis).set_enabled(True)
    again = Stage(stage.settings, stage.redis, stage.place)
    async with again.running():
        await again.live()


async def test_stopping_the_service_ends_the_stream(stage: Stage) -> None:
    async with stage.running():
        await stage.demo.update(True)
        pid = await stage.live()
    assert not is_running(pid)


async def test_a_changed_publish_secret_is_taken_up(stage: Stage) -> None:
    async with stage.running():
        await stage.demo.update(True)
        first = await stage.live()
        await PublishSecretStore(stage.redis).set("second-secret")
        await stage.live(other_than=first)
        assert not is_running(first)
        assert stage.supervisor.running_digest == (await StandIn(0).command("second-secret")).digest
        assert stage.demo.status.restarts == 0


async def test_a_killed_child_comes_back(stage: Stage) -> None:
    async with stage.running():
        await stage.demo.update(True)
        first = await stage.live()
        os.kill(first, signal.SIGKILL)
        await stage.live(other_than=first)
        assert stage.demo.status.restarts == 1


async def test_what_must_answer_first_is_waited_for_and_named(
    settings: Settings, redis: Redis, place: Place
) -> None:
    await PublishSecretStore(redis).set("first-secret")
    port = free_port()
    stage = Stage(settings, redis, place, {port: "the media server"})
    async with stage.running():
        await stage.demo.update(True)
        await until(lambda: stage.demo.status.detail == "waiting for the media server")
        assert stage.state is ChildState.STARTING
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
        async with server:
            await stage.live()
    assert stage.demo.status.restarts == 0


async def test_the_stream_goes_on_while_redis_is_away(
    stage: Stage, redis_server: SyncRedis
) -> None:
    async with stage.running() as task, stage.client() as client:
        await stage.demo.update(True)
        pid = await stage.live()
        kill_redis(redis_server)
        reply = await client.post(f"{API}/demo/query")
        assert (reply.status_code, reply.json()["data"]["key"]) == (503, "redis_unavailable")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(task)
        assert stage.pid == pid
        assert stage.state is ChildState.LIVE


@pytest.fixture
async def crashed_pid(left_over: LeftOver) -> int:
    """A child that a killed service left running with the secret of the moment."""
    return left_over((await StandIn(0).command("first-secret")).argv).pid


async def test_a_left_over_child_is_taken_over_even_without_redis(
    stage: Stage, crashed_pid: int, redis_server: SyncRedis
) -> None:
    kill_redis(redis_server)
    async with stage.running():
        assert await stage.live() == crashed_pid
        assert stage.demo.status.restarts == 0


async def test_a_left_over_child_that_is_not_wanted_any_more_is_ended(
    stage: Stage, crashed_pid: int
) -> None:
    async with stage.running():
        await until(lambda: not is_running(crashed_pid))
        await until(lambda: stage.state is ChildState.OFF)


async def test_an_old_record_of_a_dead_child_starts_nothing(stage: Stage, crashed_pid: int) -> None:
    os.kill(crashed_pid, signal.SIGKILL)
    await until(lambda: not is_running(crashed_pid))
    async with stage.running():
        await until(lambda: not stage.place.state.exists())
        await until(lambda: stage.state is ChildState.OFF)


async def test_the_api_refuses_strangers_and_bad_input(stage: Stage) -> None:
    async with stage.client() as client:
        versions = [await client.get(f"{API}/versions"), await client.post(f"{API}/versions")]
        assert all(reply.json()["data"]["version"] for reply in versions)
        for body, status, key in (
            ({}, 422, "field_missing"),
            ({"enabled": "perhaps"}, 422, "invalid"),
            ({"enabled": True, "more": 1}, 422, "unknown_field"),
        ):
            reply = await client.post(f"{API}/demo/update", json=body)
            assert (reply.status_code, reply.json()["data"]["key"]) == (status, key)
        del client.headers["authorization"]
        for call in ("query", "update"):
            reply = await client.post(f"{API}/demo/{call}", json={"enabled": True})
            assert (reply.status_code, reply.json()["data"]["key"]) == (401, "token_missing")


async def test_the_real_command_escapes_the_secret_and_keeps_it_out_of_its_name() -> None:
    command = await Picture(1935).command("a&b=c/d")
    assert command.argv[-1] == "rtmp://127.0.0.1:1935/live/demo?secret=a%26b%3Dc%2Fd"
    assert "a&b" not in repr(command)
    assert command.digest == (await Picture(1935).command("a&b=c/d")).digest
    assert command.digest != (await Picture(1935).command("other")).digest


def test_a_machine_without_fonts_or_ffmpeg_has_a_picture_without_clock(tmp_path: Path) -> None:
    assert find_font((tmp_path,)) is None
    assert not can_draw_text("no-such-ffmpeg")
    (tmp_path / "deep").mkdir()
    for name in ("Aaa.ttf", "DejaVuSans-Bold.ttf"):
        (tmp_path / "deep" / name).touch()
    found = find_font((tmp_path,))
    assert found is not None
    assert found.name == "DejaVuSans-Bold.ttf"
