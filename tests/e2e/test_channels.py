"""A film becomes a stream of the house, and stays one whatever becomes of the service."""

import base64
from pathlib import Path
from typing import Any

from ..conftest import wait_until
from ..ffmpeg_forward.clips import make_clip
from .house import API, Api, House, in_time, playable, random_name

LIMIT_S = 120


def upload(api: Api, film: Path) -> str:
    """Send a film piece by piece, as the page does; return its path for channels."""
    data = film.read_bytes()
    words = {"filename": film.name, "purpose": "vlive"}
    told = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in words.items())
    tus = {"Tus-Resumable": "1.0.0"}
    made = api.client.post(
        "/uploads/", headers=tus | {"Upload-Length": str(len(data)), "Upload-Metadata": told}
    )
    assert made.status_code == 201, made.text
    address = made.headers["Location"].removeprefix(API)
    half = len(data) // 2
    for at, piece in ((0, data[:half]), (half, data[half:])):
        kind = "application/offset+octet-stream"
        headers = tus | {"Upload-Offset": str(at), "Content-Type": kind}
        sent = api.client.patch(address, content=piece, headers=headers)
        assert sent.status_code == 204, sent.text
    return f"vlive/{address.rpartition('/')[2]}{film.suffix}"


def test_an_uploaded_film_is_a_stream_that_outlives_the_service(
    first_house: House, tmp_path: Path
) -> None:
    with first_house.api() as api:
        play(first_house, api, tmp_path)


def play(house: House, api: Api, tmp_path: Path) -> None:
    name = random_name()
    target = upload(api, make_clip(tmp_path / "film.mp4", seconds=4))

    def call(path: str, **body: Any) -> Any:
        reply = api.client.post(f"/ffmpeg/channels/{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    (film,) = [one for one in call("files", folder="vlive")["files"] if one["path"] == target]
    assert film["name"] == "film.mp4"
    made = call(
        "create",
        kind="vlive",
        to={"kind": "stream", "app": "live", "stream": name},
        items=[{"type": "upload", "target": target}],
        enabled=True,
    )

    def state() -> str:
        found = call("list")["channels"]
        return str(next(one["state"] for one in found if one["id"] == made["id"]))

    try:
        wait_until(lambda: state() == "live", "the channel is live", LIMIT_S)
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed", LIMIT_S)
        playlist = f"{house.base}/live/{name}.m3u8"
        wait_until(lambda: playable(playlist), "the playlist has a segment", LIMIT_S)
        before = api.streams()[f"live/{name}"]
        old = house.services()["ffmpeg_forward"]["pid"]
        house.kill(old)
        wait_until(
            lambda: house.services()["ffmpeg_forward"]["pid"] not in (old, None, 0),
            "the service is back",
            LIMIT_S,
        )
        wait_until(in_time(lambda: state() == "live"), "it is live for the new one", LIMIT_S)
        # The same publisher: nobody who watches has noticed anything.
        after = api.streams()[f"live/{name}"]
        assert (after["client_id"], after["since_ms"]) == (before["client_id"], before["since_ms"])
    finally:
        call("remove", id=made["id"])
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream is gone", LIMIT_S)
