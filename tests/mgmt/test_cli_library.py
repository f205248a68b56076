"""The commands about recordings that are there, with the real recorder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings
from streamstead.hooks.library.recording import (
    RECORD_FILE,
    Hole,
    HoleReason,
    Kind,
    Recording,
    State,
)
from streamstead.mgmt.cli import recording_library as module
from streamstead.mgmt.cli.recording_library import length, size

from ..conftest import wait_until
from .cli_house import Captured, Cli, data, serving

__all__ = ["data"]


def id_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture
def cli(settings: Settings, data: Path, redis_server: SyncRedis, capsys: Captured) -> Iterator[Cli]:
    """A recorder that finds five recordings on its disk."""
    for number in range(5):
        recording = Recording(
            id_of(number),
            Kind.LIVE,
            State.READY,
            "live",
            f"cam{number % 2}",
            1_700_000_000_000 + number,
            title="[bold] concert" if number == 3 else "",
            ended_ms=1_700_003_600_000,
            duration_ms=3_725_000,
            size_bytes=1_500_000,
            holes=(Hole(61_000, 2_000, HoleReason.ENCODER_AWAY),) if number == 3 else (),
        )
        folder = settings.data.record / recording.id
        folder.mkdir(parents=True)
        (folder / RECORD_FILE).write_bytes(recording.to_json())
    with serving("recorder", data, settings.recorder_port):
        yield Cli(settings, redis_server, capsys)


def test_recordings_are_listed_shown_and_deleted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    listed = [line for line in cli.run("record", "ls").splitlines() if line.startswith("0000")]
    assert [line.split()[0] for line in listed] == [id_of(number) for number in (4, 3, 2, 1, 0)]
    assert listed[1].split()[1:6] == ["ready", "1:02:05", "1.5", "MB", "disk"]
    assert "[bold]" in listed[1]
    found = cli.json("record", "ls", "--stream", "live/cam1", "--limit", "1")
    assert ([one["id"] for one in found["recordings"]], found["total"]) == ([id_of(3)], 2)
    assert "2 of 5" in cli.run("record", "ls", "-n", "2")
    assert cli.run("record", "ls", "--search", "nowhere") == "nothing was found\n"
    shown = cli.run("record", "show", id_of(3))
    assert "[bold] concert" in shown
    assert "missing: 0:00:02 at 0:01:01 (encoder away)" in shown
    assert cli.json("record", "show", id_of(1))["url"] == "live/cam1"
    assert cli.fails("record", "show", id_of(9))[0] == "there is no such recording"
    assert cli.run("record", "rm", "--yes", id_of(1), id_of(2)) == "2 recordings deleted\n"
    gone = [cli.settings.data.record / id_of(number) for number in (1, 2)]
    wait_until(lambda: not any(path.exists() for path in gone), "their directories are gone", 30)
    assert [one["id"] for one in json.loads(cli.run("record", "ls", "--json"))["recordings"]] == [
        id_of(4),
        id_of(3),
        id_of(0),
    ]
    assert cli.fails("record", "rm", "-y", id_of(1), id_of(0))[0] == "1 recording not deleted"


def test_lengths_and_sizes_are_in_words() -> None:
    assert [length(0), length(59_999), length(360_000_000)] == ["0:00:00", "0:00:59", "100:00:00"]
    assert [size(999), size(1_500), size(2_340_000_000)] == ["999 B", "1.5 kB", "2.3 GB"]
    assert size(5e16) == "50000.0 TB"
