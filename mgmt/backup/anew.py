"""The manager beginning anew around a restore, in the same process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from ...core.errors import StreamsteadError
from ...core.paths import DataDir
from ..lock import only_one
from ..services.common import own_command
from . import swap


def begin_anew(data: DataDir) -> NoReturn:
    """Become a new manager; whoever keeps this process notices nothing."""
    command = own_command()
    os.execv(command, [command, "serve", "mgmt", "--data", str(data.root)])  # noqa: S606


def finish_restore(data: DataDir) -> None:
    """Exchange the files that an earlier manager has asked for. Before anything else of a start:
    the settings that were read may be those of before."""
    if not swap.state_file(data).path.exists():
        return
    with only_one(data.run / "mgmt.lock"):
        exchanged = swap.on_start(data)
        data.stop_mark.unlink(missing_ok=True)
    if exchanged:
        begin_anew(data)


@contextmanager
def taken_back_if_bad(data: DataDir) -> Iterator[None]:
    """Where a start fails with restored files nobody has seen work, begin anew with those of
    before."""
    try:
        yield
    except (OSError, StreamsteadError) as exc:
        if swap.failed_to_start(data, str(exc)):
            begin_anew(data)
        raise
