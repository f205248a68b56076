"""Recordings: whole files under their final names, told in SRS's order; none by default."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamstead.engine.boot import Boot
from streamstead.engine.clients import Client, Kind
from streamstead.engine.dvr import Dvr, parts_folder
from streamstead.engine.events import Events
from streamstead.engine.hooks_client import HooksClient
from streamstead.engine.http_client import Reply

if TYPE_CHECKING:
    from .conftest import Engine, Publish, Tools

DVR_FIELDS = {
    *("server_id", "service_id", "action", "client_id", "ip", "vhost", "app", "tcUrl"),
    *("stream", "param", "cwd", "file", "stream_url", "stream_id"),
}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def decoded_s(path: Path) -> float:
    """Decode the whole file; return how long it plays."""
    argv = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-progress", "-"]
    done = subprocess.run([*argv, "-"], capture_output=True, text=True, timeout=60, check=True)
    return int(re.findall(r"out_time_us=(\d+)", done.stdout)[-1]) / 1e6


@pytest.mark.integration
def test_a_session_becomes_one_file_that_plays_and_is_told_before_its_end(
    recording_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = recording_engine, recording_engine.hooks
    query = f"secret={tools.SECRET}&path=%2Fetc%2Fpasswd&recorder=x&name=victim"
    name = "été@1"  # nginx escapes it in its own file name
    child = publish(engine.rtmp(name, query))
    hooks.wait(name, "on_hls", 2)
    second = publish(engine.rtmp(name, query))
    assert second.wait(60) != 0
    hooks.wait(name, "on_close")
    assert hooks.of(name, "on_dvr") == []
    child.terminate()
    hooks.wait(name, "on_close", 2)

    owner = hooks.of(name, "on_dvr")[0]["client_id"]
    told = [b["action"] for b in hooks.of(name) if b["client_id"] == owner]
    assert told[-4:] == ["on_hls", "on_dvr", "on_unpublish", "on_close"]
    (body,) = hooks.of(name, "on_dvr")
    assert set(body) == DVR_FIELDS
    file = Path(body["file"])
    assert re.fullmatch(rf"{re.escape(name)}\.\d{{13}}\.flv", file.name)
    assert file.parent == engine.settings.data.dvr / "live"
    assert files_below(engine.settings.data.dvr) == [file]
    assert file.read_bytes()[4] == 5  # sound and picture: nginx had closed it
    assert tools.probe(str(file)) == ["aac", "h264"]
    assert decoded_s(file) > 1.9

    refused = publish(engine.rtmp("refused", "secret=wrong"))
    assert refused.wait(60) != 0
    assert files_below(engine.settings.data.dvr) == [file]


@pytest.mark.integration
def test_a_second_publisher_in_the_same_second_spoils_nothing(
    recording_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = recording_engine, recording_engine.hooks
    parts = parts_folder(engine.settings.data.dvr)

    def allow(body: dict[str, str]) -> bool:
        if body["action"] == "on_publish" and "n=1" in body["param"]:
            time.sleep(1 - time.time() % 1)  # nginx names its files by the second
        elif body["action"] == "on_publish":
            tools.eventually(
                lambda: [p for p in files_below(parts) if p.stat().st_size > 13], "media on disk", 3
            )
        return True

    hooks.allow = allow
    first, second = (publish(engine.rtmp("s", f"n={n}")) for n in (1, 2))
    assert second.wait(60) != 0
    hooks.wait("s", "on_hls", 2)
    first.terminate()
    hooks.wait("s", "on_close", 2)
    (body,) = hooks.of("s", "on_dvr")
    assert files_below(engine.settings.data.dvr) == [Path(body["file"])]
    assert decoded_s(Path(body["file"])) > 1.9


@pytest.mark.integration
@pytest.mark.parametrize("ending", ["worker", "nginx", "stop"])
def test_what_was_recorded_is_told_however_nginx_ends(
    recording_engine: "Engine", publish: "Publish", tools: "Tools", ending: str
) -> None:
    engine, hooks = recording_engine, recording_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    hooks.wait("s", "on_hls", 2)
    tools.eventually(lambda: engine.stream("s"), "the stream is listed")
    if ending == "stop":
        assert engine.stop() == 0
    else:
        os.kill(engine.worker_pid if ending == "worker" else engine.nginx_pid, signal.SIGKILL)
    hooks.wait("s", "on_close")
    assert hooks.actions("s")[-3:] == ["on_dvr", "on_unpublish", "on_close"]
    file = Path(hooks.of("s", "on_dvr")[0]["file"])
    assert tools.probe(str(file)) == ["aac", "h264"]


@pytest.mark.integration
def test_nothing_is_recorded_by_default(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    child = publish(own_engine.rtmp("s", f"secret={tools.SECRET}"))
    own_engine.hooks.wait("s", "on_hls")
    child.terminate()
    own_engine.hooks.wait("s", "on_close")
    assert own_engine.hooks.of("s", "on_dvr") == []
    assert not own_engine.settings.data.dvr.exists()


class Stage:
    """A publisher of ``live/s`` whose recording is ended by the test."""

    def __init__(self, folder: Path, *, on: bool = True) -> None:
        self.folder = folder
        self.parts = parts_folder(folder) / "live"
        self.parts.mkdir(parents=True)
        (folder / "live").mkdir()
        self.told: list[bytes] = []
        self.events = Events()
        self.hooks = HooksClient(self.post, "h", Boot("vid-1", "n", "c", "i"))
        self.dvr = Dvr(folder, self.hooks, self.events, on=on)

    async def post(self, target: str, body: bytes, timeout_s: float) -> Reply:
        self.told.append(body)
        return Reply(200, b"0")

    async def end(self, stream: str = "s") -> list[str]:
        """End a publisher; return the final files."""
        tc_url = "rtmp://h/live"
        publisher = Client("c", Kind.PUBLISH, "live", stream, "192.0.2.1", tc_url, "", since_ms=5)
        self.dvr.announce(publisher)
        await self.hooks.drain(30)
        return sorted(path.name for path in (self.folder / "live").iterdir())


async def test_a_stream_takes_no_file_of_another_whose_name_begins_alike(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "dvr")
    for name in ("s-1.flv", "s-x-1.flv", "s-1-2.flv", "ss-1.flv", "s-1.flv.flv"):
        (stage.parts / name).write_bytes(bytes(20))
    assert await stage.end() == ["s.5.flv"]
    assert len(stage.told) == 1
    assert len(list(stage.parts.iterdir())) == 4


async def test_a_file_that_is_there_already_is_never_replaced(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "dvr")
    (stage.folder / "live" / "s.5.flv").write_text("older")
    (stage.parts / "s-1.flv").write_bytes(bytes(20))
    assert await stage.end() == ["s.5.flv", "s.6.flv"]
    assert (stage.folder / "live" / "s.5.flv").read_text() == "older"


async def test_a_file_without_media_is_removed_and_not_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "dvr")
    (stage.parts / "s-1.flv").write_bytes(bytes(13))
    assert await stage.end() == []
    assert stage.told == []
    assert list(stage.parts.iterdir()) == []


async def test_a_recording_that_fails_is_an_event_and_stops_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "dvr")
    assert await stage.end() == []
    (stage.folder / "live").rmdir()
    (stage.parts / "s-1.flv").write_bytes(bytes(20))
    with pytest.raises(FileNotFoundError):
        await stage.end()  # the test's own look at the folder
    events = stage.events.newest_first()
    assert [event.key for event in events] == ["not_recorded", "not_recorded"]
    assert stage.told == []


async def test_what_was_begun_is_finished_after_recording_was_switched_off(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "dvr", on=False)
    (stage.parts / "s-1.flv").write_bytes(bytes(20))
    assert await stage.end() == ["s.5.flv"]
    assert await stage.end("other") == ["s.5.flv"]
    assert stage.events.newest_first() == []
