"""Clips, and taking in what lies about."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.library.import_ import parse_playlist
from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State, UploadState
from streamstead.hooks.recorder.segments import read_segments, segment_names
from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTarget

from ...storage_server import ACCESS_KEY, SECRET_KEY, SeaweedFS, seaweed  # noqa: F401 - a fixture
from .house import House, frames, opened
from .recorded import SEGMENTS, lay_down, make_media

RATE = 25
PLAYED = SEGMENTS * 2 * RATE


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds with a key frame every two."""
    folder = tmp_path_factory.mktemp("media") / "made"
    make_media(folder)
    return folder


@pytest.fixture
async def house(settings: Settings, redis_process: object) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house


async def shelve(house: House, media: Path, *, mp4: bool = True) -> Recording:
    made = lay_down(house.root, media)
    if not mp4:
        (house.root / made.id / "index.mp4").unlink()
        made = replace(made, mp4=Mp4State.OFF, mp4_bytes=0)
    await house.state.catalogue.add(made)
    return made


async def cut(house: House, of: Recording, in_ms: int, out_ms: int, **more: object) -> Recording:
    made = await house.call("/recordings/clip", id=of.id, in_ms=in_ms, out_ms=out_ms, **more)
    assert (made["kind"], made["source_id"]) == ("clip", of.id)
    return await house.finished(made["id"])


def first_is_key(path: Path) -> bool:
    argv = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=key_frame"]
    argv += ["-read_intervals", "%+#1", "-of", "json", str(path)]
    said = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
    return bool(json.loads(said)["frames"][0]["key_frame"])


@pytest.mark.parametrize("mp4", [True, False])
async def test_a_clip_begins_at_the_key_frame_before_and_ends_where_asked(
    house: House, media: Path, mp4: bool
) -> None:
    source = await shelve(house, media, mp4=mp4)
    clip = await cut(house, source, 3000, 6000, title="The  best part")
    assert (clip.state, clip.mp4, clip.title) == (State.READY, Mp4State.READY, "The best part")
    path = house.root / clip.id / "index.mp4"
    assert abs(frames(path) - 4 * RATE) <= 1
    assert first_is_key(path)
    assert clip.started_ms == source.started_ms + 3000
    assert sorted(path.name for path in path.parent.iterdir() if path.name[0] == ".") == []


async def test_a_precise_clip_has_exactly_the_frames_between(house: House, media: Path) -> None:
    source = await shelve(house, media)
    clip = await cut(house, source, 1240, 3240, precise=True)
    assert frames(house.root / clip.id / "index.mp4") == 2 * RATE
    assert 1950 <= clip.duration_ms <= 2100


async def test_a_clip_must_lie_within_its_recording(house: House, media: Path) -> None:
    source = await shelve(house, media)
    for in_ms, out_ms in ((3000, 3000), (4000, 2000), (0, 60_000), (20_000, 21_000)):
        asked = {"id": source.id, "in_ms": in_ms, "out_ms": out_ms}
        assert await house.refused("/recordings/clip", **asked) == "clip_range"
    nobody = str(uuid.uuid4())
    asked = {"id": nobody, "in_ms": 0, "out_ms": 1000}
    assert await house.refused("/recordings/clip", **asked) == "recording_unknown"


async def test_a_clip_of_files_that_are_gone_fails_once_with_a_reason(
    house: House, media: Path
) -> None:
    source = await shelve(house, media)
    for path in [*(house.root / source.id).glob("*.ts"), house.root / source.id / "index.mp4"]:
        path.unlink()
    clip = await cut(house, source, 0, 2000)
    assert (clip.state, clip.problem) == (State.FAILED, "media_failed")
    assert "not there" in clip.problem_text


def lay_old(root: Path, media: Path, name: str, *, mp4: bool) -> None:
    """A directory as earlier recorders left it."""
    folder = root / name
    folder.mkdir()
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2"]
    for n in range(SEGMENTS):
        ts = f"{uuid.uuid4()}.ts"
        shutil.copy(media / f"{n}.ts", folder / ts)
        lines += ["#EXTINF:2.00, no desc", ts]
    (folder / "index.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    if mp4:
        shutil.copy(media / "index.mp4", folder)


async def test_an_old_directory_becomes_a_recording_with_every_frame(
    house: House, media: Path
) -> None:
    old, plain = str(uuid.uuid4()), str(uuid.uuid4())
    lay_old(house.root, media, old, mp4=True)
    lay_old(house.root, media, plain, mp4=False)
    found = (await house.call("/recordings/import/scan", **{"from": "folder"}))["found"]
    assert {(one["name"], one["known"]) for one in found} == {(old, False), (plain, False)}
    asked = {"from": "folder", "names": [old, plain, "nothing", "../config"]}
    assert await house.call("/recordings/import/start", **asked) == {"started": 2}
    for one in await house.imported():
        assert one.id in (old, plain)
        assert (one.kind, one.state, one.mp4) == (Kind.IMPORT, State.READY, Mp4State.READY)
        assert (one.segments, one.duration_ms, one.width) == (SEGMENTS, 8000, 320)
        directory = house.root / one.id
        assert frames(directory / "index.mp4") == PLAYED
        assert [str(it) for it in segment_names(directory)] == [
            it.name for it in read_segments(directory)
        ]
        assert frames(directory / "index.m3u8") == PLAYED
    assert (await house.call("/recordings/import/scan", **{"from": "folder"}))["found"] == []


async def test_a_kill_in_the_middle_of_an_import_loses_nothing(house: House, media: Path) -> None:
    old = str(uuid.uuid4())
    lay_old(house.root, media, old, mp4=False)
    listed = parse_playlist((house.root / old / "index.m3u8").read_text())
    # As far as it came: two have their new names, nothing else is written.
    for n in (0, 1):
        target = house.root / old / f"{n:06d}-{n}-{n}-2000-import.ts"
        (house.root / old / listed[n].name).rename(target)
    await house.call("/recordings/import/start", **{"from": "folder", "names": [old]})
    (one,) = await house.imported()
    assert (one.segments, one.duration_ms) == (SEGMENTS, 8000)
    assert frames(house.root / old / "index.mp4") == PLAYED


async def test_single_files_are_taken_in_and_links_are_not(house: House, media: Path) -> None:
    shutil.copy(media / "index.mp4", house.root / "talk.mp4")
    shutil.copy(media / "0.ts", house.root / "piece.ts")
    os.symlink(media / "index.mp4", house.root / "link.mp4")
    (house.root / "notes.txt").write_text("x")
    found = (await house.call("/recordings/import/scan", **{"from": "folder"}))["found"]
    names = [one["name"] for one in found]
    assert names == ["piece.ts", "talk.mp4"]
    await house.call(
        "/recordings/import/start", **{"from": "folder", "names": [*names, "link.mp4"]}
    )
    made = {one.title: one for one in await house.imported()}
    assert {title: one.state for title, one in made.items()} == {
        "talk": State.READY,
        "piece": State.READY,
    }
    assert frames(house.root / made["talk"].id / "index.mp4") == PLAYED
    assert frames(house.root / made["piece"].id / "index.mp4") == PLAYED // SEGMENTS


async def bucket_of(
    house: House, server: SeaweedFS, name: str
) -> tuple[StorageTarget, ObjectStore]:
    wanted = StorageTarget(
        id="",
        label="tests",
        provider="seaweedfs",
        bucket=name,
        region="us-east-1",
        endpoint=server.endpoint,
        prefix="kept",
        access_key=ACCESS_KEY,
        path_style=True,
    )
    target = await house.state.targets.create(wanted, SECRET_KEY)
    store = ObjectStore(target, SECRET_KEY)
    store._client.create_bucket(Bucket=name)
    return target, store


async def test_a_bucket_gives_back_what_went_there_and_what_others_put_there(
    house: House,
    media: Path,
    seaweed: SeaweedFS,  # noqa: F811
) -> None:
    target, store = await bucket_of(house, seaweed, "imports")
    source = await shelve(house, media)
    await house.call("/recordings/retry", id=source.id, what="thumbnails")
    await house.finished(source.id)
    folder = house.root / source.id
    for path in folder.iterdir():
        if path.name not in ("recording.json", "segments.jsonl"):
            store.put_bytes(f"kept/{source.id}/{path.name}", path.read_bytes(), content_type="x/y")
    store.put_bytes("kept/talk.mp4", (media / "index.mp4").read_bytes(), content_type="video/mp4")
    lay_old(media.parent, media, "old", mp4=False)
    for path in (media.parent / "old").iterdir():
        store.put_bytes(f"kept/shows/old/{path.name}", path.read_bytes(), content_type="x/y")
    scan = {"from": "bucket", "target_id": target.id}
    found = (await house.call("/recordings/import/scan", **scan))["found"]
    assert {one["name"]: one["known"] for one in found} == {
        f"{source.id}/": True,
        "shows/old/": False,
        "talk.mp4": False,
    }
    # The house burns down; the bucket stays.
    await house.state.catalogue.forget(source.id)
    shutil.rmtree(folder)
    names = [one["name"] for one in found]
    asked = scan | {"names": names}
    assert await house.call("/recordings/import/start", **asked) == {"started": 3}
    back = await house.state.catalogue.get(source.id)
    assert (back.state, back.local, back.upload) == (State.READY, False, UploadState.VERIFIED)
    assert (back.segments, back.duration_ms, back.mp4) == (SEGMENTS, 8000, Mp4State.READY)
    for one in await house.imported():
        assert (one.state, one.local) == (State.READY, True)
        assert frames(house.root / one.id / "index.mp4") == PLAYED
    assert (await house.call("/recordings/import/start", **asked | {"names": names[:1]}))[
        "started"
    ] == 0
    # A clip of what is in the bucket only: from its MP4, and from its segments.
    for _ in range(2):
        clip = await cut(house, back, 2000, 4000)
        assert abs(frames(house.root / clip.id / "index.mp4") - 2 * RATE) <= 1
        back = await house.state.catalogue.change(back.id, mp4=Mp4State.OFF, mp4_bytes=0)
    store.close()
