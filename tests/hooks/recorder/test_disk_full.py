"""A disk without a byte left, in the middle of a show: real processes, all of their data on it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...alone import alone
from ...conftest import free_port, need, wait_until
from .processes import LIMIT_S, Show

SIZE_MB = 96


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own for the data directory."""
    place = Path(tempfile.mkdtemp(prefix="ssd-"))
    argv = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(place)]
    if subprocess.run(argv, capture_output=True).returncode:
        place.rmdir()
        pytest.skip("a file system cannot be mounted here (needs root): a full disk is not tested")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
    place.rmdir()


def fill(place: Path, left_bytes: int, name: str) -> Path:
    """Take all of the disk but so much."""
    path, found = place / name, os.statvfs(place)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - left_bytes)
    return path


def _spooled(spool: Path) -> int:
    return len(list(spool.rglob("*.ts")))


def test_a_full_disk_costs_nothing_that_was_recorded_and_recording_goes_on_by_itself(
    small_disk: Path, pieces: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    need("redis-server")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    with alone(free_port, "hooks", "recorder") as house:
        show = Show.on(house, pieces)
        show.begin()
        show.segment()
        wait_until(lambda: _spooled(house.settings.data.spool) == 0, "all are taken", LIMIT_S)

        most = fill(small_disk, SIZE_MB * 10_000, "most")
        wait_until(lambda: show.call("recordings/disk")["level"] == "critical", "told", LIMIT_S)
        wait_until(lambda: show.recordings()[0]["end_reason"] == "disk", "closed", LIMIT_S)
        assert "recording" in show.call("recordings/disk")["stopped"]
        (first,) = show.recordings()
        playlist = house.settings.data.record / first["id"] / "index.m3u8"
        whole = playlist.read_text()
        assert whole.endswith("#EXT-X-ENDLIST\n")
        assert whole.count("#EXTINF") == first["segments"]
        told = [fields["type"] for _, fields in house.redis.xrange("STREAMSTEAD_EVENTS")]
        assert "disk.critical" in told
        for _ in range(5):  # the window of the media server goes on
            last = show.segment()

        rest = fill(small_disk, 0, "rest")
        show.tell(last)
        assert [one["id"] for one in show.recordings()] == [first["id"]]
        assert show.call("recordings/get", id=first["id"])["state"] != "failed"

        rest.unlink()
        most.unlink()
        wait_until(lambda: show.call("recordings/disk")["level"] == "ok", "room", LIMIT_S)

        def goes_on() -> bool:
            show.segment()
            return len(show.recordings()) == 2 and bool(show.recordings()[1]["segments"])

        wait_until(goes_on, "it is recorded again", LIMIT_S)
        wait_until(lambda: show.recordings()[0]["state"] == "ready", "finished", LIMIT_S)
        later, second = show.recordings()
        assert (later["mp4"], later["problem"]) == ("ready", None)
        assert later["segments"] == first["segments"]
        assert playlist.read_text() == whole
        assert (second["state"], second["problem"]) == ("recording", None)
        assert all(process.is_running() for process in house.services.values())
