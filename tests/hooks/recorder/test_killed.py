"""A recorder that is killed between two steps that belong together."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from streamstead.hooks.recorder.segments import read_segments

from ...alone import Alone, alone
from ...conftest import free_port, need, wait_until
from ..library.house import frames
from .media_server import make_pieces
from .processes import LIMIT_S, Show


@pytest.fixture(scope="module")
def house() -> Iterator[Alone]:
    need("redis-server")
    need("ffmpeg")
    with alone(free_port, "hooks") as built:
        for name in ("spool", "record", "library"):
            (built.root / name).mkdir(exist_ok=True)
        yield built


class Recorder:
    """Recorders of one house, one after the other."""

    def __init__(self, house: Alone) -> None:
        self._house = house
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, point: str | None, show: Show) -> None:
        """``point``: where it kills itself, see killed.py."""
        data = str(self._house.root)
        argv = [str(Path(sys.executable).with_name("streamstead")), "serve", "recorder"]
        argv += ["--data", data]
        if point is not None:
            module = __name__.rpartition(".")[0] + ".killed"
            argv = [sys.executable, "-m", module, point, data]
        with (self._house.root / "logs/recorder.log").open("ab") as log:
            self._child = subprocess.Popen(argv, stderr=log)
        wait_until(lambda: _answers(show), "the recorder answers", LIMIT_S)

    def dies(self) -> None:
        assert self._child is not None
        assert self._child.wait(LIMIT_S) == -signal.SIGKILL

    def stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            self._child.wait(LIMIT_S)


def _answers(show: Show) -> bool:
    try:
        show.recordings()
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def many_pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_pieces(tmp_path_factory.mktemp("pieces") / "many", 90)


@pytest.fixture
def recorder(house: Alone) -> Iterator[Recorder]:
    one = Recorder(house)
    yield one
    one.stop()


def _ready(show: Show) -> bool:
    return [one["state"] for one in show.recordings()] == ["ready"]


@pytest.mark.parametrize(
    "point", ["moved and not entered", "playlist ended and state not", "mp4 without its name"]
)
def test_a_kill_between_two_steps_neither_loses_nor_doubles_a_frame(
    house: Alone, recorder: Recorder, many_pieces: list[Path], point: str
) -> None:
    show = Show.on(house, many_pieces)
    show.server.stream = point.replace(" ", "-")
    recorder.start(point, show)
    show.begin()
    written = [show.segment() for _ in range(3)]
    under_way = point == "moved and not entered"
    if not under_way:
        wait_until(lambda: len(show.recordings()) == 1, "it is recorded", LIMIT_S)
        show.stop()
    recorder.dies()
    if under_way:
        written.append(show.segment())  # nobody is here to take it
    recorder.start(None, show)
    show.stop()
    wait_until(lambda: _ready(show), "finished", LIMIT_S)
    (done,) = show.recordings()
    directory = house.settings.data.record / done["id"]
    kept = [one.source for one in read_segments(directory)]
    assert kept == sorted(set(kept))
    assert kept[-len(written) :] == [_source(one) for one in written]
    assert done["holes"] == []
    assert frames(directory / "index.mp4") == 10 * len(kept)
    assert not list(house.settings.data.spool.rglob("*.ts"))


def _source(callback: dict[str, object]) -> int:
    return int(str(callback["file"]).rpartition("-")[2].removesuffix(".ts"))


def test_a_kill_in_the_middle_of_a_deletion_leaves_nothing_of_it(
    house: Alone, recorder: Recorder, many_pieces: list[Path]
) -> None:
    show = Show.on(house, many_pieces)
    show.server.stream = "deleted"
    recorder.start("half deleted", show)
    show.begin()
    wait_until(lambda: len(show.recordings()) == 1, "it is recorded", LIMIT_S)
    show.stop()
    wait_until(lambda: _ready(show), "finished", LIMIT_S)
    (one,) = show.recordings()
    show.call("recordings/delete", ids=[one["id"]], confirm=1)
    recorder.dies()
    recorder.start(None, show)
    wait_until(lambda: not list(house.settings.data.record.glob(f"*{one['id']}*")), "gone", LIMIT_S)
    wait_until(lambda: not show.recordings(), "not listed", LIMIT_S)
