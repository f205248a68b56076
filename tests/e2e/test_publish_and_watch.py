"""From an encoder to a picture, on every media server."""

import time

import httpx
import pytest

from ..conftest import wait_until
from .house import Api, House, playable, probe, publishing, random_name


def test_a_published_stream_is_listed_and_plays_as_hls_and_flv(house: House, api: Api) -> None:
    name = random_name()
    playlist = f"{house.base}/live/{name}.m3u8"
    begun = time.monotonic()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        listed_s = time.monotonic() - begun
        wait_until(lambda: playable(playlist), "the playlist has a segment")
        playable_s = time.monotonic() - begun
        print(f"{house.root.name}: listed {listed_s:.2f} s, HLS playable {playable_s:.2f} s")
        frames = probe(playlist)
        assert frames["video"] >= 5 * 25 * 0.8, frames
        assert frames["audio"] > 0, frames
        flv = probe(f"{house.base}/live/{name}.flv", seconds=3)
        assert flv["video"] >= 3 * 25 * 0.8, flv
        assert flv["audio"] > 0, flv
        wait_until(
            lambda: (api.streams()[f"live/{name}"]["video"] or {}).get("width") == 640,
            "the picture size is known",
        )
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream is gone")


@pytest.mark.parametrize("query", ["?secret=wrong", "?secret=", ""])
def test_without_the_right_key_nobody_publishes(house: House, api: Api, query: str) -> None:
    name = random_name()
    with publishing(f"{house.rtmp}/{name}{query}") as publisher:
        assert publisher.wait() != 0
    assert f"live/{name}" not in api.streams()
    assert (
        httpx.get(f"{house.base}/live/{name}.m3u8", trust_env=False, timeout=60).status_code == 404
    )


def test_a_kicked_publisher_is_gone_and_may_not_come_back_at_once(house: House, api: Api) -> None:
    name = random_name()
    url = f"{house.rtmp}/{name}?secret={api.secret()}"
    with publishing(url) as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        api.kick(name)
        assert publisher.wait() != 0
        assert f"live/{name}" not in api.streams()
    with publishing(url) as again:
        assert again.wait() != 0
        assert f"live/{name}" not in api.streams()


def test_a_second_publisher_is_refused_and_the_first_goes_on(house: House, api: Api) -> None:
    name = random_name()
    url = f"{house.rtmp}/{name}?secret={api.secret()}"
    with publishing(url) as first:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        owner = api.streams()[f"live/{name}"]["client_id"]
        with publishing(url) as second:
            assert second.wait() != 0
        # What the registry thinks must still be so after it has asked the media server.
        time.sleep(4)
        assert first.alive
        assert api.streams()[f"live/{name}"]["client_id"] == owner


def test_viewers_are_counted_by_protocol(house: House, api: Api) -> None:
    name = random_name()

    def viewers() -> dict[str, int]:
        return dict(api.streams()[f"live/{name}"]["viewers"])

    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        with httpx.stream(
            "GET", f"{house.base}/live/{name}.flv", trust_env=False, timeout=60
        ) as reply:
            assert reply.status_code == 200
            received = reply.iter_bytes(3)
            assert next(received) == b"FLV"
            wait_until(lambda: viewers()["flv"] == 1, "the viewer is counted")
        wait_until(lambda: viewers()["total"] == 0, "the viewer is gone")


def test_srt_is_taken_in_where_the_media_server_can(house: House, api: Api) -> None:
    envs = httpx.get(f"{house.base}/terraform/v1/mgmt/envs", trust_env=False, timeout=60).json()[
        "data"
    ]
    if not envs["capabilities"]["srt"]:
        assert envs["mediaServer"] == "embedded"
        return
    name = random_name()
    secret = api.secret()
    host = f"srt://127.0.0.1:{house.ports['SRT']}"
    with publishing(f"{host}?streamid=#!::r=live/{name},secret={secret},m=publish", "mpegts"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        assert api.streams()[f"live/{name}"]["protocol"] == "srt"
    with publishing(f"{host}?streamid=#!::r=live/{name},secret=no,m=publish", "mpegts") as bad:
        assert bad.wait() != 0
