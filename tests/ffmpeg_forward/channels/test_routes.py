"""Channels as the page makes them."""

from pathlib import Path
from typing import Any

import httpx

from streamstead.core.settings import Settings

from .conftest import API, House, lay

Films = dict[str, Path]
NOWHERE = "rtsp://admin:s3cret-word@127.0.0.1:9/ch1"


def film(target: str, **more: Any) -> dict[str, Any]:
    return {"type": "file", "target": target, **more}


async def test_a_channel_is_made_changed_and_forgotten(house: House, films: Films) -> None:
    targets = [lay(house.settings, films[name]) for name in ("a", "b", "song")]
    to = {"kind": "stream", "app": "live", "stream": "tv"}
    made = await house.call(
        "channels/create",
        kind="vlive",
        label=" Night ",
        to=to,
        items=[film(one) for one in targets],
    )
    assert (made["label"], made["state"], made["loop"]) == ("Night", "off", True)
    first, second, song = made["items"]
    assert (first["video_codec"], first["audio_codec"]) == ("h264", "aac")
    assert 1400 <= second["duration_ms"] <= 1700
    assert (song["video_codec"], song["name"], song["problem"]) == ("", "song.m4a", None)
    changed = await house.call(
        "channels/update",
        id=made["id"],
        items=[{"id": second["id"], "name": "B"}, {"id": first["id"]}],
        shuffle=True,
        schedule={"days": [6, 0], "start": "20:00", "end": "22:00", "zone": "Europe/Berlin"},
    )
    assert [(one["id"], one["name"]) for one in changed["items"]] == [
        (second["id"], "B"),
        (first["id"], "a.mp4"),
    ]
    assert (changed["shuffle"], changed["schedule"]["days"], changed["to"]["stream"]) == (
        True,
        [0, 6],
        "tv",
    )
    assert (await house.call("channels/update", id=made["id"], schedule=None))["schedule"] is None
    assert [one["id"] for one in (await house.call("channels/list"))["channels"]] == [made["id"]]
    assert (await house.call("channels/list", kind="camera"))["channels"] == []
    assert await house.key("channels/files/remove", path=targets[0]) == "file_in_use"
    await house.call("channels/remove", id=made["id"])
    assert await house.key("channels/remove", id=made["id"]) == "channel_unknown"
    await house.call("channels/files/remove", path=targets[0])
    assert await house.key("channels/probe", file=targets[0], url="x") == "invalid"


async def test_what_cannot_run_is_not_switched_on(house: House, films: Films) -> None:
    made = await house.call("channels/create", kind="vlive")
    assert await house.key("channels/start", id=made["id"]) == "channel_empty"
    target = lay(house.settings, films["a"])
    await house.call("channels/update", id=made["id"], items=[film(target)])
    assert await house.key("channels/start", id=made["id"]) == "channel_nowhere"
    assert await house.key("channels/update", id=made["id"], enabled=True) == "channel_nowhere"
    assert await house.key("channels/skip", id=made["id"]) == "channel_not_running"
    assert await house.key("channels/create", kind="vlive", enabled=True) == "channel_empty"
    bad = {"kind": "stream", "app": "vod", "stream": "x"}
    assert await house.key("channels/create", kind="vlive", to=bad) == "app_reserved"
    bad = {"kind": "outputs", "outputs": ["nobody"]}
    assert await house.key("channels/create", kind="vlive", to=bad) == "output_unknown"
    zone = {"days": [0], "start": "20:00", "end": "22:00", "zone": "Moon/Base"}
    assert await house.key("channels/update", id=made["id"], schedule=zone) == "zone_unknown"
    assert await house.key("channels/create", kind="vlive", colour="red") == "unknown_field"


async def test_what_is_no_film_is_refused(house: House, films: Films) -> None:
    settings = house.settings
    words = settings.data.vlive / "words.mp4"
    words.write_text("words, nothing but words")
    secret = settings.data.config / "film.mp4"
    secret.write_bytes(films["a"].read_bytes())
    listing = settings.data.vlive / "list.mp4"
    listing.write_text(f"ffconcat version 1.0\nfile {secret}\n")

    async def refused(target: str, **more: Any) -> str:
        return await house.key(
            "channels/create", kind=more.pop("kind", "vlive"), items=[film(target, **more)]
        )

    for target in ("vlive/words.mp4", "vlive/list.mp4"):
        assert (await refused(target)).startswith(("source_", "media_")), target
    assert await refused("vlive/../config/film.mp4") == "file_outside"
    assert await refused(str(secret)) == "file_outside"
    assert await refused("vlive/nothing.mp4") == "file_unknown"
    assert await refused("") == "channel_item_empty"
    assert await refused(lay(settings, films["a"]), kind="camera") == "channel_camera_file"
    assert await refused("http://10.0.0.1/x.ts", type="stream") == "channel_private_address"
    assert await refused("file:///etc/passwd", type="stream") == "channel_scheme"
    assert await refused("https://example.com/page", type="stream") == "channel_bad_url"
    await house.call("channels/limits/update", vlive_kbps=1)
    assert await refused(lay(settings, films["a"])) == "channel_bitrate"
    assert (await house.call("channels/list"))["channels"] == []


async def test_a_camera_that_is_off_is_kept_and_its_password_told_to_nobody(
    house: House,
) -> None:
    item = {"type": "stream", "target": NOWHERE, "name": "Door"}
    key = await house.key("channels/create", kind="camera", items=[item])
    assert key == "channel_private_address"
    reply = await house.client.post(
        f"{API}/ffmpeg/channels/create",
        json={"kind": "camera", "items": [item], "allow_private": True},
    )
    made = reply.json()["data"]
    (shown,) = made["items"]
    assert shown["target"] == "rtsp://***@127.0.0.1:9/ch1"
    assert shown["problem"]["key"] == "source_unreachable"
    listed = await house.client.post(f"{API}/ffmpeg/channels/list", json={})
    # Sent back as it was shown, it is the same camera.
    changed = await house.call("channels/update", id=made["id"], items=[shown], label="Back door")
    assert changed["items"][0]["target"] == shown["target"]
    stored = await house.part.store.get(made["id"])
    assert house.part.store.url_of(stored.items[0]) == NOWHERE
    for text in (reply.text, listed.text, repr(stored), str(changed)):
        assert "s3cret" not in text


async def test_a_server_and_key_of_its_own_are_kept_and_never_told(
    house: House, films: Films
) -> None:
    to = {"kind": "address", "server": "rtmp://live.example.com/app", "key": "key-s3cret-99ff"}
    made = await house.call("channels/create", kind="vlive", to=to)
    assert made["to"]["server"] == "rtmp://live.example.com/app"
    assert made["to"]["key_hint"] == "…99ff"
    same = await house.call("channels/update", id=made["id"], to=made["to"])
    assert same["to"] == made["to"]
    stored = await house.part.store.get(made["id"])
    assert house.part.store.address_of(stored.to).key == "key-s3cret-99ff"
    moved = {"kind": "address", "server": "rtmp://other.example.com/app"}
    await house.call("channels/update", id=made["id"], to=moved)
    stored = await house.part.store.get(made["id"])
    address = house.part.store.address_of(stored.to)
    assert (address.server, address.key) == ("rtmp://other.example.com/app", "key-s3cret-99ff")


async def test_files_addresses_and_limits_are_told(house: House, films: Films) -> None:
    target = lay(house.settings, films["a"])
    listed = await house.call("channels/files", folder="vlive")
    assert [(one["path"], one["name"]) for one in listed["files"]] == [(target, "a.mp4")]
    assert listed["used_bytes"] == films["a"].stat().st_size
    assert listed["quota_bytes"] == 20_000 * 10**6
    found = await house.call("channels/probe", file=target)
    assert (found["media"]["width"], found["media"]["fps"], found["problem"]) == (320, 25, None)
    found = await house.call("channels/probe", url=NOWHERE, kind="camera")
    assert (found["media"], found["problem"]["key"]) == (None, "channel_private_address")
    found = await house.call("channels/probe", url=NOWHERE, kind="camera", allow_private=True)
    assert found["problem"]["key"] == "source_unreachable"
    assert "s3cret" not in str(found)
    changed = await house.call("channels/limits/update", quota_mb=0, camera_kbps=900)
    assert changed == {"vlive_kbps": 5000, "camera_kbps": 900, "quota_mb": 0}
    assert await house.call("channels/limits/query") == changed
    assert (await house.call("channels/files", folder="vlive"))["quota_bytes"] is None
    assert await house.key("channels/limits/update", vlive_kbps=0) == "invalid"
    assert await house.key("channels/files", folder="config") == "invalid"


async def test_nobody_without_a_session_is_answered(house: House, settings: Settings) -> None:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ffmpeg") as stranger:
        for path in house.app.openapi()["paths"]:
            if "/channels/" in path or "/vlive/" in path or "/camera/" in path or "limits" in path:
                reply = await stranger.post(path.replace("{filename}", "a.mp4"), json={})
                assert reply.status_code in (401, 415), path
                if reply.status_code == 415:  # a form
                    reply = await stranger.post(
                        path.replace("{filename}", "a.mp4"), files={"file": ("a.mp4", b"x")}
                    )
                    assert reply.status_code == 401
