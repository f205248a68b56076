"""What FFmpeg sends for us: SRT, and RTMP for servers that want a password."""

import os
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streamstead.ffmpeg_forward.relay.config import Sender
from streamstead.ffmpeg_forward.relay.connection import State
from streamstead.ffmpeg_forward.relay.tcp_info import connection_of, tcp_progress

from ...conftest import free_port, need
from ..conftest import until
from ..sinks import RtmpSink, rtmp_sink, srt_sink
from .conftest import STEADY, Show, said, sent, until_problem, until_state

pytestmark = pytest.mark.integration


def frames_of(path: Path) -> int:
    """Return how many pictures of a file can be decoded."""
    argv = [need("ffprobe"), "-v", "quiet", "-count_frames", "-select_streams", "v"]
    argv += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    numbers = [word for word in done.stdout.replace(",", " ").split() if word.isdigit()]
    return int(numbers[0]) if numbers else 0


def ffmpegs() -> list[psutil.Process]:
    """Return those that send; one that has ended is none."""
    found = []
    for one in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [one] if "pipe:0" in one.cmdline() else []
    return found


async def test_srt_arrives_with_its_passphrase_which_is_shown_nowhere(show: Show) -> None:
    with srt_sink("correct-horse") as (port, path):
        url = f"srt://127.0.0.1:{port}?passphrase=correct-horse&pbkeylen=16"
        async with sent(show, url, limits=STEADY) as it:
            await until_state(it, State.LIVE)
            await until(lambda: path.exists() and path.stat().st_size > 60_000)
            assert it.status().bytes_acked > 10_000
            assert "correct-horse" not in said(it)
            assert ffmpegs()
        assert not ffmpegs()
        assert frames_of(path) > 15


async def test_a_wrong_passphrase_is_told(show: Show) -> None:
    with srt_sink("correct-horse") as (port, _):
        url = f"srt://127.0.0.1:{port}?passphrase=battery-staple&pbkeylen=16"
        async with sent(show, url, limits=STEADY) as it:
            await until_problem(it, "output_srt")
            problem = it.status().problem
            assert problem is not None
            assert "battery-staple" not in said(it)


async def test_nobody_there_to_take_srt(show: Show) -> None:
    async with sent(
        show, f"srt://127.0.0.1:{free_port()}?connect_timeout=300", limits=STEADY
    ) as it:
        await until_problem(it, "output_srt")


async def test_rtmp_by_ffmpeg_has_every_picture_too(sink: RtmpSink, show: Show) -> None:
    async with sent(show, sink.url("by-ffmpeg"), sender=Sender.FFMPEG, limits=STEADY) as it:
        await until_state(it, State.LIVE)
        await until(lambda: it.status().bytes_acked > 150_000)
    await until(lambda: sink.sessions("by-ffmpeg")[0].ended_s is not None)
    path = next(path for path in sink.recordings() if path.name.startswith("by-ffmpeg"))
    assert frames_of(path) > 30


async def test_a_server_that_refuses_ffmpeg_is_told_in_words(show: Show) -> None:
    with rtmp_sink() as sink:
        sink.allow = lambda _: False
        async with sent(show, sink.url("a-long-key"), sender=Sender.FFMPEG, limits=STEADY) as it:
            await until(lambda: it.status().attempts > 0)
            problem = it.status().problem
            assert problem is not None
            assert problem.key == "output_refused"
            assert "a-long-key" not in said(it)
        sink.stop()
        async with sent(show, sink.url("a-long-key"), sender=Sender.FFMPEG, limits=STEADY) as it:
            await until_problem(it, "output_refused")


async def test_an_ffmpeg_that_hangs_is_ended_and_another_one_begins(
    sink: RtmpSink, show: Show
) -> None:
    limits = replace(STEADY, fresh_s=1.0, stuck_s=3.0)
    async with sent(show, sink.url("hung"), sender=Sender.FFMPEG, limits=limits) as it:
        await until_state(it, State.LIVE)
        (hung,) = ffmpegs()
        hung.suspend()
        await until_state(it, State.STALLED)
        await until(lambda: not hung.is_running())
        await until_state(it, State.LIVE)
        assert it.status().restarts >= 1


async def test_without_ffmpeg_it_says_so(
    show: Show, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with sent(show, "srt://127.0.0.1:9999") as it:
        await until_state(it, State.FAILED)
        problem = it.status().problem
        assert problem is not None
        assert problem.key == "output_no_ffmpeg"


async def test_what_a_child_sends_is_counted_at_its_connection(sink: RtmpSink, show: Show) -> None:
    async with sent(show, sink.url("watched"), sender=Sender.FFMPEG, limits=STEADY) as it:
        await until_state(it, State.LIVE)
        (child,) = ffmpegs()
        found = connection_of(child.pid)
        if found is None:
            pytest.skip("the system does not let us see the connections of a child")
        with found:
            assert found.getpeername() == ("127.0.0.1", sink.port)
            await until(lambda: (p := tcp_progress(found)) is not None and p.acked > 100_000)
            told = tcp_progress(found)
            assert told is not None
            await until(lambda: it.status().bytes_acked >= told.acked)
    await until(lambda: sink.sessions("watched")[0].ended_s is not None)
