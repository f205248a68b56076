"""Logs of a process."""

import json
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


def test_a_copy_has_every_line_even_where_no_other_can_be_written(tmp_path: Path) -> None:
    also = tmp_path / "also.log"
    with Path("/dev/full").open("w") as full, also.open("ab") as file:
        setup = f"from streamstead.core.log import copy_log_to\ncopy_log_to({file.fileno()})\n"
        subprocess.run(
            [sys.executable, "-c", setup + SPEAKER],
            stdout=subprocess.DEVNULL,
            stderr=full,
            pass_fds=[file.fileno()],
            check=True,
            timeout=60,
        )
    lines = [json.loads(line)["event"] for line in also.read_text().splitlines()]
    assert lines == ["some.event", "a word of a library"] * 500
