"""Recordings of which this disk has no copy any more: through us, or by redirect to the bucket."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from streamstead.core.auth import load_master_key
from streamstead.core.store import open_redis
from streamstead.hooks.library.recording import MP4_FILE, Recording, UploadState
from streamstead.hooks.recorder.segments import segment_names
from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTarget, StorageTargetStore

from ...conftest import free_port, scratch_data_dir, scratch_settings
from ...storage_server import ACCESS_KEY, SECRET_KEY, SeaweedFS, seaweed  # noqa: F401 - a fixture
from ..front import API, FrontDoor, opened
from .recorded import SEGMENTS, lay_down, make_media
from .test_play_front import Recorder, key, new_pass, rule, segments

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]

BUCKET = "watched"
PREFIX = "kept/here"
Edit = Callable[[StorageTarget], StorageTarget]


@dataclass
class Shelf:
    """A recording that is in the bucket only, but for its playlist and pictures."""

    door: FrontDoor
    media: Path
    one: Recording
    target: StorageTarget

    def change(self, **fields: object) -> None:
        """Change the storage target as its routes do."""
        asyncio.run(
            _with_targets(self.door, lambda it: it.change(self.target.id, self._edit(fields)))
        )

    def _edit(self, fields: dict[str, object]) -> Edit:
        return lambda _: replace(self.target, **fields)  # type: ignore[arg-type]


async def _with_targets(door: FrontDoor, work: Callable[[StorageTargetStore], object]) -> object:
    async def ignore(_: str) -> None:
        return

    settings = door.settings
    async with open_redis(settings) as redis:
        store = StorageTargetStore(redis, load_master_key(settings.data.master_key), ignore)
        return await work(store)  # type: ignore[misc]


@pytest.fixture(scope="module")
def built(
    seaweed: SeaweedFS,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shelf]:
    media = tmp_path_factory.mktemp("media") / "made"
    make_media(media)
    with scratch_data_dir() as data, opened(scratch_settings(data)) as door:
        wanted = StorageTarget(
            id="",
            label="tests",
            provider="seaweedfs",
            bucket=BUCKET,
            region="us-east-1",
            endpoint=seaweed.endpoint,
            prefix=PREFIX,
            access_key=ACCESS_KEY,
            path_style=True,
        )
        target = asyncio.run(_with_targets(door, lambda it: it.create(wanted, SECRET_KEY)))
        assert isinstance(target, StorageTarget)
        root = door.settings.data.record
        one = lay_down(
            root,
            media,
            title="Far away",
            local=False,
            target_id=target.id,
            prefix=PREFIX,
            upload=UploadState.VERIFIED,
        )
        _move(root / one.id, ObjectStore(target, SECRET_KEY), f"{PREFIX}/{one.id}")
        recorder = Recorder(door)
        try:
            yield Shelf(door, media, one, target)
        finally:
            recorder.stop()


def _move(folder: Path, store: ObjectStore, lead: str) -> None:
    """Take the segments and the MP4 from the disk to the bucket."""
    store._client.create_bucket(Bucket=BUCKET)
    for name in [str(one) for one in segment_names(folder)] + [MP4_FILE]:
        kind = "video/mp4" if name == MP4_FILE else "video/mp2t"
        store.put_bytes(f"{lead}/{name}", (folder / name).read_bytes(), content_type=kind)
        (folder / name).unlink()
    store.close()


@pytest.fixture
def shelf(built: Shelf) -> Shelf:
    built.change()
    rule(built.door, built.one.id, "public")
    return built


def addresses(shelf: Shelf, query: str = "") -> list[str]:
    door = shelf.door
    return segments(door, door.enter(f"/vod/{shelf.one.id}.m3u8{query}"))


def test_every_byte_comes_through_us(shelf: Shelf) -> None:
    found = addresses(shelf)
    assert len(found) == SEGMENTS
    for n, address in enumerate(found):
        reply = shelf.door.get(address)
        assert reply.content == (shelf.media / f"{n}.ts").read_bytes()
        assert reply.headers["content-type"] == "video/mp2t"
        assert "immutable" in reply.headers["cache-control"]
        assert reply.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=1000-1999", 206, slice(1000, 2000)),
        ("bytes=-500", 206, slice(-500, None)),
        ("bytes=5000-", 206, slice(5000, None)),
        ("", 200, slice(None)),
    ],
)
def test_parts_of_the_file_are_exact(shelf: Shelf, asked: str, status: int, part: slice) -> None:
    headers = {"Range": asked} if asked else {}
    reply = shelf.door.get(f"/vod/{shelf.one.id}.mp4?download=1", **headers)
    assert reply.status_code == status
    assert reply.content == (shelf.media / MP4_FILE).read_bytes()[part]
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert 'filename="Far away.mp4"' in reply.headers["content-disposition"]
    assert reply.headers["accept-ranges"] == "bytes"


def test_a_part_behind_the_end_is_416_and_head_sends_nothing(shelf: Shelf) -> None:
    address = f"/vod/{shelf.one.id}.mp4"
    assert shelf.door.get(address, Range="bytes=99999999-").status_code == 416
    head = shelf.door.client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == (shelf.media / MP4_FILE).stat().st_size
    tag = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert shelf.door.get(address, **tag).status_code == 200


def test_a_redirect_leads_to_the_same_bytes_and_ends_by_itself(shelf: Shelf) -> None:
    shelf.change(delivery="redirect")
    door, id_ = shelf.door, shelf.one.id
    for n, address in enumerate(addresses(shelf)):
        reply = door.get(address)
        assert reply.status_code == 302
        assert "Expires=" in reply.headers["location"]
        moved = door.client.get(reply.headers["location"])
        assert moved.content == (shelf.media / f"{n}.ts").read_bytes()
    reply = door.get(f"/vod/{id_}.mp4?download=1", Range="bytes=1000-1999")
    moved = door.client.get(reply.headers["location"], headers={"Range": "bytes=1000-1999"})
    assert (moved.status_code, len(moved.content)) == (206, 1000)
    assert "Far%20away.mp4" in moved.headers["content-disposition"]
    # The operator's page may load from this house only.
    preview = f"?pass={door.call('/hooks/play/preview', app='vod', stream=id_)['pass']}"
    rule(door, id_, "inherit")
    assert door.get(f"/vod/{id_}.mp4{preview}").status_code == 200
    assert door.get(addresses(shelf, preview)[0]).status_code == 200


def test_a_public_address_is_given_for_what_is_public_only(shelf: Shelf) -> None:
    shelf.change(delivery="redirect", public_url="https://cdn.example.com/v")
    door, id_ = shelf.door, shelf.one.id
    reply = door.get(f"/vod/{id_}.mp4")
    assert reply.headers["location"] == f"https://cdn.example.com/v/{PREFIX}/{id_}/{MP4_FILE}"
    rule(door, id_, "inherit")
    _, query = new_pass(door, id_)
    reply = door.get(f"/vod/{id_}.mp4{query}")
    assert "cdn.example.com" not in reply.headers["location"]


def test_a_bucket_that_is_away_is_said_and_who_may_not_watch_learns_nothing(shelf: Shelf) -> None:
    door, id_ = shelf.door, shelf.one.id
    playing = addresses(shelf)[0]
    shelf.change(endpoint=f"http://127.0.0.1:{free_port()}")
    for address in (playing, f"/vod/{id_}.mp4", f"{API}/hooks/record/hls/{id_}/index.mp4"):
        reply = door.get(address)
        assert (reply.status_code, key(reply)) == (502, "bucket_away"), address
    rule(door, id_, "inherit")
    assert key(door.get(f"/vod/{id_}.mp4")) == "pass_missing"


def test_what_is_in_no_bucket_either_is_404(shelf: Shelf) -> None:
    door, id_ = shelf.door, shelf.one.id
    lead = addresses(shelf)[0].rpartition("/")[0]
    reply = door.get(f"{lead}/000099-1-1-1-none.ts")
    assert (reply.status_code, key(reply)) == (404, "recording_file_missing")
    shelf.change(access_key="somebody-else")
    reply = door.get(f"/vod/{id_}.mp4")
    assert (reply.status_code, key(reply)) == (502, "bucket_refused")
