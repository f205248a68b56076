"""The form of the data on disk, in steps that can be gone forward and, mostly, back.

``<data>/config/data-version`` holds the number of the last step that was done. The manager goes
forward when it starts, before it starts anything else; a release refuses data of a newer one. A
rollback goes back by the newer release's own steps, or restores the snapshot where a step has none.

``python -m streamstead.mgmt.upgrade.migrations --data DIR [--back-to N]``: print the number, or go
back first. Exit status 3: a step has no way back.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import ConfigError
from ...core.files import is_there, read_plain, write_atomic
from ...core.log import get_logger
from ...core.paths import DataDir

log = get_logger(__name__)

BASE = 1
"""Data without a number: of the time before there was one."""
NO_WAY_BACK = 3

Work = Callable[[DataDir], None]


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. Both directions must be safe to do again after a crash in their middle."""

    number: int
    title: str
    forward: Work
    backward: Work | None = None


MIGRATIONS: tuple[Migration, ...] = ()
"""In order, from ``BASE + 1`` without a gap; a released one is never changed again."""


class Migrations:
    """The steps this release knows, for one data directory."""

    def __init__(self, data: DataDir, steps: Sequence[Migration] = MIGRATIONS) -> None:
        numbers = [step.number for step in steps]
        assert numbers == list(range(BASE + 1, BASE + 1 + len(steps))), "a gap in the steps"
        self._data = data
        self._steps = tuple(steps)

    @property
    def newest(self) -> int:
        return BASE + len(self._steps)

    @property
    def number(self) -> int:
        """The form the data have now. Raises ConfigError when the file cannot be read."""
        return read_number(self._data)

    def forward(self) -> list[str]:
        """Bring the data to the newest form; return what was done. Raises ConfigError for data of
        a newer release."""
        number, done = self.number, []
        if number > self.newest:
            raise ConfigError(
                f"the data were written by a newer release (form {number}, this one knows"
                f" {self.newest})",
                "Install that release again, or restore a backup from before it.",
            )
        for step in self._steps[number - BASE :]:
            log.info("data.migrating", to=step.number, title=step.title)
            step.forward(self._data)
            self._note(step.number)
            done.append(step.title)
        if not is_there(self._file):
            self._note(self.newest)
        return done

    def backward(self, to: int) -> bool:
        """Go back to an older form; False, with nothing done, when a step has no way back."""
        steps = [step for step in self._steps if to < step.number <= self.number]
        if any(step.backward is None for step in steps):
            return False
        for step in reversed(steps):
            log.info("data.migrating_back", to=step.number - 1, title=step.title)
            assert step.backward is not None
            step.backward(self._data)
            self._note(step.number - 1)
        return True

    @property
    def _file(self) -> Path:
        return number_file(self._data)

    def _note(self, number: int) -> None:
        write_atomic(self._file, f"{number}\n", 0o644, keep_owner=False)


def number_file(data: DataDir) -> Path:
    return data.config / "data-version"


def read_number(data: DataDir) -> int:
    """Return the form of the data. Raises ConfigError."""
    path = number_file(data)
    try:
        return int(read_plain(path, ours=True))
    except FileNotFoundError:
        return BASE
    except (OSError, ValueError):
        raise ConfigError(
            f"{path} holds no number",
            "Restore the file from a backup; it says which form data have.",
        ) from None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--back-to", type=int)
    given = parser.parse_args(argv)
    migrations = Migrations(DataDir(given.data))
    if given.back_to is not None and not migrations.backward(given.back_to):
        return NO_WAY_BACK
    print(migrations.number)
    return 0


if __name__ == "__main__":
    sys.exit(main())
