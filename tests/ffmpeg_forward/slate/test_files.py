"""Own pictures and clips, and previews, by the calls that the page makes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.app import create_app
from streamstead.core.auth import AdminStore, Authenticator
from streamstead.ffmpeg_forward.slate import files, routes
from streamstead.ffmpeg_forward.slate.files import OwnFile, SlateFiles

from ...conftest import need
from ..clips import ffmpeg, make_clip, pixels

API = "/terraform/v1/ffmpeg/slate"
SECRET = "srs-v2-the-secret"
SIGNED_IN = {"Authorization": f"Bearer {SECRET}"}
RAW = {**SIGNED_IN, "Content-Type": "application/octet-stream"}

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")
    need("ffprobe")


@pytest.fixture
def own(tmp_path: Path) -> SlateFiles:
    found = SlateFiles(tmp_path / "slate", lambda: 1_700_000_000_000)
    found.open()
    return found


@pytest.fixture
async def client(own: SlateFiles) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("ffmpeg", "slates", raw=routes.RAW_BODIES)
    app.include_router(routes.router)
    app.state.slate_files = own
    # With the secret nobody asks Redis.
    app.state.authenticator = Authenticator(AdminStore(Redis()), b"k" * 32, SECRET)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ffmpeg") as found:
        yield found


def drawn(path: Path, colour: str = "white", size: str = "64x48") -> bytes:
    ffmpeg("-f", "lavfi", "-i", f"color=c={colour}:s={size}", "-frames:v", "1", str(path))
    return path.read_bytes()


def on_disk(own: SlateFiles) -> list[str]:
    return sorted(one.name for one in own._own.iterdir())


async def send(client: httpx.AsyncClient, body: bytes, name: str = "a.bin") -> httpx.Response:
    return await client.post(f"{API}/upload", params={"name": name}, content=body, headers=RAW)


async def list_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    reply = await client.post(f"{API}/files", headers=SIGNED_IN)
    return cast(list[dict[str, Any]], reply.json()["data"]["files"])


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
async def test_a_picture_is_taken_listed_and_removed(
    client: httpx.AsyncClient, own: SlateFiles, tmp_path: Path, suffix: str
) -> None:
    body = drawn(tmp_path / f"own.{suffix}")
    reply = await send(client, body, "../My logo.bmp\n")
    assert reply.status_code == 200, reply.text
    made = reply.json()["data"]
    assert (made["name"], made["kind"], made["bytes"]) == ("My logo.bmp", "picture", len(body))
    assert (made["width"], made["height"], made["duration_ms"]) == (64, 48, 0)
    assert await list_of(client) == [made]
    path = own.path(made["id"])
    assert path is not None
    assert (path.suffix, path.read_bytes()) == (f".{suffix}", body)

    gone = await client.post(f"{API}/remove", json={"id": made["id"]}, headers=SIGNED_IN)
    assert gone.status_code == 200
    assert await list_of(client) == []
    assert on_disk(own) == []
    again = await client.post(f"{API}/remove", json={"id": made["id"]}, headers=SIGNED_IN)
    assert (again.status_code, again.json()["data"]["key"]) == (404, "slate_file_unknown")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", ()),
        ("a.mov", ()),
        ("a.mkv", ()),
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime")),
    ],
)
async def test_a_clip_is_taken(
    client: httpx.AsyncClient, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    clip = make_clip(tmp_path / name, *options, seconds=1)
    made = (await send(client, clip.read_bytes(), name)).json()["data"]
    assert (made["kind"], made["width"], made["height"]) == ("clip", 320, 180)
    assert 900 <= made["duration_ms"] <= 1200


async def test_what_is_neither_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, own: SlateFiles, tmp_path: Path
) -> None:
    picture = drawn(tmp_path / "a.png", "red", "300x300")
    sound = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine", "-t", "1", str(sound))
    secret = make_clip(tmp_path / "secret.ts")
    bodies = {
        b"": "upload_empty",
        b"#EXTM3U\nfile:///etc/passwd\n": "slate_file_kind",
        b"\0\0\0\x18ftypisom" + b"\0" * 500: "slate_file_broken",
        f"\0\0\0\0ftyp\n#EXTM3U\n#EXTINF:1,\nfile:{secret}\n".encode(): "slate_file_broken",
        picture[:-60]: "slate_file_broken",
        sound.read_bytes(): "slate_file_broken",
    }
    for body, key in bodies.items():
        reply = await send(client, body)
        assert (reply.status_code, reply.json()["data"]["key"]) == (422, key), body[:20]
    assert on_disk(own) == []


async def test_a_clip_that_is_too_long_says_how_long_it_may_be(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "a.mp4", size="16x16", seconds=62, fps=1, sound_rate=0)
    reply = await send(client, clip.read_bytes())
    assert reply.json()["data"]["key"] == "slate_file_long"
    assert "60 s" in reply.json()["data"]["help"]


async def test_a_file_that_is_too_large_is_refused_while_it_comes(
    own: SlateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 1_000_000)
    sent = 0

    async def blocks() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b"x" * 100_000

    with pytest.raises(files.BodyTooLarge):
        await own.add("a", blocks())
    assert sent <= 1_200_000
    assert on_disk(own) == []


async def test_a_full_folder_takes_no_more(
    client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = drawn(tmp_path / "a.png")
    monkeypatch.setattr(files, "MAX_FILES", 1)
    assert (await send(client, body)).status_code == 200
    reply = await send(client, body)
    assert (reply.status_code, reply.json()["data"]["key"]) == (507, "slate_no_room")
    monkeypatch.setattr(files, "MAX_FILES", 9)
    monkeypatch.setattr(files, "SPARE_BYTES", 1 << 60)
    assert (await send(client, body)).json()["data"]["key"] == "slate_no_room"


async def test_a_sender_that_goes_away_leaves_nothing(own: SlateFiles) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await own.add("a", blocks())
    assert on_disk(own) == []


async def test_nobody_but_the_operator_comes_in_and_no_byte_of_theirs_is_read(
    client: httpx.AsyncClient, own: SlateFiles
) -> None:
    asked = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked
        asked = True
        yield b"x"

    headers = {"Content-Type": "application/octet-stream"}
    reply = await client.post(f"{API}/upload", content=body(), headers=headers)
    assert reply.status_code == 401
    assert not asked
    for call in ("files", "remove", "preview"):
        assert (await client.post(f"{API}/{call}", json={})).status_code in (401, 422)
    wrong = await client.post(
        f"{API}/upload", content=b"x", headers={**RAW, "Content-Type": "text/plain"}
    )
    assert wrong.status_code == 415
    assert on_disk(own) == []


async def test_what_a_crash_left_half_done_is_swept_at_the_next_start(
    client: httpx.AsyncClient, own: SlateFiles, tmp_path: Path
) -> None:
    made = (await send(client, drawn(tmp_path / "a.png"))).json()["data"]
    whole = on_disk(own)
    for name in (f"{'a' * 32}.part", f"{'b' * 32}.png", ".x.json.tmp"):
        (own._own / name).write_bytes(b"x")
    (own._own / f"{'c' * 32}.json").write_bytes(b"{")
    again = SlateFiles(own._own.parent, lambda: 0)
    again.open()
    assert [one.id for one in again.all()] == [made["id"]]
    assert set(on_disk(again)) - {f"{'c' * 32}.json"} == set(whole)


def test_an_id_is_no_path(own: SlateFiles) -> None:
    assert own.path("../../etc/passwd") is None
    assert own.path("") is None


async def test_a_preview_shows_what_the_slate_will_show(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    made = (await send(client, drawn(tmp_path / "a.png", "white", "160x90"))).json()["data"]
    slates: list[tuple[dict[str, Any], bool]] = [
        ({"kind": "card", "title": "Tonight"}, False),
        ({"kind": "picture", "file_id": made["id"]}, True),
    ]
    for slate, bright in slates:
        body = {"slate": slate, "width": 321, "height": 180}
        reply = await client.post(f"{API}/preview", json=body, headers=SIGNED_IN)
        assert (reply.status_code, reply.headers["content-type"]) == (200, "image/jpeg")
        assert reply.headers["cache-control"] == "no-store"
        (tmp_path / "preview.jpg").write_bytes(reply.content)
        gray = pixels(tmp_path / "preview.jpg")
        assert (sorted(gray)[len(gray) // 2] > 200) is bright


@pytest.mark.parametrize(
    ("slate", "status"),
    [
        ({"kind": "clip", "file_id": "0" * 32}, 404),
        ({"kind": "picture"}, 404),
        ({"kind": "x"}, 422),
    ],
)
async def test_a_preview_of_what_is_not_there_is_an_error_in_words(
    client: httpx.AsyncClient, slate: dict[str, str], status: int
) -> None:
    reply = await client.post(f"{API}/preview", json={"slate": slate}, headers=SIGNED_IN)
    assert reply.status_code == status
    assert reply.json()["data"]["message"]


async def test_a_picture_is_no_clip(client: httpx.AsyncClient, tmp_path: Path) -> None:
    made = (await send(client, drawn(tmp_path / "a.png"))).json()["data"]
    body = {"slate": {"kind": "clip", "file_id": made["id"]}}
    assert (await client.post(f"{API}/preview", json=body, headers=SIGNED_IN)).status_code == 422


def test_the_newest_comes_first(own: SlateFiles, tmp_path: Path) -> None:
    old = OwnFile("0" * 32, "old", "picture", ".png", 1, 1, 1, 0, 5)
    for number, created in enumerate((5, 9, 7)):
        one = replace(old, id=str(number) * 32, created_ms=created)
        part = tmp_path / "part"
        part.write_bytes(b"x")
        own._keep(one, part)
    assert [one.created_ms for one in own.all()] == [9, 7, 5]
