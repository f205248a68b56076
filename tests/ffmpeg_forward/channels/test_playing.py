"""Channels on the air: one session at the far end, whatever is played."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO
from streamstead.core.rtmp.flv import FlvReader
from streamstead.core.settings import Settings

from ...conftest import free_port
from ..clips import decode_errors, make_clip
from ..sinks import RtmpSink, rtmp_sink
from ..sources.camera import PASSWORD, Camera
from .conftest import House, Opener, close_house, lay

Films = dict[str, Path]


@pytest.fixture
def sink() -> Iterator[RtmpSink]:
    with rtmp_sink(record=True) as found:
        yield found


def to(sink: RtmpSink) -> dict[str, Any]:
    return {"kind": "address", "server": f"rtmp://127.0.0.1:{sink.port}/live", "key": "key"}


def items(*targets: str) -> list[dict[str, str]]:
    return [{"type": "file", "target": one} for one in targets]


async def playing(house: House, id_: str, index: int) -> None:
    """Wait until that item goes out."""
    await house.until(id_, lambda it: it["now"] is not None and it["now"]["index"] == index)


async def until_ended(sink: RtmpSink) -> None:
    async with asyncio.timeout(30):
        while not all(one.ended_s for one in sink.sessions()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def stamps(recording: Path, kind: int) -> list[int]:
    """Return the DTS of a track, ms, without its headers."""
    found = []
    for message in FlvReader().feed(recording.read_bytes()):
        if message.kind == kind and message.payload[1] == 1:
            found.append(message.timestamp)
    return found


def check_timeline(sink: RtmpSink, least_ms: int = 0, most_gap_ms: int = 500) -> list[int]:
    """Everything came in one piece, in order, and can be decoded; return the DTS of the video."""
    (recording,) = sink.recordings()
    video, audio = stamps(recording, VIDEO), stamps(recording, AUDIO)
    assert video == sorted(set(video))
    assert audio == sorted(set(audio))
    assert video[-1] - video[0] >= least_ms
    assert max(b - a for a, b in pairwise(video)) <= most_gap_ms
    assert max(b - a for a, b in pairwise(audio)) <= 500
    # Its output counts frames at the rate of the first film; only what decoding says counts.
    said = [line for line in decode_errors(recording).splitlines() if "[null" not in line]
    assert said == []
    return video


async def test_two_different_films_in_a_loop_are_one_session_without_a_gap(
    house: House, films: Films, sink: RtmpSink
) -> None:
    targets = [lay(house.settings, films[name]) for name in ("a", "b")]
    made = await house.call(
        "channels/create", kind="vlive", to=to(sink), items=items(*targets), enabled=True
    )
    live = await house.until_state(made["id"], "live")
    assert (live["problem"], live["media"]["video_codec"]) == (None, "avc")
    for index in (1, 0):
        await playing(house, made["id"], index)
    # What is played can be changed meanwhile.
    first, second = live["items"]
    await house.call("channels/update", id=made["id"], items=[second, first], label="Day")
    await playing(house, made["id"], 1)
    await playing(house, made["id"], 0)
    await house.call("channels/stop", id=made["id"])
    await house.until_state(made["id"], "off")
    await until_ended(sink)
    assert len(sink.sessions()) == 1
    check_timeline(sink, least_ms=4_000)
    await house.until_told("channel.started", "channel.ended")


async def test_a_film_is_skipped_and_the_list_comes_to_its_end(
    house: House, films: Films, sink: RtmpSink, tmp_path: Path
) -> None:
    long = make_clip(tmp_path / "long.mp4", seconds=60)
    targets = [lay(house.settings, path) for path in (long, films["song"], films["a"])]
    made = await house.call(
        "channels/create",
        kind="vlive",
        to=to(sink),
        items=items(*targets),
        loop=False,
        enabled=True,
    )
    await playing(house, made["id"], 0)
    await house.call("channels/skip", id=made["id"])
    await playing(house, made["id"], 2)
    ended = await house.until_state(made["id"], "ended")
    assert (ended["enabled"], ended["now"], ended["problem"]) == (True, None, None)
    await until_ended(sink)
    assert len(sink.sessions()) == 1
    video = check_timeline(sink, most_gap_ms=4_000)
    assert 2_000 < video[-1] - video[0] < 30_000
    # It begins again when it is told to.
    await house.call("channels/start", id=made["id"])
    await house.until_state(made["id"], "live")


async def test_a_channel_to_a_stream_of_the_house_runs_on_while_the_service_is_away(
    settings: Settings, opened: Opener, films: Films, sink: RtmpSink
) -> None:
    # The sink stands where the media server would be.
    async with opened(rtmp_port=sink.port) as house:
        made = await house.call(
            "channels/create",
            kind="vlive",
            to={"kind": "stream", "app": "live", "stream": "tv"},
            items=items(lay(settings, films["a"])),
            enabled=True,
        )
        live = await house.until_state(made["id"], "live")
        await house.until_told("channel.started")
    async with opened(rtmp_port=sink.port) as house:
        again = await house.until_state(made["id"], "live")
        assert again["since_ms"] == live["since_ms"]
        await playing(house, made["id"], 0)
        await house.until_told("channel.started")
        await house.call("channels/remove", id=made["id"])
        await until_ended(sink)
        close_house(settings)
    (session,) = sink.sessions()
    assert (session.app, session.stream) == ("live", "tv")
    assert "grant=" in session.args
    check_timeline(sink)


async def test_a_camera_goes_away_and_comes_back(
    house: House, sink: RtmpSink, tmp_path: Path
) -> None:
    port = free_port()
    async with Camera(tmp_path, port=port) as camera:
        made = await house.call(
            "channels/create",
            kind="camera",
            to=to(sink),
            items=[{"type": "stream", "name": "Door", "target": camera.url}],
            allow_private=True,
            enabled=True,
        )
        assert made["items"][0]["problem"] is None
        live = await house.until_state(made["id"], "live")
        assert live["media"]["width"] == 320
        camera.hang_up()
    lost = await house.until_state(made["id"], "retrying")
    assert lost["problem"]["key"].startswith("source_")
    assert PASSWORD not in str(lost)
    async with Camera(tmp_path, port=port) as camera:
        await house.until_state(made["id"], "live")
        camera.hang_up()


async def test_what_cannot_be_played_says_why_and_goes_on_when_it_can(
    house: House, films: Films, sink: RtmpSink
) -> None:
    target = lay(house.settings, films["a"])
    made = await house.call("channels/create", kind="vlive", to=to(sink), items=items(target))
    film = house.settings.data_dir / target
    film.unlink()
    await house.call("channels/start", id=made["id"])
    failed = await house.until_state(made["id"], "failed")
    assert failed["problem"]["key"] == failed["items"][0]["problem"]["key"] == "file_unknown"
    await house.until_told("channel.failed")
    lay(house.settings, films["a"])
    await house.call("channels/start", id=made["id"])
    await house.until_state(made["id"], "live")
    sink.stop()
    lost = await house.until_state(made["id"], "retrying")
    assert lost["problem"]["key"].startswith("output_")


async def test_outputs_are_fed_by_a_channel_as_long_as_it_runs(
    house: House, films: Films, sink: RtmpSink
) -> None:
    output = await house.call(
        "outputs/create",
        platform="custom",
        server=f"rtmp://127.0.0.1:{sink.port}/live",
        key="key",
        source={"kind": "stream", "app": "live", "stream": "cam"},
        enabled=True,
    )
    target = lay(house.settings, films["a"])
    made = await house.call(
        "channels/create",
        kind="vlive",
        to={"kind": "outputs", "outputs": [output["id"]]},
        items=items(target),
        enabled=True,
    )
    await house.until_state(made["id"], "live")
    second = await house.call(
        "channels/create",
        kind="vlive",
        to={"kind": "outputs", "outputs": [output["id"]]},
        items=items(target),
        enabled=True,
    )
    failed = await house.until_state(second["id"], "failed")
    assert failed["problem"]["key"] == "channel_output_taken"
    await house.call("channels/remove", id=second["id"])

    async def state() -> str:
        (shown,) = (await house.call("outputs/list"))["outputs"]
        return str(shown["state"])

    async with asyncio.timeout(30):
        while await state() != "live":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    # The longest time counts from when it began.
    await house.call("channels/update", id=made["id"], max_duration_s=1)
    await house.until_state(made["id"], "ended")
    await until_ended(sink)
    async with asyncio.timeout(30):
        while await state() != "waiting":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert len(sink.sessions()) == 1
