"""The manager's own log, where everybody else's is."""

import os
import sys

from ...core.log import copy_log_to
from ...core.paths import DataDir
from ..runtime.logfile import open_log
from . import journal


def keep_own_log(data: DataDir) -> None:
    """Write it into ``mgmt.log``, too, where nobody else keeps it: in a container, or started by
    hand in the foreground. Raises OSError."""
    if journal.unit_of(data):
        return
    fd = open_log(data.logs / f"{journal.SERVICE}.log")
    if os.path.sameopenfile(fd, sys.stderr.fileno()):
        os.close(fd)
    else:
        copy_log_to(fd)
