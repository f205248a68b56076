"""What a ladder costs, and that the machine is never promised twice."""

import os
from pathlib import Path

import pytest

from streamstead.core.errors import NotSupported
from streamstead.ffmpeg_forward.transcode.cores import BusyMeter, Cores, cpu_seconds, usable_cores
from streamstead.ffmpeg_forward.transcode.guard import Guard
from streamstead.ffmpeg_forward.transcode.ladder import Preset, Rendition, VideoCodec
from streamstead.ffmpeg_forward.transcode.variants import SourceFacts

from ...conftest import need
from .conftest import SMALL, SOUND, Bench

HD = SourceFacts(1920, 1080)
RUNG = Rendition(name="720p", width=1280, height=720, fps=30, video_kbps=2500)
NANO = 1e-9


class Load(BusyMeter):
    """Says what it is told."""

    cores = 0.0

    @property
    def busy(self) -> float:
        return self.cores


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "speed.json", point_s=10 * NANO)
    made._load = Load()
    return made


async def test_more_and_harder_work_costs_more(bench: Bench) -> None:
    async def percent(*renditions: Rendition, hardware: bool = False) -> float:
        return (await bench.estimate(renditions, HD, hardware=hardware)).percent

    one = await percent(RUNG)
    assert await percent(RUNG.model_copy(update={"preset": Preset.MEDIUM})) > one
    assert await percent(RUNG.model_copy(update={"fps": 60})) > one
    assert await percent(RUNG.model_copy(update={"width": 640, "height": 360})) < one
    assert await percent(RUNG, RUNG) < 2 * one  # it is decoded once
    assert await percent(RUNG, hardware=True) < one
    assert await percent(Rendition(name="c", codec=VideoCodec.COPY), SOUND) < 5
    told = await bench.estimate([RUNG, SOUND], HD)
    assert sum(told.per) < told.percent
    assert len(told.per) == 2


async def test_an_unknown_source_is_taken_for_a_large_one(bench: Bench) -> None:
    unknown = await bench.estimate([RUNG], None)
    assert unknown == await bench.estimate([RUNG], HD)
    assert (await bench.estimate([RUNG], SourceFacts(640, 360))).percent < unknown.percent


async def test_what_runs_and_what_was_promised_is_not_free(bench: Bench) -> None:
    assert bench.free_percent() == 90
    assert bench.free_percent((0.5, 0.2)) == 65
    assert bench.free_percent((0.2, 0.5)) == 65
    bench._load.cores = 1.0  # type: ignore[attr-defined]
    assert bench.free_percent() == 45
    told = await bench.estimate([RUNG], HD, (0.0, 1.0))
    assert not told.ok
    # Other work alone never keeps away what is hardly felt; promises of our own do.
    bench._load.cores = 9.0  # type: ignore[attr-defined]
    assert (await bench.estimate([SMALL], SourceFacts(160, 90))).ok
    assert not (await bench.estimate([SMALL], SourceFacts(160, 90), (0.0, 1.9))).ok


def test_the_speed_is_told_in_streams_of_full_hd(bench: Bench) -> None:
    assert bench.speed_1080p30 == pytest.approx(2 / (10 * NANO * 1920 * 1080 * 30), rel=0.01)


@pytest.mark.integration
async def test_a_real_machine_is_measured_once(tmp_path: Path) -> None:
    need("ffmpeg")
    first, cache = Guard(tmp_path / "speed.json", Load()), tmp_path / "speed.json"
    assert first.speed_1080p30 == 0
    await first.measure()
    assert 0.01 < first.speed_1080p30 < 1000
    again = Guard(cache, Load())
    written = cache.read_bytes()
    await again.measure()
    assert (again.speed_1080p30, cache.read_bytes()) == (first.speed_1080p30, written)


async def test_without_ffmpeg_nothing_is_promised(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(NotSupported) as caught:
        await Guard(tmp_path / "speed.json", Load(), ffmpeg=str(broken)).measure()
    assert caught.value.key == "transcode_no_ffmpeg"


@pytest.mark.parametrize("wrong", [b"", b"[]", b'{"machine": 1, "point_s": "x"}', b"\xff"])
async def test_a_spoilt_cache_is_measured_again(tmp_path: Path, wrong: bytes) -> None:
    cache = tmp_path / "speed.json"
    cache.write_bytes(wrong)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'bench: utime=1.0s stime=0.5s rtime=1.0s' >&2\n")
    program.chmod(0o755)
    guard = Guard(cache, Load(), ffmpeg=str(program))
    await guard.measure()
    assert guard.speed_1080p30 > 0
    assert cache.read_bytes() != wrong


def cgroup(root: Path, name: str, text: str) -> None:
    path = root / "sys/fs/cgroup" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_cores_are_those_of_affinity_and_quota(tmp_path: Path) -> None:
    present = len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path) == Cores(present, present)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/a.slice/b.service\n")
    cgroup(tmp_path, "a.slice/cpu.max", "50000 100000\n")
    cgroup(tmp_path, "a.slice/b.service/cpu.max", "max 100000\n")
    assert usable_cores(tmp_path) == Cores(0.5, present)


def test_the_quota_of_an_old_cgroup_counts_too(tmp_path: Path) -> None:
    cgroup(tmp_path, "cpu/cpu.cfs_quota_us", "25000\n")
    cgroup(tmp_path, "cpu/cpu.cfs_period_us", "100000\n")
    assert usable_cores(tmp_path).usable == 0.25


def test_the_load_of_others_is_smoothed_and_gentle_work_is_none(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    stat = tmp_path / "proc/stat"
    core = min(os.sched_getaffinity(0))
    hertz = os.sysconf("SC_CLK_TCK")

    def write(user: int, nice: int) -> None:
        stat.write_text(f"cpu 1 1 1 1\ncpu{core} {user} {nice} 0 0 0 0 0 0 0 0\n")

    meter = BusyMeter(tmp_path)
    write(0, 0)
    meter.look(0.0)
    assert meter.busy == 0
    write(5 * hertz, 900 * hertz)
    meter.look(10.0)
    assert meter.busy == pytest.approx(0.5)
    write(15 * hertz, 900 * hertz)
    meter.look(20.0)
    assert 0.5 < meter.busy < 0.7


def test_the_time_of_a_process_is_known_until_it_is_gone() -> None:
    assert cpu_seconds(os.getpid()) is not None
    assert cpu_seconds(2**22 + 1) is None
