"""A real FFmpeg makes the renditions of a live stream, for as long as it is live."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import orjson
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streamstead.core.events import EventType
from streamstead.core.renditions import Renditions
from streamstead.ffmpeg_forward.transcode.keeper import TranscodeState
from streamstead.ffmpeg_forward.transcode.ladder import Hardware
from streamstead.ffmpeg_forward.transcode.metrics import TranscodeMetrics
from streamstead.ffmpeg_forward.transcode.work import place_of

from ...conftest import need
from ..conftest import is_running
from .conftest import SAME, SMALL, SOUND, Bench, Stage, ladder, publishing

pytestmark = pytest.mark.integration


def pid_of(stage: Stage, ladder_id: str = "id-cam") -> int:
    state = place_of(stage.settings.data.run, ladder_id).state
    return int(orjson.loads(state.read_bytes())["pid"])


async def probed(url: str) -> dict[str, tuple[int, int]]:
    """Return what a viewer gets, size by kind."""
    argv = [need("ffprobe"), "-v", "error", "-fpsprobesize", "0", "-show_streams"]
    argv += ["-of", "json", url]
    told = await asyncio.to_thread(
        lambda: subprocess.run(argv, capture_output=True, timeout=60, check=True)
    )
    streams = orjson.loads(told.stdout)["streams"]
    return {one["codec_type"]: (one.get("width", 0), one.get("height", 0)) for one in streams}


async def events_of(stage: Stage, kind: EventType) -> list[dict[str, object]]:
    found = await stage.redis.xrange(stage.events.KEY)
    return [orjson.loads(fields["data"]) for _, fields in found if fields["type"] == kind.value]


async def first_events_of(stage: Stage, kind: EventType) -> list[dict[str, object]]:
    """Return the events of this kind as soon as there is one: a state can be seen before it."""
    while not (found := await events_of(stage, kind)):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return found


async def test_every_rendition_is_live_while_its_source_is(stage: Stage) -> None:
    made = await stage.store.create(ladder())
    stage.start()
    await stage.until_state(made, TranscodeState.WAITING)
    async with publishing(stage):
        await stage.until_state(made, TranscodeState.LIVE)
        for name in ("cam_same", "cam_small", "cam_sound"):
            await stage.until(lambda name=name: stage.live(name), f"{name} is live")  # type: ignore[misc]
        assert await probed(stage.sink.url("cam_small")) == {"video": (96, 54), "audio": (0, 0)}
        started = await first_events_of(stage, EventType.TRANSCODE_STARTED)
        assert [one["id"] for one in started] == [made.id]
        pid = pid_of(stage)
        # Players are told how large it really is, which only the running source tells.
        told = orjson.loads(await stage.redis.hget(Renditions.LADDERS, "live/cam"))["variants"]
        assert [one["width"] for one in told] == [160, 96, 0]
    await stage.until_state(made, TranscodeState.WAITING)
    await stage.until(lambda: not stage.live("cam_small"), "the rendition has ended")
    await stage.until(lambda: not is_running(pid), "the child has ended")
    # None of them was taken for a source, and nobody was asked for a key.
    assert {one.stream for one in stage.sink.sessions()} == {
        "cam",
        "cam_same",
        "cam_small",
        "cam_sound",
    }


async def test_a_killed_service_finds_its_child_again_and_a_changed_ladder_is_started_anew(
    stage: Stage,
) -> None:
    made = await stage.store.create(ladder(SMALL))
    stage.start()
    async with publishing(stage):
        await stage.until_state(made, TranscodeState.LIVE)
        pid = pid_of(stage)
        await first_events_of(stage, EventType.TRANSCODE_STARTED)
        await stage.stop(whole_house=False)
        assert is_running(pid)
        stage.start()
        await stage.until_state(made, TranscodeState.LIVE)
        assert (pid_of(stage), len(stage.sink.sessions("cam_small"))) == (pid, 1)
        assert len(await events_of(stage, EventType.TRANSCODE_STARTED)) == 1
        tiny = SMALL.model_copy(update={"width": 64, "height": 36})
        await stage.store.change(
            made.id, lambda before: before.model_copy(update={"renditions": (tiny,)})
        )
        await stage.until(lambda: len(stage.sink.sessions("cam_small")) == 2, "it is started anew")
        await stage.until_state(made, TranscodeState.LIVE)
        assert not is_running(pid)
        # What was left by a life that ended in the middle of everything is not wanted any more.
        pid = pid_of(stage)
        await stage.stop(whole_house=False)
        await stage.store.remove(made.id)
        stage.start()
        await stage.until(lambda: not is_running(pid), "the left over child has ended")


async def test_a_dead_child_and_a_lost_rendition_come_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.ffmpeg_forward.transcode.work.LOST_S", 0.5)
    made = await stage.store.create(ladder(SAME, SMALL))
    stage.start()
    async with publishing(stage):
        await stage.until_state(made, TranscodeState.LIVE)
        os.kill(pid_of(stage), signal.SIGKILL)
        await stage.until_state(made, TranscodeState.RETRYING)
        await stage.until_state(made, TranscodeState.LIVE)
        pid = pid_of(stage)
        # As when an operator disconnects one of them: the child itself may not notice.
        await stage.registry.finish(
            next(
                one.client_id
                for url, one in (await stage.registry.publishers()).items()
                if url == "live/cam_small"
            ),
            1,
            "kicked",
        )
        await stage.until(lambda: not is_running(pid), "the child is ended")
        await stage.until_state(made, TranscodeState.LIVE)


async def test_what_the_machine_cannot_carry_is_refused_with_the_figure(
    stage: Stage, tmp_path: Path
) -> None:
    stage.guard = Bench(tmp_path / "slow.json", point_s=1e-5)
    made = await stage.store.create(ladder(SAME))
    keeper = stage.start()
    async with publishing(stage):
        await stage.until_state(made, TranscodeState.REFUSED)
        problem = keeper.how(made.id, enabled=True).problem
        assert problem is not None
        registry = CollectorRegistry()
        with TranscodeMetrics(keeper).registered(registry):
            told = generate_latest(registry).decode()
        assert (
            'streamstead_transcode_state{state="refused",stream="live/cam",transcode="id-cam"} 1.0'
            in told
        )
        assert problem.key == "transcode_refused"
        assert "% of the processor" in problem.message
        failed = await first_events_of(stage, EventType.TRANSCODE_FAILED)
        assert [one["reason"] for one in failed] == ["transcode_refused"]
        assert not stage.live("cam_same")
        # Now there is room: it begins by itself.
        stage.guard._point_s = 1e-10
        await stage.until_state(made, TranscodeState.LIVE)


async def test_a_source_without_sound_is_transcoded_and_what_cannot_be_done_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = await stage.store.create(ladder(SMALL, stream="silent"))
    device = await stage.store.create(
        ladder(SMALL, stream="device").model_copy(update={"hardware": Hardware.VAAPI})
    )
    sound = await stage.store.create(ladder(SOUND, stream="nosound"))
    keeper = stage.start()
    async with (
        publishing(stage, "silent", sound=False),
        publishing(stage, "nosound", sound=False),
        publishing(stage, "device"),
    ):
        await stage.until_state(silent, TranscodeState.LIVE)
        monkeypatch.setattr("streamstead.ffmpeg_forward.transcode.work.GIVE_UP_AFTER", 1)
        await stage.until_state(device, TranscodeState.FAILED)
        await stage.until_state(sound, TranscodeState.FAILED)
        told = [keeper.how(one.id, enabled=True).problem for one in (device, sound)]
        assert [one.key for one in told if one] == ["transcode_no_hardware", "transcode_no_audio"]


async def test_names_are_free_again_only_when_nobody_publishes_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.ffmpeg_forward.transcode.keeper.ORPHANED_S", 0.0)
    made = await stage.store.create(ladder(SMALL))
    stage.start()
    async with publishing(stage):
        await stage.until_state(made, TranscodeState.LIVE)
        await stage.until(lambda: stage.live("cam_small"), "the rendition is live")
        await stage.store.remove(made.id)
        left = await stage.redis.hget("STREAMSTEAD_RENDITIONS", "live/cam_small")
        assert left == "live/cam"
        await stage.until(lambda: not stage.live("cam_small"), "the rendition has ended")
        while await stage.redis.hlen("STREAMSTEAD_RENDITIONS"):
            assert stage.keeper is not None
            stage.keeper.wake()
            await asyncio.sleep(0.05)
