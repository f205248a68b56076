"""Real containers on a real Docker Engine."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from streamstead.core.errors import Upstream
from streamstead.core.settings import Settings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.docker import DockerRuntime
from streamstead.mgmt.runtime.docker_engine import prepare_images
from streamstead.mgmt.runtime.once import TIMED_OUT, RunOnce
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, Mount, ServiceSpec

pytestmark = pytest.mark.docker

SOMEBODY = Account("", 4321, 4321)


@pytest.fixture
def spec(image: str, settings: Settings) -> ServiceSpec:
    return ServiceSpec(
        "thing",
        ("/usr/bin/sh", "-c", "echo I am $(id -u); exec sleep 600"),
        HealthCheck(HttpProbe("/", port=1)),
        order=1,
        image=image,
        memory_mb=64,
        pids=20,
        tmpfs=("/tmp",),
        stop_grace_s=0,
    )


@pytest.fixture
async def runtime(settings: Settings, engine: Any) -> AsyncIterator[DockerRuntime]:
    made = DockerRuntime(settings, SOMEBODY)
    yield made
    await made.stop("thing", 0)
    await made.close()


def container_of(engine: Any, settings: Settings, runtime: DockerRuntime) -> Any:
    [found] = [
        one
        for one in engine.containers.list(all=True, filters={"label": "streamstead.service=thing"})
        if one.name == runtime.container_name("thing")
    ]
    return found


async def test_a_container_gets_no_more_than_it_needs(
    runtime: DockerRuntime, spec: ServiceSpec, engine: Any, settings: Settings
) -> None:
    await runtime.ensure(replace(spec, mounts=(Mount(settings.data.html, writable=True),)))
    facts = container_of(engine, settings, runtime).attrs
    host = facts["HostConfig"]
    assert facts["Config"]["User"] == "4321:4321"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["ReadonlyRootfs"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["NetworkMode"] == "host"
    assert (host["Memory"], host["PidsLimit"]) == (64 * 2**20, 20)
    assert host["LogConfig"]["Config"] == {"max-file": "3", "max-size": "10m"}
    assert host["Binds"] == [f"{settings.data.html}:{settings.data.html}:rw"]
    async with asyncio.timeout(30):
        while await runtime.logs("thing", 5) != ["I am 4321"]:  # noqa: ASYNC110 - logs have no events
            await asyncio.sleep(0.05)


async def test_what_runs_is_adopted_and_a_changed_spec_is_made_anew(
    runtime: DockerRuntime, spec: ServiceSpec, settings: Settings
) -> None:
    first = await runtime.ensure(spec)
    other = DockerRuntime(settings, SOMEBODY)
    assert await other.ensure(spec) == first
    assert await other.inspect("thing") == first
    changed = await other.ensure(replace(spec, memory_mb=65))
    assert changed.pid != first.pid
    assert changed.spec_hash != first.spec_hash
    await other.close()


async def test_what_runs_goes_on_until_the_next_one_can_be_made(
    runtime: DockerRuntime, spec: ServiceSpec, engine: Any
) -> None:
    first = await runtime.ensure(spec)
    with pytest.raises(Upstream, match="memory"):
        await runtime.ensure(replace(spec, memory_mb=1))
    assert await runtime.inspect("thing") == first
    assert (await runtime.ensure(replace(spec, memory_mb=65))).pid != first.pid
    name = runtime.container_name("thing")
    found = engine.containers.list(all=True, filters={"name": name})
    assert [one.name for one in found] == [name]


async def test_the_end_of_a_container_is_an_event_and_a_start_brings_it_back(
    runtime: DockerRuntime, spec: ServiceSpec, engine: Any, settings: Settings
) -> None:
    events = runtime.events()
    waiting = asyncio.ensure_future(anext(events))
    first = await runtime.ensure(spec)
    # The engine may not have been listened to yet: kill again until it is.
    async with asyncio.timeout(60):
        while not waiting.done():
            await runtime.ensure(spec)
            await runtime.signal("thing", 9)
            await asyncio.wait([waiting], timeout=1)
    assert waiting.result().name == "thing"
    assert waiting.result().reason == "ended with exit status 137"
    again = await runtime.ensure(spec)
    assert again.pid != first.pid


async def test_stop_removes_the_container_and_the_volumes_of_its_image(
    runtime: DockerRuntime, spec: ServiceSpec, engine: Any
) -> None:
    volumes = engine.volumes.list()
    await runtime.ensure(spec)
    assert len(engine.volumes.list()) == len(volumes) + 1
    await runtime.run(RunOnce("job", ("/usr/bin/id",), spec.image), 60)
    await runtime.ensure(replace(spec, memory_mb=65))
    await runtime.stop("thing", 0)
    assert engine.volumes.list() == volumes
    assert await runtime.inspect("thing") is None
    assert await runtime.logs("thing", 5) == []
    await runtime.stop("thing", 0)


async def test_two_installations_do_not_share_containers(
    runtime: DockerRuntime, spec: ServiceSpec, settings: Settings, engine: Any
) -> None:
    await runtime.ensure(spec)
    elsewhere = settings.model_copy(update={"data_dir": settings.data_dir / "elsewhere"})
    other = DockerRuntime(elsewhere, SOMEBODY)
    assert await other.inspect("thing") is None
    await other.stop("thing", 0)
    assert await runtime.inspect("thing") is not None
    await other.close()


async def test_a_container_of_somebody_else_is_not_touched(
    runtime: DockerRuntime, spec: ServiceSpec, engine: Any, image: str
) -> None:
    name = runtime.container_name("thing")
    stranger = engine.containers.run(image, ["/usr/bin/sleep", "600"], name=name, detach=True)
    try:
        with pytest.raises(Upstream, match="not ours"):
            await runtime.ensure(spec)
        with pytest.raises(Upstream, match="not ours"):
            await runtime.stop("thing", 0)
        stranger.reload()
        assert stranger.status == "running"
    finally:
        stranger.remove(force=True)


async def test_a_check_runs_with_the_same_files_and_leaves_nothing(
    runtime: DockerRuntime, spec: ServiceSpec, settings: Settings, engine: Any
) -> None:
    (settings.data.config / "conf").write_text("good")
    (settings.data.config / "conf").chmod(0o644)
    check = ("/usr/bin/cat", str(settings.data.config / "conf"))
    mounted = replace(spec, check=check, mounts=(Mount(settings.data.config),))
    assert await runtime.check(mounted) is None
    said = await runtime.check(replace(spec, check=check))
    assert said is not None
    assert "No such file" in said
    name = f"{runtime.container_name('thing')}-check"
    assert not engine.containers.list(all=True, filters={"name": name})


def test_images_that_are_there_need_no_pull(engine: Any, image: str) -> None:
    assert prepare_images("", (image,), 5) == ""


def test_an_image_that_cannot_be_had_is_named(engine: Any, image: str) -> None:
    absent = "127.0.0.1:9/no/such-image:1"
    said = prepare_images("", (image, absent), 5)
    assert absent in said


async def test_a_one_shot_container_tells_how_it_went_and_is_removed(
    runtime: DockerRuntime, image: str, engine: Any
) -> None:
    script = "echo $WORD; id -u >&2; exit 3"
    once = RunOnce("job", ("/usr/bin/sh", "-c", script), image, env=(("WORD", "hello"),))
    ran = await runtime.run(once, 60)
    assert (ran.status, sorted(ran.output.split())) == (3, ["4321", "hello"])
    root = await runtime.run(replace(once, privileged=True), 60)
    assert sorted(root.output.split()) == ["0", "hello"]
    stuck = replace(once, argv=("/usr/bin/sh", "-c", "echo begun; exec sleep 600"))
    late = await runtime.run(stuck, 3)
    assert (late.status, late.output) == (TIMED_OUT, "begun\n")
    assert not engine.containers.list(all=True, filters={"name": runtime.container_name("job")})


async def test_a_cancelled_one_shot_container_is_removed(
    runtime: DockerRuntime, image: str, engine: Any
) -> None:
    stuck = RunOnce("job", ("/usr/bin/sleep", "600"), image)
    mine = {"name": runtime.container_name("job")}
    job = asyncio.create_task(runtime.run(stuck, 600))
    async with asyncio.timeout(60):
        while not engine.containers.list(filters=mine):  # noqa: ASYNC110 - events need a client more
            await asyncio.sleep(0.05)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not engine.containers.list(all=True, filters=mine)


async def test_a_one_shot_container_that_is_cancelled_in_its_start_is_removed(
    runtime: DockerRuntime, image: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun, go_on = runtime._begin, threading.Event(), threading.Event()

    def slowly(client: Any, once: RunOnce) -> Any:
        container = begin(client, once)
        begun.set()
        assert go_on.wait(60)
        return container

    monkeypatch.setattr(runtime, "_begin", slowly)
    job = asyncio.create_task(runtime.run(RunOnce("job", ("/usr/bin/sleep", "600"), image), 600))
    assert await asyncio.to_thread(begun.wait, 60)
    job.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await job
    name = runtime.container_name("job")
    assert not engine.containers.list(all=True, filters={"name": name})
