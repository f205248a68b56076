"""The keeper, with a manager that is a script of ours."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from streamstead.mgmt import keeper
from streamstead.mgmt.runtime.pidfile import start_ticks

Until = Callable[[Callable[[], object]], Awaitable[None]]

# Stands where `streamstead` does: beside the Python that runs the keeper.
MANAGER = """#!{python}
import os, signal, sys, time
data = sys.argv[sys.argv.index('--data') + 1]
with open(data + '/started', 'a') as file: file.write(f'{{os.getpid()}}\\n')
def end(*_):
    open(data + '/ended-by-sigterm', 'w').close(); sys.exit(0)
signal.signal(signal.SIGTERM, end)
status = data + '/exit-at-once'
if os.path.exists(status): sys.exit(int(open(status).read()))
print('manager speaks', flush=True)
time.sleep(600)
"""


class Place:
    """A data directory, and a keeper that runs our script as its manager."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.said = folder / "said"
        self.data.mkdir()
        programs = folder / "bin"
        programs.mkdir()
        self._python = programs / "python3"
        self._python.symlink_to(os.path.realpath(sys.executable))
        manager = programs / "streamstead"
        manager.write_text(MANAGER.format(python=sys.executable))
        manager.chmod(0o755)

    def run(self, *options: str) -> "subprocess.Popen[bytes]":
        script = str(keeper.__file__)
        command = [str(self._python), "-I", "-S", script, "--data", str(self.data), *options]
        with self.said.open("ab") as file:
            return subprocess.Popen(command, stdout=file, stderr=file)

    def managers(self) -> list[int]:
        try:
            return [int(line) for line in (self.data / "started").read_text().split()]
        except FileNotFoundError:
            return []

    def keeper(self) -> int | None:
        return keeper.read_keeper(str(self.data / "run"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for pid in (made.keeper(), *made.managers()):
        if pid is not None and start_ticks(pid) is not None:
            os.kill(pid, signal.SIGKILL)


async def test_it_goes_to_the_background_and_starts_the_manager(place: Place, until: Until) -> None:
    assert place.run().wait(60) == 0
    await until(place.managers)
    pid = place.keeper()
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)
    log = place.data / "logs" / "mgmt.log"
    await until(lambda: "manager speaks" in log.read_text())


async def test_a_killed_manager_is_started_again(place: Place, until: Until) -> None:
    place.run().wait(60)
    await until(place.managers)
    os.kill(place.managers()[0], signal.SIGKILL)
    await until(lambda: len(place.managers()) == 2)


async def test_it_ends_when_a_stop_was_asked_for(place: Place, until: Until) -> None:
    place.run().wait(60)
    await until(place.managers)
    (place.data / "run" / "stop-asked").touch()
    os.kill(place.managers()[0], signal.SIGTERM)
    await until(lambda: place.keeper() is None)
    assert len(place.managers()) == 1


async def test_a_wrong_configuration_ends_it_with_78(place: Place) -> None:
    (place.data / "exit-at-once").write_text("78")
    assert place.run("--foreground").wait(60) == 78


async def test_sigterm_ends_the_manager_too(place: Place, until: Until) -> None:
    place.run().wait(60)
    await until(place.managers)
    await until(lambda: "manager speaks" in (place.data / "logs" / "mgmt.log").read_text())
    pid = place.keeper()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    await until(lambda: place.keeper() is None)
    assert (place.data / "ended-by-sigterm").exists()


async def test_a_second_keeper_of_the_same_data_does_nothing(place: Place, until: Until) -> None:
    place.run().wait(60)
    await until(place.managers)
    assert place.run().wait(60) == 0
    assert "already runs" in place.said.read_text()
    assert len(place.managers()) == 1


async def test_one_that_is_about_to_end_is_waited_for(place: Place, until: Until) -> None:
    (place.data / "run").mkdir()
    ending = os.open(place.data / "run" / "keeper.pid", os.O_RDWR | os.O_CREAT)
    fcntl.flock(ending, fcntl.LOCK_EX)  # its name is off already
    process = place.run()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    os.close(ending)
    assert process.wait(60) == 0
    await until(lambda: len(place.managers()) == 1)


def test_a_refusal_is_noted_but_never_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    note, other = tmp_path / "run/manager-failed", tmp_path / "other"
    other.write_text("of somebody else")
    note.symlink_to(other)
    keeper._note_refusal(str(tmp_path), refused=True)
    assert other.read_text() == "of somebody else"
    keeper._note_refusal(str(tmp_path), refused=False)
    keeper._note_refusal(str(tmp_path), refused=True)
    assert note.is_file()


@pytest.mark.parametrize("text", ["", "x", json.dumps({"pid": 1, "start_ticks": 1})])
def test_a_stale_pidfile_means_no_keeper(tmp_path: Path, text: str) -> None:
    (tmp_path / "keeper.pid").write_text(text)
    assert keeper.read_keeper(str(tmp_path)) is None
