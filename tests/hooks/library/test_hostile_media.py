"""Files that are not what their names say: nothing that they name may be read."""

import base64
import json
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.library.import_bucket import take_from_bucket
from streamstead.hooks.library.recording import Recording, State
from streamstead.hooks.recorder.child import MediaFailed
from streamstead.hooks.recorder.probe import probe
from streamstead.hooks.recorder.thumbs import make_poster, make_sprite
from streamstead.hooks.storage.object_store import ObjectFacts, ObjectStore
from streamstead.hooks.storage.targets import StorageTarget

from .house import API, House, opened
from .recorded import make_media

DASH = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1"
bandwidth="1" codecs="avc1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
FORMS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "dash": DASH,
}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media") / "made"
    make_media(folder)
    return folder


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """A server that must not be asked; nothing is accepted, so whoever comes stays in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
async def house(settings: Settings, redis_process: object) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house


def asked(canary: socket.socket) -> bool:
    try:
        canary.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def targets(canary: socket.socket, media: Path) -> list[str]:
    port = canary.getsockname()[1]
    return [f"http://127.0.0.1:{port}/0.ts", f"file:{media}/0.ts", f"{media}/0.ts"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_segment_or_an_mp4_that_is_a_list_is_read_by_no_program_of_ours(
    tmp_path: Path, media: Path, canary: socket.socket, form: str
) -> None:
    for target in targets(canary, media):
        for name in ("000000-0-0-2000-a.ts", "index.mp4"):
            path = tmp_path / name
            path.write_text(FORMS[form].format(target))
            assert await probe(path) is None, (form, target, name)
            for make in (make_poster, make_sprite):
                with pytest.raises(MediaFailed):
                    await make(path, 2000, tmp_path)
    assert not asked(canary)
    assert (await probe(media / "0.ts")) is not None
    assert (await probe(media / "index.mp4")) is not None


async def sent(house: House, name: str, content: bytes) -> Recording:
    told = f"filename {base64.b64encode(name.encode()).decode()}"
    tus = {"Tus-Resumable": "1.0.0"}
    headers = tus | {"Upload-Length": str(len(content)), "Upload-Metadata": told}
    made = await house.client.post(f"{API}/uploads/", headers=headers)
    assert made.status_code == 201
    piece = tus | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    answer = await house.client.patch(made.headers["Location"], headers=piece, content=content)
    assert answer.status_code == 204
    found = await house.state.catalogue.work(kind="upload")
    return await house.finished(found[-1].id)


async def test_lists_that_are_sent_or_taken_in_give_nothing_away(
    house: House, media: Path, canary: socket.socket
) -> None:
    lists = [form.format(target) for form in FORMS.values() for target in targets(canary, media)]
    for n, text in enumerate(lists):
        folder = house.root / str(uuid.uuid4())
        folder.mkdir()
        (folder / ("index.mp4" if n % 2 else "1.ts")).write_text(text)
        (house.root / f"alone-{n}.{'mkv' if n % 2 else 'mp4'}").write_text(text)
    found = (await house.call("/recordings/import/scan", **{"from": "folder"}))["found"]
    assert len(found) == 2 * len(lists)
    names = [one["name"] for one in found]
    await house.call("/recordings/import/start", **{"from": "folder", "names": names})
    taken = await house.imported()
    taken += [await sent(house, "holiday.mp4", text.encode()) for text in lists[:3]]
    assert len(taken) == 2 * len(lists) + 3
    for one in taken:
        assert (one.mp4_bytes, one.poster, one.width) == (0, False, 0)
        assert not (house.root / one.id / "index.mp4").exists()
    assert all(one.state is State.FAILED for one in taken if one.segments == 0)
    assert not asked(canary)


async def test_links_in_a_directory_that_is_taken_in_lead_nowhere(
    house: House, media: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for everybody")
    folder = house.root / str(uuid.uuid4())
    folder.mkdir()
    (folder / "0.ts").write_bytes((media / "0.ts").read_bytes())
    for name in ("index.m3u8", "poster.jpg", "index.mp4", "manifest.json", "9.ts"):
        (folder / name).symlink_to(secret)
    asked_for = {"from": "folder", "names": [folder.name]}
    assert (await house.call("/recordings/import/start", **asked_for)) == {"started": 1}
    (one,) = await house.imported()
    assert (one.state, one.segments) == (State.READY, 1)
    assert [path for path in (house.root / one.id).iterdir() if path.is_symlink()] == []
    assert secret.read_text() == "not for everybody"


class Shelf:
    """A bucket that holds a few small objects."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def get_bytes(self, key: str, limit: int) -> bytes:
        return self._objects[key][:limit]


def manifest(**changes: Any) -> dict[str, Any]:
    segment = {"name": "000000-0-0-2000-a.ts", "ms": 2000, "bytes": 10, "sha256": ""}
    whole = {"kind": "live", "vhost": "", "app": "live", "stream": "s", "title": "t", "holes": []}
    whole |= {"started_ms": 1, "ended_ms": 2, "duration_ms": 2000}
    return whole | {"segments": [segment | {"discontinuity": False}]} | changes


async def taken_from(house: House, told: dict[str, Any]) -> Recording:
    id_ = str(uuid.uuid4())
    objects = {
        f"{id_}/manifest.json": json.dumps(told).encode(),
        f"{id_}/index.m3u8": b"#EXTM3U\n#EXTINF:2,\nhttps://elsewhere.example/track.ts\n",
    }
    target = StorageTarget(id="t", label="t", provider="other", bucket="b")
    listed = [ObjectFacts(key, len(content)) for key, content in objects.items()]
    store = cast(ObjectStore, Shelf(objects))
    catalogue = house.state.catalogue
    made = await take_from_bucket(house.root, catalogue, store, target, f"{id_}/", listed, 5)
    assert made is not None
    return made


async def test_viewers_of_what_a_bucket_gives_back_are_sent_nowhere_else(house: House) -> None:
    made = await taken_from(house, manifest(title="x" * 1_000_000))
    text = (house.root / made.id / "index.m3u8").read_text()
    assert "000000-0-0-2000-a.ts" in text
    assert "elsewhere" not in text
    assert (made.playlist, len(made.title)) == (True, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration_ms": 1 << 70},
        {"started_ms": -5},
        {"holes": [{"at_ms": 1 << 80, "missing_ms": 1, "reason": "lost"}]},
        {"segments": [{"name": "../../../config/.env"}]},
        {"segments": [{"name": "0" * 6 + "-1-1-" + "9" * 40 + "-a.ts"}]},
        {"kind": ["live"]},
    ],
)
async def test_a_manifest_with_nonsense_counts_as_none(house: House, wrong: dict[str, Any]) -> None:
    made = await taken_from(house, manifest(**wrong))
    assert made.state is State.FINISHING, "it is fetched as files of strangers are"
    assert not any((house.root / made.id).glob("*.ts"))
