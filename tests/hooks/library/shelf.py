"""A library without media, for tests: directories with ``recording.json``."""

import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import RECORD_FILE, Kind, Recording, State


def id_of(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def make(number: int, **changes: Any) -> Recording:
    recording = Recording(
        id_of(number), Kind.LIVE, State.READY, "live", f"cam{number % 3}", 1_000_000 + number
    )
    return replace(recording, **changes)


class Disk:
    def __init__(self, root: Path) -> None:
        self.root = root / "record"
        self.db = root / "library.sqlite"
        self.root.mkdir()

    def lay_down(self, recording: Recording) -> Recording:
        folder = self.root / recording.id
        folder.mkdir(exist_ok=True)
        (folder / RECORD_FILE).write_bytes(recording.to_json())
        return recording

    def stored(self, recording: Recording) -> Recording:
        return Recording.from_json((self.root / recording.id / RECORD_FILE).read_bytes())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Catalogue]:
        catalogue = await Catalogue.open(self.root, self.db)
        yield catalogue
        await catalogue.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of its own with 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(argv, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here (needs root)")
    yield Disk(place)
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(disk: Disk) -> Path:
    ballast = disk.root.parent / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast
