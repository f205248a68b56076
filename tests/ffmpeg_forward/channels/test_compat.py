"""The calls of Oryx, as its page and its users' programs send them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.ffmpeg_forward.channels.arrive import Arrivals
from streamstead.ffmpeg_forward.channels.multipart import FilePart

from .conftest import API, SECONDS, House, lay

Films = dict[str, Path]


async def upload(house: House, film: Path, name: str, **more: Any) -> httpx.Response:
    data = await asyncio.to_thread(film.read_bytes)
    return await house.client.post(
        f"{API}/ffmpeg/vlive/upload/{name}",
        files={"file": (more.get("called", name), data, "video/mp4")},
        headers=more.get("headers"),
    )


def secret(platform: str, files: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "action": "update",
        "platform": platform,
        "server": "rtmp://live.example.com/app/",
        "secret": "?streamname=live_1&key=s3cret-7788",
        "enabled": False,
        "custom": True,
        "label": "Night",
        "files": files,
    } | more


async def test_a_film_is_sent_set_and_shown_as_oryx_does(house: House, films: Films) -> None:
    reply = await upload(house, films["a"], "night.mp4")
    assert reply.status_code == 200, reply.text
    sent = reply.json()["data"]
    assert sent["target"].startswith("upload/")
    file = {
        "name": "night.mp4",
        "path": "night.mp4",
        "size": films["a"].stat().st_size,
        "uuid": sent["uuid"],
        "target": sent["target"],
        "type": "upload",
    }
    data = await house.call("vlive/source", platform="vlive-1", files=[file])
    (source,) = data["files"]
    assert (data["platform"], source["uuid"], source["type"]) == (
        "vlive-1",
        sent["uuid"],
        "upload",
    )
    assert source["target"] == f"vlive/{sent['uuid']}.mp4"
    assert (source["format"]["has_video"], source["format"]["has_audio"]) == (True, True)
    assert float(source["format"]["duration"]) == pytest.approx(SECONDS, abs=0.2)
    video, audio = source["video"], source["audio"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 320, 180)
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "44100", 1)
    assert not list(house.settings.data.upload.iterdir())
    # The page sends what it was told, with much around it.
    assert await house.call("vlive/secret", **secret("vlive-1", [source])) is None
    told = await house.call("vlive/secret")
    assert told["vlive-1"]["server"] == "rtmp://live.example.com/app/"
    assert (told["vlive-1"]["secret"], told["vlive-1"]["label"]) == ("…7788", "Night")
    assert told["vlive-1"]["files"] == [source]
    (shown,) = await house.call("vlive/streams")
    assert (shown["platform"], shown["enabled"], shown["custom"]) == ("vlive-1", False, True)
    assert (shown["source"], shown["start"], shown["frame"]) == (None, None, None)
    # What it was told of the key changes nothing.
    await house.call("vlive/secret", **secret("vlive-1", [source], secret="…7788"))
    (channel,) = await house.part.store.all()
    address = house.part.store.address_of(channel.to)
    assert address.url == "rtmp://live.example.com/app/?streamname=live_1&key=s3cret-7788"
    # Another film takes the place of the first, which nothing plays any more.
    target = lay(house.settings, films["b"])
    server = await house.call("vlive/server", file=f"/data/{target}")
    assert (server["target"], server["size"]) == (target, films["b"].stat().st_size)
    data = await house.call("vlive/source", platform="vlive-1", files=[{**server, "type": "file"}])
    assert data["files"][0]["uuid"] == server["uuid"]
    assert not (house.settings.data.vlive / f"{sent['uuid']}.mp4").exists()
    assert (house.settings.data_dir / target).exists()


async def test_a_stream_of_this_house_is_told_from_others(house: House, films: Films) -> None:
    file = {"type": "file", "target": lay(house.settings, films["a"]), "name": "a", "uuid": "u-1"}
    body = secret("bilibili", [file], server="rtmp://localhost/live/", secret="tv?secret=x")
    await house.call("vlive/secret", **body)
    (channel,) = await house.part.store.all()
    assert (channel.to.app, channel.to.stream, channel.compat) == ("live", "tv", "bilibili")
    told = (await house.call("vlive/secret"))["bilibili"]
    assert (told["server"], told["secret"], told["custom"]) == (
        "rtmp://localhost/live",
        "tv",
        False,
    )


async def test_cameras_are_streams(house: House, films: Films) -> None:
    url = "rtsp://admin:s3cret@127.0.0.1:9/ch1"
    assert await house.key("camera/stream-url", url=url) == "channel_private_address"
    named = await house.call("camera/stream-url", url=url, allowPrivate=True)
    assert (named["name"], named["target"]) == ("ch1", url)
    file = {**named, "type": "stream"}
    body = {"platform": "camera-1", "files": [file], "extraAudio": "silent"}
    # As with Oryx it must be there when it is set.
    assert await house.key("camera/source", **body, allowPrivate=True) == "source_unreachable"
    other = {"type": "file", "target": lay(house.settings, films["a"])}
    assert await house.key("camera/source", platform="camera-1", files=[other]) == "invalid"
    assert await house.key("camera/source", platform="vlive-1", files=[file]) == "platform_unknown"
    assert await house.call("camera/secret") == {}
    assert await house.call("camera/streams") == []


async def test_addresses_are_checked(house: House) -> None:
    for call in ("stream-url", "streamUrl"):
        named = await house.call(f"vlive/{call}", url="https://example.com/live/night.m3u8")
        assert named["name"] == "night.m3u8"
    for url, key in (
        ("https://example.com/live/night.html", "channel_bad_url"),
        ("file:///etc/passwd", "channel_scheme"),
        ("http://169.254.169.254/a.ts", "channel_private_address"),
    ):
        assert await house.key("vlive/stream-url", url=url) == key


async def test_server_files_are_those_of_three_folders(house: House, films: Films) -> None:
    secret_film = house.settings.data.config / "film.mp4"
    secret_film.write_bytes(films["a"].read_bytes())
    for path in (
        "upload/../config/film.mp4",
        "/data/upload/../config/film.mp4",
        "/data/config/film.mp4",
        str(secret_film),
        "/database/film.mp4",
        "/etc/passwd",
    ):
        assert await house.key("vlive/server", file=path) == "file_outside", path
        file = {"type": "file", "target": path}
        assert await house.key("vlive/source", platform="wx", files=[file]) == "file_outside"


async def test_what_is_missing_or_unknown_is_told(house: House) -> None:
    for body in (
        secret("vlive-1", []),
        secret("", []),
        secret("vlive-1", [], server=""),
        secret("vlive-1", [], enabled=None),
    ):
        assert await house.key("vlive/secret", **body) == "field_missing"
    assert await house.key("vlive/source", platform="vlive-1", files=[]) == "field_missing"
    file = {"type": "file", "target": "vlive/x.mp4"}
    assert await house.key("vlive/secret", **secret("youtube", [file])) == "platform_unknown"


async def test_limits_are_those_of_oryx(house: House) -> None:
    async def limits(call: str, **body: int) -> httpx.Response:
        return await house.client.post(f"{API}/mgmt/limits/{call}", json=body)

    assert (await limits("query")).json()["data"] == {"vlive": 5000, "camera": 5000}
    assert (await limits("update", vlive=800, camera=900)).json() == {"code": 0, "data": None}
    assert (await limits("query")).json()["data"] == {"vlive": 800, "camera": 900}
    assert await house.redis.hgetall("SRS_SYS_LIMITS") == {"vlive": "800", "camera": "900"}
    assert (await limits("update", vlive=0, camera=900)).status_code == 422
    assert (await limits("update", vlive=1)).status_code == 422


async def test_forms_are_taken_as_they_are_meant(house: House, films: Films) -> None:
    folder = house.settings.data.upload
    reply = await upload(house, films["a"], "night.mp4", called="other.mp4")
    assert (reply.status_code, reply.json()["data"]["key"]) == (422, "upload_name")
    for name in ("night.exe", "night", ".mp4", "%2e%2e%2fnight.txt"):
        assert (await upload(house, films["a"], name)).status_code in (404, 422), name
    # A cookie is not enough: a form of another page could bring it along.
    token = house.settings.api_secret.get_secret_value()
    cookie = {"Authorization": "", "Cookie": f"streamstead_session={token}"}
    assert (await upload(house, films["a"], "a.mp4", headers=cookie)).status_code == 401
    path = f"{API}/ffmpeg/vlive/upload/a.mp4"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (b"", b"x", b"--b\r\n", b"--b--\r\n", b"--b\r\nX: y\r\n\r\nno file\r\n--b--\r\n"):
        reply = await house.client.post(path, content=body, headers=kind)
        assert reply.status_code == 422, body
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n'
    for body in (head, head + b"cut off", head + b"\r\n--b--"):
        reply = await house.client.post(path, content=body, headers=kind)
        assert (reply.status_code, reply.json()["data"]["key"]) == (422, "upload_malformed")
    assert list(folder.iterdir()) == []


async def test_no_film_is_larger_than_there_is_room_for(house: House, films: Films) -> None:
    await house.call("channels/limits/update", quota_mb=1)
    lay(house.settings, films["a"])

    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n'
        for _ in range(64):
            yield bytes(100_000)

    reply = await house.client.post(
        f"{API}/ffmpeg/vlive/upload/a.mp4",
        content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert (reply.status_code, reply.json()["data"]["key"]) == (507, "vlive_quota")
    assert list(house.settings.data.upload.iterdir()) == []


@pytest.mark.parametrize("size", [1, 3, 7, 64, 100_000])
def test_a_form_is_read_in_pieces_of_any_size(size: int) -> None:
    data = b"\r\n--b\r-\n--\r\n--bo\r\n" * 40 + bytes(range(256))
    body = (
        b'--bound\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc\r\n'
        b'--bound\r\nContent-Disposition: form-data; name="f"; filename="a \\"b\\".mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n" + data + b"\r\n--bound--\r\n"
    )
    part = FilePart('multipart/form-data; boundary="bound"')
    found = b"".join(part.feed(body[at : at + size]) for at in range(0, len(body), size))
    assert (found, part.filename, part.complete) == (data, 'a "b".mp4', True)


FAKE = """#!/bin/sh
echo "$@" > {root}/argv
for last; do :; done
case "$last" in
*fails*) echo "ERROR: no such video s3cret" >&2; exit 1;;
*large*) exit 0;;
*endless*) out=2000000;;
esac
for word in "$@"; do case "$word" in stage-*) name=${{word%.*}}.mp4;; esac; done
if [ -n "$out" ]; then head -c "$out" /dev/zero > "$name" || exit 1; else cp {film} "$name"; fi
echo "A title"
"""


async def test_pages_are_fetched_where_that_is_possible(
    house: House, films: Films, tmp_path: Path
) -> None:
    assert await house.key("vlive/ytdl", url="https://example.com/watch") in (
        "ytdl_missing",
        "channel_name_unknown",
    )
    program = tmp_path / "yt-dlp"
    program.write_text(FAKE.format(root=tmp_path, film=films["a"]))
    program.chmod(0o755)
    data = house.settings.data
    arrivals = Arrivals(data, house.part.limits, str(program))
    object.__setattr__(house.part, "arrivals", arrivals)
    # Addresses, so that no name of anybody is asked for.
    page = "https://93.184.216.34"
    got = await house.call("vlive/ytdl", url=f"{page}/watch")
    assert (got["name"], got["size"]) == ("A title", films["a"].stat().st_size)
    argv = (tmp_path / "argv").read_text()
    assert "--proxy http://127.0.0.1:" in argv
    assert argv.rstrip().endswith(f"-- {page}/watch")
    source = await house.call(
        "vlive/source", platform="wx", files=[{**got, "type": "ytdl", "path": ""}]
    )
    assert source["files"][0]["type"] == "ytdl"
    assert source["files"][0]["target"].startswith("vlive/")
    assert await house.key("vlive/ytdl", url=f"{page}/fails") == "ffmpeg_failed"
    assert await house.key("vlive/ytdl", url=f"{page}/large") == "vlive_quota"
    await house.call("channels/limits/update", quota_mb=1)
    endless = await house.key("vlive/ytdl", url=f"{page}/endless")
    assert endless in ("vlive_quota", "ffmpeg_failed")
    assert not list(data.upload.iterdir())
    assert await house.key("vlive/ytdl", url="http://127.0.0.1/x") == "channel_private_address"
    assert await house.key("vlive/ytdl", url="--exec=id") == "channel_bad_url"
    assert await house.key("vlive/ytdl", url="rtmp://93.184.216.34/a/b") == "channel_bad_url"
    assert not list(data.upload.iterdir())
