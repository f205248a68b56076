"""What is made of a finished recording: MP4 with every frame, pictures, manifest."""

import asyncio
import hashlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State
from streamstead.hooks.record_rules import RecordRules
from streamstead.hooks.recorder.child import MediaFailed, run_media
from streamstead.hooks.recorder.finish import Finisher
from streamstead.hooks.recorder.mp4 import make_mp4
from streamstead.hooks.recorder.playlist import write_vod
from streamstead.hooks.recorder.segments import Journal, KeptSegment, SegmentName, sha256_of
from streamstead.hooks.recorder.thumbs import sprite_map

LIMIT_S = 60.0
RATE = 10
ID = "0a0b0c0d-0000-4000-8000-000000000001"


def lay(directory: Path, *runs: list[Path], broken: tuple[int, ...] = ()) -> list[KeptSegment]:
    """Lay segments down as the recorder does, one publish session after the other."""
    directory.mkdir()
    kept: list[KeptSegment] = []
    for number, run in enumerate(runs):
        for piece in run:
            n = len(kept)
            name = SegmentName(n, n, n, 1000, f"run{number}")
            path = directory / str(name)
            path.write_bytes(b"\0" * 5000 if n in broken else piece.read_bytes())
            first = number > 0 and piece is run[0]
            size, digest = path.stat().st_size, sha256_of(path)
            kept.append(
                KeptSegment(n, path.name, n, n, 1000, size, digest, name.run, first, n * 1000)
            )
            Journal(directory).append(kept[-1])
    write_vod(directory, kept)
    return kept


def frames(path: Path, track: str = "v:0") -> int:
    """Count frames by decoding them."""
    asked = ["-v", "error", "-select_streams", track, "-count_frames", "-show_entries"]
    argv = ["ffprobe", *asked, "stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    said = subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout.decode()
    return int(said.strip().strip(","))


def times(path: Path) -> list[float]:
    """Return when each picture is shown."""
    asked = ["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time"]
    argv = ["ffprobe", *asked, "-of", "csv=p=0", str(path)]
    said = subprocess.run(argv, check=True, capture_output=True, timeout=120).stdout.decode()
    return sorted(float(line.strip(",")) for line in said.split())


async def test_the_mp4_has_every_frame_once_and_begins_with_its_index(
    tmp_path: Path, pieces: list[Path]
) -> None:
    directory = tmp_path / "r"
    (path,) = await make_mp4(directory, lay(directory, pieces))
    assert frames(path) == len(pieces) * RATE
    assert frames(path, "a:0") >= len(pieces) * 44100 // 1024
    shown = times(path)
    assert all(0.09 < later - at < 0.11 for at, later in pairwise(shown))
    head = path.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    assert [one.name for one in directory.iterdir() if one.name.startswith(".")] == []


async def test_a_reconnect_is_joined_without_losing_or_repeating_a_frame(
    tmp_path: Path, pieces: list[Path]
) -> None:
    directory = tmp_path / "r"
    (path,) = await make_mp4(directory, lay(directory, pieces[:5], pieces[2:9], pieces[:1]))
    assert frames(path) == 13 * RATE
    shown = times(path)
    assert all(later - at > 0.05 for at, later in pairwise(shown))


async def test_what_cannot_be_played_as_one_becomes_several_files(
    tmp_path: Path, pieces: list[Path], other_pieces: list[Path]
) -> None:
    directory = tmp_path / "r"
    made = await make_mp4(directory, lay(directory, pieces[:3], pieces[3:5], other_pieces))
    assert [path.name for path in made] == ["index.mp4", "index-2.mp4"]
    assert [frames(path) for path in made] == [5 * RATE, 3 * RATE]


async def test_a_broken_session_costs_no_other(tmp_path: Path, pieces: list[Path]) -> None:
    directory = tmp_path / "r"
    segments = lay(directory, pieces[:3], pieces[3:4], pieces[4:6], broken=(3,))
    (path,) = await make_mp4(directory, segments)
    assert frames(path) == 5 * RATE


async def test_making_it_again_replaces_what_a_kill_left(
    tmp_path: Path, pieces: list[Path]
) -> None:
    directory = tmp_path / "r"
    segments = lay(directory, pieces[:2])
    for name in (".index.mp4", ".run-0.mp4", "index.mp4", "index-2.mp4"):
        (directory / name).write_bytes(b"half of it")
    (path,) = await make_mp4(directory, segments)
    assert frames(path) == 2 * RATE
    assert not (directory / ".run-0.mp4").exists()
    assert not (directory / "index-2.mp4").exists()


async def test_a_program_that_takes_too_long_is_ended_and_reaped() -> None:
    begun = time.monotonic()
    with pytest.raises(MediaFailed) as failed:
        await run_media(["sleep", "600"], limit_s=0.2)
    assert failed.value.key == "media_timeout"
    assert time.monotonic() - begun < LIMIT_S


async def test_what_a_program_says_is_kept_in_part_only() -> None:
    with pytest.raises(MediaFailed) as failed:
        await run_media(["sh", "-c", "yes error | head -c 3000000 >&2; exit 3"], limit_s=LIMIT_S)
    assert len(failed.value.message) <= 300
    said = await run_media(["sh", "-c", "head -c 9000000 /dev/zero"], limit_s=LIMIT_S)
    assert len(said) <= 1 << 22


def test_the_map_of_small_pictures_covers_all_of_it() -> None:
    text = sprite_map(250_000)
    cues = [line for line in text.splitlines() if "-->" in line]
    assert cues[0].startswith("00:00:00.000 --> 00:00:02.500")
    assert cues[-1].endswith("00:04:10.000")
    assert len(cues) == 100
    assert "sprite.jpg#xywh=1440,810,160,90" in text


@dataclass
class Bench:
    """A finisher with a catalogue; ``free`` and ``allowed`` are the disk."""

    root: Path
    catalogue: Catalogue
    rules: RecordRules = field(default_factory=RecordRules)
    allowed: bool = True
    free: int = 1 << 40
    task: asyncio.Task[None] | None = None
    finisher: Any = None

    def allows(self, _: str) -> bool:
        return self.allowed

    def start(self) -> None:
        self.finisher = Finisher(self.root, self.catalogue, lambda: self.rules, self, lambda: None)
        self.finisher.room = lambda: self.free
        self.task = asyncio.create_task(self.finisher.run())

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    async def add(self, segments: list[KeptSegment], **changes: Any) -> None:
        recording = Recording(
            id=ID,
            kind=Kind.LIVE,
            state=State.FINISHING,
            app="live",
            stream="cam",
            started_ms=1_700_000_000_000,
            ended_ms=1_700_000_000_000 + len(segments) * 1000,
            duration_ms=len(segments) * 1000,
            segments=len(segments),
            playlist=True,
            mp4=Mp4State.WAITING,
            width=160,
        )
        await self.catalogue.add(replace(recording, **changes))

    async def until(self, *states: State) -> Recording:
        return await self._until(lambda one: one.state in states)

    async def problem(self, key: str) -> None:
        await self._until(lambda one: one.problem == key)

    async def _until(self, check: Callable[[Recording], bool]) -> Recording:
        async with asyncio.timeout(LIMIT_S):
            while True:
                found = await self.catalogue.get(ID)
                if check(found):
                    return found
                await asyncio.sleep(0.02)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    root = tmp_path / "record"
    root.mkdir()
    (tmp_path / "library").mkdir()
    catalogue = await Catalogue.open(root, tmp_path / "library" / "library.sqlite")
    bench = Bench(root, catalogue)
    yield bench
    await bench.stop()
    await catalogue.close()


async def test_a_recording_gets_mp4_pictures_and_a_manifest_that_is_true(
    bench: Bench, pieces: list[Path]
) -> None:
    await bench.add(lay(bench.root / ID, pieces[:4]))
    bench.start()
    made = await bench.until(State.READY)
    assert (made.mp4, made.poster, made.sprite) == (Mp4State.READY, True, True)
    assert (made.width, made.height, made.video_codec, made.audio_codec) == (160, 90, "h264", "aac")
    directory = bench.root / ID
    manifest = orjson.loads((directory / "manifest.json").read_bytes())
    named = manifest["files"] + manifest["segments"]
    assert {one["name"] for one in manifest["files"]} == {
        "index.m3u8",
        "index.mp4",
        "poster.jpg",
        "sprite.jpg",
        "sprite.vtt",
    }
    for one in named:
        content = (directory / one["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["bytes"], one["sha256"])


async def test_one_second_is_long_enough_for_pictures(bench: Bench, pieces: list[Path]) -> None:
    await bench.add(lay(bench.root / ID, pieces[:1]))
    bench.start()
    made = await bench.until(State.READY)
    assert (made.poster, made.sprite) == (True, True)


async def test_what_is_over_before_anything_came_fails_once(bench: Bench) -> None:
    (bench.root / ID).mkdir()
    await bench.add([])
    bench.start()
    made = await bench.until(State.READY, State.FAILED)
    assert (made.state, made.problem) == (State.FAILED, "recording_empty")


async def test_segments_that_are_gone_cost_no_others(bench: Bench, pieces: list[Path]) -> None:
    segments = lay(bench.root / ID, pieces[:6])
    (bench.root / ID / segments[2].name).unlink()
    await bench.add(segments)
    bench.start()
    made = await bench.until(State.READY, State.FAILED)
    assert made.mp4 is Mp4State.READY
    assert frames(bench.root / ID / "index.mp4") == 5 * RATE


async def test_segments_that_nobody_can_read_end_in_words(bench: Bench, pieces: list[Path]) -> None:
    await bench.add(lay(bench.root / ID, pieces[:2], broken=(0, 1)))
    bench.start()
    made = await bench.until(State.READY, State.FAILED)
    assert (made.state, made.mp4, made.problem) == (State.READY, Mp4State.FAILED, "media_failed")


async def test_a_full_disk_is_told_and_waited_for(bench: Bench, pieces: list[Path]) -> None:
    bench.free = 10
    await bench.add(lay(bench.root / ID, pieces[:2]))
    bench.start()
    await bench.problem("mp4_no_room")
    bench.free = 1 << 40
    bench.finisher.wake()
    made = await bench.until(State.READY)
    assert (made.mp4, made.problem) == (Mp4State.READY, "")


async def test_a_kill_in_the_making_costs_time_and_nothing_else(
    bench: Bench, pieces: list[Path]
) -> None:
    await bench.add(lay(bench.root / ID, pieces[:3]), mp4=Mp4State.MAKING)
    (bench.root / ID / ".run-0.mp4").write_bytes(b"half of it")
    bench.start()
    made = await bench.until(State.READY)
    assert made.mp4 is Mp4State.READY
    assert frames(bench.root / ID / "index.mp4") == 3 * RATE


async def test_long_work_on_own_files_holds_up_no_recording(
    bench: Bench, pieces: list[Path]
) -> None:
    begun = asyncio.Event()

    async def never(_: Recording, __: Path) -> dict[str, Any]:
        begun.set()
        await asyncio.Event().wait()
        return {}

    other = ID.replace("1", "2")
    (bench.root / other).mkdir()
    await bench.add([], id=other, kind=Kind.UPLOAD)
    bench.start()
    bench.finisher.make = never
    bench.finisher.wake()
    async with asyncio.timeout(LIMIT_S):
        await begun.wait()
    await bench.add(lay(bench.root / ID, pieces[:2]))
    assert (await bench.until(State.READY)).mp4 is Mp4State.READY
