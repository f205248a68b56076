"""Logs of a process."""

import subprocess
import sys
from pathlib import Path

SPEAKER = """
import logging
from streamstead.core.log import configure_logging, get_logger
configure_logging("info", "test")
for _ in range(500):
    get_logger("here").warning("some.event", text="x" * 100)
    logging.getLogger("library").warning("a word of a library")
print("goes on", flush=True)
"""


def test_a_disk_that_takes_no_log_ends_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", SPEAKER],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.stdout == "goes on\n"
