"""Own files, sent piece by piece."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.hooks.library.recording import Kind, Mp4State, Recording, State
from streamstead.hooks.library.tus import EXPIRE_MS, NoRoom, UploadFolder, UploadGone

from .house import API, H264, House, ffmpeg, frames, opened, picture

PATH = f"{API}/uploads/"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture
async def house(settings: Settings, redis_process: object) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of what every player plays, without an index at its beginning."""
    path = tmp_path_factory.mktemp("film") / "holiday.mp4"
    ffmpeg(*picture(2), *H264, "-c:a", "aac", path)
    return path.read_bytes()


def metadata(**words: str) -> str:
    return ",".join(
        f"{name} {base64.b64encode(it.encode()).decode()}" for name, it in words.items()
    )


async def begin(house: House, size: int, **words: str) -> str:
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(**words)}
    reply = await house.client.post(PATH, headers=headers)
    assert reply.status_code == 201, reply.text
    assert reply.headers["Upload-Offset"] == "0"
    return reply.headers["Location"]


async def send(house: House, address: str, at: int, data: bytes, **more: str) -> httpx.Response:
    headers = PIECE | {"Upload-Offset": str(at)} | more
    return await house.client.patch(address, content=data, headers=headers)


async def offset(house: House, address: str) -> int:
    reply = await house.client.head(address, headers=TUS)
    assert reply.status_code == 200
    return int(reply.headers["Upload-Offset"])


def key(reply: httpx.Response) -> str:
    return str(reply.json()["data"]["key"])


async def test_what_the_server_can_do_is_told(house: House) -> None:
    reply = await house.client.options(PATH)
    assert (reply.status_code, reply.headers["Tus-Version"]) == (204, "1.0.0")
    assert set(reply.headers["Tus-Extension"].split(",")) == {
        "creation",
        "termination",
        "checksum",
        "expiration",
    }
    assert int(reply.headers["Tus-Max-Size"]) > 0


async def test_a_file_that_arrived_in_pieces_becomes_a_recording(house: House, film: bytes) -> None:
    data = film
    address = await begin(house, len(data), filename="a/b/holiday.mp4", title="Our holiday")
    half = len(data) // 2
    assert (await send(house, address, 0, data[:half])).headers["Upload-Offset"] == str(half)
    listed = (await house.client.get(PATH)).json()["data"]["uploads"]
    assert [(one["filename"], one["offset_bytes"]) for one in listed] == [("holiday.mp4", half)]
    last = await send(house, address, half, data[half:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(data)))
    assert (await house.client.get(PATH)).json()["data"]["uploads"] == []
    # A client that missed the last answer asks again, and learns that it is done.
    assert await offset(house, address) == len(data)
    (one,) = await house.state.catalogue.work(kind="upload")
    made = await house.finished(one.id)
    assert (made.kind, made.state, made.mp4) == (Kind.UPLOAD, State.READY, Mp4State.READY)
    assert (made.title, made.width, made.video_codec) == ("Our holiday", 160, "h264")
    assert 1900 <= made.duration_ms <= 2200
    assert made.poster
    assert frames(house.root / made.id / "index.mp4") == 20
    assert not list((house.root / made.id).glob("original*"))


async def test_only_the_next_piece_is_taken(house: House) -> None:
    address = await begin(house, 10, filename="x.mp4")
    assert (await send(house, address, 0, b"01234")).status_code == 204
    for at in (0, 4, 6, 10):
        reply = await send(house, address, at, b"x")
        assert (reply.status_code, key(reply)) == (409, "upload_offset")
    reply = await send(house, address, 5, b"567890")
    assert (reply.status_code, key(reply)) == (409, "upload_too_long")
    assert await offset(house, address) == 5


async def test_a_damaged_piece_counts_for_nothing(house: House) -> None:
    address = await begin(house, 10, filename="x.mp4")
    right = base64.b64encode(hashlib.sha256(b"01234").digest()).decode()
    reply = await send(house, address, 0, b"0123X", **{"Upload-Checksum": f"sha256 {right}"})
    assert (reply.status_code, key(reply)) == (460, "upload_checksum")
    assert await offset(house, address) == 0
    reply = await send(house, address, 0, b"01234", **{"Upload-Checksum": f"sha256 {right}"})
    assert reply.headers["Upload-Offset"] == "5"
    reply = await send(house, address, 5, b"5", **{"Upload-Checksum": "crc32 AAAA"})
    assert reply.status_code == 422


async def test_after_a_kill_it_goes_on_from_what_was_acknowledged(
    settings: Settings, redis_process: object
) -> None:
    async with opened(settings) as house:
        address = await begin(house, 10, filename="x.bin")
        await send(house, address, 0, b"0123")
        (part,) = settings.data.upload.glob("*.part")
    # Bytes of a piece that was cut off by the kill: nobody was told that they count.
    with part.open("ab") as file:
        file.write(b"garbage")
    async with opened(settings) as house:
        assert await offset(house, address) == 4
        await send(house, address, 4, b"45")
        assert part.read_bytes() == b"012345"


async def test_a_kill_right_behind_the_last_piece_loses_no_file(
    settings: Settings, redis_process: object, film: bytes
) -> None:
    data = film
    async with opened(settings) as house:
        address = await begin(house, len(data), filename="x.mp4")
        await send(house, address, 0, data[:-1])
        id_ = address.rpartition("/")[2]
        folder = house.state.own_files.folder
        upload = folder.get(id_)
        piece = folder.begin_piece(upload)
        piece.write(data[-1:])
        assert piece.keep().whole
        piece.close()
    async with opened(settings) as house:
        made = await house.finished(upload.recording_id)
        assert made.mp4 is Mp4State.READY
        assert await offset(house, address) == len(data)


async def test_nobody_without_a_session_sends_a_byte(house: House) -> None:
    address = await begin(house, 10, filename="x.mp4")
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"0123456789"

    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        for path in (address, PATH):
            sent = PIECE | {"Upload-Offset": "0", "Upload-Length": "10"} | headers
            method = "PATCH" if path == address else "POST"
            reply = await house.client.request(method, path, content=body(), headers=sent)
            assert reply.status_code == 401, path
    assert read == []
    assert await offset(house, address) == 0


async def test_a_request_that_is_not_tus_is_refused(house: House) -> None:
    address = await begin(house, 10, filename="x.mp4")
    no_version = {"Content-Type": PIECE["Content-Type"], "Upload-Offset": "0"}
    assert (await house.client.patch(address, content=b"x", headers=no_version)).status_code == 412
    as_json = TUS | {"Content-Type": "application/json", "Upload-Offset": "0"}
    assert (await house.client.patch(address, content=b"x", headers=as_json)).status_code == 415
    large = PIECE | {"Upload-Offset": "0", "Content-Length": str(17 << 20)}
    assert (await house.client.patch(address, content=b"x", headers=large)).status_code == 413
    for words in ({}, {"Upload-Length": "0"}, {"Upload-Length": "-1"}, {"Upload-Length": "x"}):
        assert (await house.client.post(PATH, headers=TUS | words)).status_code == 422
    defer = TUS | {"Upload-Defer-Length": "1"}
    assert (await house.client.post(PATH, headers=defer)).status_code == 501
    huge = TUS | {"Upload-Length": str(1 << 49)}
    reply = await house.client.post(PATH, headers=huge)
    assert (reply.status_code, key(reply)) == (507, "upload_no_room")
    for name in ("0" * 32, "../../config", "x"):
        assert (await house.client.head(f"{PATH}{name}", headers=TUS)).status_code == 404
    assert reply.headers["Tus-Resumable"] == "1.0.0"


async def test_what_is_discarded_is_gone(house: House) -> None:
    address = await begin(house, 10, filename="x.mp4")
    await send(house, address, 0, b"0123")
    assert (await house.client.delete(address, headers=TUS)).status_code == 204
    assert (await house.client.head(address, headers=TUS)).status_code == 404
    assert list(house.settings.data.upload.iterdir()) == []


async def test_what_no_player_plays_is_encoded_anew(house: House, tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    ffmpeg(*picture(1), "-c:v", "mpeg4", "-c:a", "pcm_s16le", path)
    made = await sent(house, path)
    assert (made.mp4, made.video_codec, made.audio_codec) == (Mp4State.READY, "h264", "aac")
    assert frames(house.root / made.id / "index.mp4") == 10


async def test_sound_alone_is_fine(house: House, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
    made = await sent(house, path)
    assert (made.state, made.video_codec, made.audio_codec) == (State.READY, "", "mp3")


async def test_what_is_no_media_fails_once_and_can_be_fetched_as_it_was(
    house: House, tmp_path: Path
) -> None:
    path = tmp_path / "thesis.mp4"
    path.write_bytes(b"words, nothing but words" * 100)
    made = await sent(house, path)
    assert (made.state, made.problem) == (State.FAILED, "media_unusable")
    reply = await house.client.get(f"{API}/recordings/original/{made.id}")
    assert reply.headers["X-Accel-Redirect"].endswith(f"/{made.id}/original.mp4")
    assert "attachment" in reply.headers["Content-Disposition"]


async def test_a_playlist_in_disguise_reads_no_other_file(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    ffmpeg(*picture(1), *H264, "-c:a", "aac", secret)
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ):
        path = tmp_path / "film.mp4"
        path.write_text(text)
        made = await sent(house, path)
        assert made.state is State.FAILED


async def sent(house: House, path: Path) -> Recording:
    data = await asyncio.to_thread(path.read_bytes)
    address = await begin(house, len(data), filename=path.name)
    assert (await send(house, address, 0, data)).status_code == 204
    upload = house.state.own_files.folder.get(address.rpartition("/")[2])
    return await house.finished(upload.recording_id)


def test_unfinished_files_are_forgotten_after_two_days(tmp_path: Path) -> None:
    now = [1_000]
    folder = UploadFolder(tmp_path, lambda: 1_000_000, lambda: now[0])
    upload = folder.create(10, "x.mp4", "", "r")
    now[0] += EXPIRE_MS - 1
    folder.sweep()
    assert folder.get(upload.id).id == upload.id
    piece = folder.begin_piece(upload)
    piece.write(b"0")
    grown = piece.keep()
    piece.close()
    now[0] += EXPIRE_MS - 1
    folder.sweep()
    assert folder.get(upload.id) == grown
    now[0] += 1
    with pytest.raises(UploadGone):
        folder.get(upload.id)
    folder.sweep()
    assert list(tmp_path.iterdir()) == []


def test_files_on_their_way_keep_their_place_on_the_disk(tmp_path: Path) -> None:
    room = [100]
    folder = UploadFolder(tmp_path, lambda: room[0], lambda: 0)
    first = folder.create(60, "x.mp4", "", "r")
    assert folder.room() == 40
    with pytest.raises(NoRoom):
        folder.create(41, "y.mp4", "", "s")
    room[0] = 0
    with pytest.raises(NoRoom):
        folder.begin_piece(first)
    assert folder.get(first.id) == replace(first, offset=0)
