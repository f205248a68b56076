"""A whole house makes a stream smaller, and players switch by themselves."""

import json
import subprocess
from typing import Any

import httpx
import pytest

from ..conftest import need, wait_until
from .house import Api, House, in_time, publishing, random_name, segments

RENDITIONS = [
    {"name": "small", "width": 160, "height": 90, "fps": 10, "video_kbps": 100, "gop_s": 2},
    {"name": "tiny", "width": 96, "height": 54, "fps": 10, "video_kbps": 50, "gop_s": 2},
    {"name": "sound", "codec": "none", "audio_kbps": 32},
]


def variants(entry: str) -> list[str]:
    """Do what a player does first; return the addresses of the playlists it may choose from."""
    reply = httpx.get(entry, trust_env=False, timeout=60)
    if reply.status_code != 200:
        return []
    lines = [line for line in reply.text.splitlines() if line and not line.startswith("#")]
    return [str(reply.url.join(line)) for line in lines]


def programs(entry: str) -> list[list[dict[str, Any]]]:
    """Return the tracks of every variant that a real player finds."""
    argv = [need("ffprobe"), "-v", "error", "-of", "json", "-show_programs", entry]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [one["streams"] for one in json.loads(done.stdout)["programs"]]


def times_of_key_frames(segment: str) -> list[float]:
    argv = [need("ffprobe"), "-v", "error", "-of", "json", "-select_streams", "v"]
    argv += ["-show_entries", "packet=pts_time,flags", segment]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    packets = json.loads(done.stdout)["packets"]
    return [float(one["pts_time"]) for one in packets if "K" in one["flags"]]


@pytest.fixture
def house(first_house: House) -> House:
    return first_house


def test_a_ladder_is_watched_as_one_stream_and_ends_with_it(house: House, api: Api) -> None:
    cam = random_name()
    entry = f"{house.base}/live/{cam}.m3u8"

    def ladder() -> dict[str, Any]:
        found = api.call("/ffmpeg/transcode/list")["transcodes"]
        return dict(next(one for one in found if one["stream"] == cam))

    made = api.call(
        "/ffmpeg/transcode/create", app="live", stream=cam, enabled=True, renditions=RENDITIONS
    )
    assert made["state"] == "waiting"
    with publishing(f"{house.rtmp}/{cam}?secret={api.secret()}") as encoder:
        wait_until(lambda: ladder()["state"] == "live", "the ladder is live", 60)
        wait_until(in_time(lambda: len(variants(entry)) == 3), "every rendition can be watched", 60)
        found = programs(entry)
        assert len(found) == 3
        sizes = {
            (track["width"], track["height"])
            for tracks in found
            for track in tracks
            if track.get("width")  # one without pictures may announce them all the same
        }
        assert sizes == {(160, 90), (96, 54)}
        # Players may switch at any segment: the same one begins at the same moment everywhere.
        small, tiny, _ = (segments(one) for one in variants(entry))
        for ours, theirs in zip(small[-2:-1], tiny[-2:-1], strict=True):
            assert times_of_key_frames(ours) == pytest.approx(times_of_key_frames(theirs), abs=0.1)
        # Whoever may watch the stream may watch these, and nobody else.
        api.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass")
        assert variants(f"{house.base}/live/{cam}_small.m3u8") == []
        passed = api.call("/hooks/play/passes/create", app="live", stream=cam, label="t")["token"]
        assert len(variants(f"{entry}?pass={passed}")) == 3
        assert len(variants(f"{house.base}/live/{cam}_small.m3u8?pass={passed}")) == 1
        encoder.stop()
        wait_until(lambda: ladder()["state"] == "waiting", "the ladder waits", 60)
        wait_until(lambda: f"live/{cam}_small" not in api.streams(), "the rendition has ended", 60)
    api.call("/ffmpeg/transcode/remove", id=made["id"])
