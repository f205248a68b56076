"""A real recorder that kills itself at a chosen point: ``python -m ... POINT DATA``."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamstead.core.runner import run
from streamstead.core.settings import Settings
from streamstead.hooks.library import remove
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.library.recording import State
from streamstead.hooks.recorder import mp4
from streamstead.hooks.recorder.segments import Journal


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _moved_and_not_entered() -> None:
    enter: Callable[..., None] = Journal.append

    def append(journal: Journal, segment: Any) -> None:
        if segment.n == 1:
            die()
        enter(journal, segment)

    Journal.append = append  # type: ignore[method-assign]


def _playlist_ended_and_state_not() -> None:
    change: Callable[..., Any] = Catalogue.change

    async def to(catalogue: Catalogue, id_: str, **changes: Any) -> Any:
        if changes.get("state") is State.FINISHING:
            die()
        return await change(catalogue, id_, **changes)

    Catalogue.change = to  # type: ignore[method-assign]


def _mp4_without_its_name() -> None:
    mp4.settle = die


def _half_deleted() -> None:
    remove.shutil.rmtree = die  # type: ignore[attr-defined]


POINTS = {
    "moved and not entered": _moved_and_not_entered,
    "playlist ended and state not": _playlist_ended_and_state_not,
    "mp4 without its name": _mp4_without_its_name,
    "half deleted": _half_deleted,
}

if __name__ == "__main__":
    POINTS[sys.argv[1]]()
    sys.exit(run(["recorder"], Settings.load(Path(sys.argv[2]), {})))
