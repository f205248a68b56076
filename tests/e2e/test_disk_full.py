"""A disk that is really full, in the middle of a show."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..conftest import wait_until
from .house import Api, House, in_time, publishing, random_name

SIZE_MB = 200


@pytest.fixture
def small_house(first_house: House, new_house: Callable[..., House]) -> Iterator[House]:
    """A house whose data lie on a small disk of their own."""
    house = new_house("full")
    house.data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", str(house.data)],
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine may not mount a small disk (a container without rights?)")
    try:
        (house.data / "releases").symlink_to(first_house.data / "releases")
        done = house.bootstrap()
        assert done.returncode == 0, house.output
        yield house
        house.cli("stop", timeout_s=180)
    finally:
        subprocess.run(["umount", "-l", str(house.data)], check=True)


def fill(folder: Path, left_bytes: int) -> Path:
    """Take all of the disk but so much."""
    path = folder / "filler"
    found = os.statvfs(folder)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - left_bytes)
    return path


def test_a_full_disk_ends_neither_the_stream_nor_what_was_recorded(small_house: House) -> None:
    house, name = small_house, random_name()
    with house.api() as api:
        api.call("/recordings/rules/update", record_all=True, grace_s=60)
        with publishing(f"{house.rtmp}/{name}?secret={api.secret()}") as publisher:
            wait_until(in_time(lambda: _segments(api, name) >= 2), "two segments")
            filler = fill(house.data, SIZE_MB * 5_000)
            wait_until(in_time(lambda: _disk(api)["level"] == "critical"), "the disk is told full")
            assert "recording" in _disk(api)["stopped"]
            wait_until(
                in_time(lambda: _all(api, name)[0]["end_reason"] == "disk"), "nothing is recorded"
            )
            (first,) = _all(api, name)
            assert _playlist(house, api, first["id"]).endswith("#EXT-X-ENDLIST\n")
            assert publisher.alive
            filler.unlink()
            wait_until(in_time(lambda: _disk(api)["level"] == "ok"), "the disk has room")
            wait_until(in_time(lambda: len(_all(api, name)) == 2), "it is recorded again")
            wait_until(
                in_time(lambda: _all(api, name)[-1]["mp4"] == "ready"), "the first has its MP4"
            )
            assert publisher.alive
            assert all(one["problem"] is None for one in _all(api, name))


def _disk(api: Api) -> dict[str, Any]:
    return dict(api.call("/recordings/disk"))


def _all(api: Api, name: str) -> list[dict[str, Any]]:
    """Return the recordings of a stream, the newest first."""
    return list(api.call("/recordings/query", app="live", stream=name)["recordings"])


def _segments(api: Api, name: str) -> int:
    return sum(int(one["segments"]) for one in _all(api, name))


def _playlist(house: House, api: Api, id_: str) -> str:
    """Watch a recording as its owner; return the playlist that a player reads."""
    token = api.call("/hooks/play/preview", app="vod", stream=id_)["pass"]
    entry = httpx.get(
        f"{house.base}/vod/{id_}.m3u8", params={"pass": token}, trust_env=False, timeout=60
    )
    assert entry.status_code == 200, entry.text
    (variant,) = [line for line in entry.text.splitlines() if line and line[0] != "#"]
    reply = httpx.get(str(entry.url.join(variant)), trust_env=False, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.text
