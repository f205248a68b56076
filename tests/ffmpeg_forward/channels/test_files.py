"""Server files that channels may play, and the tricks to reach others."""

import os
import socket
from pathlib import Path

import orjson
import pytest

from streamstead.core.errors import Conflict, Invalid, NotFound, StreamsteadError
from streamstead.core.paths import DataDir
from streamstead.ffmpeg_forward.channels.files import STAGED, STAGED_S, FilmFolder, OwnFiles


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    for folder in (data.vlive, data.upload, data.record, data.config):
        folder.mkdir(parents=True)
    for path in (data.vlive / "film.mp4", data.upload / "mine.mkv", data.config / "secret.mp4"):
        path.write_bytes(b"film")
    (tmp_path / "outside.mp4").write_bytes(b"film")
    return data


def refusal(data: DataDir, path: str) -> str:
    with pytest.raises(StreamsteadError) as refused:
        OwnFiles(data).find(path)
    assert str(data.root) not in str(refused.value)
    return refused.value.key


def test_films_are_found_by_relative_and_absolute_paths(data: DataDir) -> None:
    files = OwnFiles(data)
    for path in ("vlive/film.mp4", "./vlive/film.mp4", f"{data.root}/vlive/film.mp4"):
        assert files.find(path) == data.vlive / "film.mp4"
        assert files.relative(path) == "vlive/film.mp4"
    assert files.find("upload/mine.mkv").name == "mine.mkv"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "film.mp4",
        "vlive",
        "vlive/",
        "config/secret.mp4",
        "vlive/../config/secret.mp4",
        "vlive/./film.mp4",
        "vlive//film.mp4",
        "vlive/..",
        "../outside.mp4",
        "upload/../../outside.mp4",
        "record/../../../../../../etc/passwd",
        "vlive\\..\\config\\secret.mp4",
        "vlive/film.mp4\x00.txt",
        "vlive/film.mp4\n",
        "/etc/passwd",
        "/etc/upload/film.mp4",
        "file:vlive/film.mp4",
        "~/film.mp4",
        "vlive/.film.mp4",
        ".vlive/film.mp4",
        "VLIVE/film.mp4",
        "vlive/" + "a" * 2000 + ".mp4",
    ],
)
def test_nothing_outside_of_the_three_folders_is_named(data: DataDir, path: str) -> None:
    assert refusal(data, path) == "file_outside"


def test_a_folder_that_only_begins_alike_is_another_one(data: DataDir, tmp_path: Path) -> None:
    other = tmp_path / "data-2" / "vlive"
    other.mkdir(parents=True)
    (other / "film.mp4").write_bytes(b"film")
    assert refusal(data, str(other / "film.mp4")) == "file_outside"
    (data.root / "vlive-2").mkdir()
    (data.root / "vlive-2/film.mp4").write_bytes(b"film")
    assert refusal(data, "vlive-2/film.mp4") == "file_outside"


def test_links_lead_nowhere(data: DataDir, tmp_path: Path) -> None:
    (data.vlive / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (data.vlive / "inner.mp4").symlink_to(data.vlive / "film.mp4")
    (data.vlive / "config").symlink_to(data.config)
    (data.vlive / "loop.mp4").symlink_to(data.vlive / "loop.mp4")
    (data.vlive / "gone.mp4").symlink_to(data.vlive / "nothing.mp4")
    for path in ("link.mp4", "inner.mp4", "config/secret.mp4"):
        assert refusal(data, f"vlive/{path}") == "file_outside"
    for path in ("loop.mp4", "gone.mp4"):
        assert refusal(data, f"vlive/{path}") == "file_unknown"
    assert [one.name for one in OwnFiles(data).all(FilmFolder.VLIVE)] == ["film.mp4"]


def test_a_folder_may_be_on_another_disk(data: DataDir, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    data.vlive.rename(disk)
    data.vlive.symlink_to(disk)
    assert OwnFiles(data).find("vlive/film.mp4") == disk / "film.mp4"


def test_only_regular_films_are_played(data: DataDir) -> None:
    (data.vlive / "list.m3u8").write_text("#EXTM3U")
    (data.vlive / "film.json").write_text("{}")
    (data.vlive / "folder.mp4").mkdir()
    os.mkfifo(data.vlive / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(data.vlive / "socket.mp4"))
    for name in ("list.m3u8", "film.json"):
        assert refusal(data, f"vlive/{name}") == "vlive_type"
    for name in ("folder.mp4", "pipe.mp4", "socket.mp4", "nothing.mp4"):
        assert refusal(data, f"vlive/{name}") == "file_unknown"


def test_folders_are_listed_with_the_names_people_gave(data: DataDir) -> None:
    (data.vlive / "film.json").write_bytes(orjson.dumps({"name": "Our film.mp4", "bytes": 4}))
    (data.upload / f"{STAGED}1.mp4").write_bytes(b"x")
    (data.upload / "a.part").write_bytes(b"x")
    recording = data.record / "0b5e4a3c-0000-0000-0000-000000000001"
    recording.mkdir()
    (recording / "index.mp4").write_bytes(b"film")
    (recording / "0.ts").write_bytes(b"x")
    words = {"app": "live", "stream": "cam", "title": "", "duration_ms": 1234}
    (recording / "recording.json").write_bytes(orjson.dumps(words))
    files = OwnFiles(data)
    (film,) = files.all(FilmFolder.VLIVE)
    assert (film.path, film.name, film.bytes) == ("vlive/film.mp4", "Our film.mp4", 4)
    assert [one.path for one in files.all(FilmFolder.UPLOAD)] == ["upload/mine.mkv"]
    (recorded,) = files.all(FilmFolder.RECORD)
    assert (recorded.name, recorded.duration_ms) == ("live/cam", 1234)
    assert files.find(recorded.path) == recording / "index.mp4"


def test_films_are_removed_and_recordings_are_not(data: DataDir) -> None:
    (data.vlive / "film.json").write_bytes(orjson.dumps({"name": "x", "bytes": 4}))
    recording = data.record / "r"
    recording.mkdir()
    (recording / "index.mp4").write_bytes(b"film")
    files = OwnFiles(data)
    with pytest.raises(Conflict):
        files.remove("record/r/index.mp4")
    files.remove("vlive/film.mp4")
    assert list(data.vlive.iterdir()) == []
    with pytest.raises(NotFound):
        files.remove("vlive/film.mp4")
    with pytest.raises(Invalid):
        files.remove("vlive/../config/secret.mp4")
    files.discard("vlive/film.mp4")
    assert (recording / "index.mp4").exists()


def test_what_no_channel_took_is_swept_away(data: DataDir) -> None:
    old, new = data.upload / f"{STAGED}old.mp4", data.upload / f"{STAGED}new.mp4.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (1_000, 1_000))
    now = 1_000 + STAGED_S + 1
    os.utime(new, (now, now))
    OwnFiles(data).sweep(now)
    assert {path.name for path in data.upload.iterdir()} == {"mine.mkv", new.name}
