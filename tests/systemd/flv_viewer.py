"""Watches an HTTP-FLV stream and notes every second of it: ``flv_viewer.py URL REPORT``.

REPORT is one line of JSON, written anew for every second: tags, first and last time of the media in
ms, the longest step between two video tags (ms of media) and the longest silence (ms of clock).
Standard library alone: it runs inside a machine of tests.
"""

import json
import os
import sys
import time
import urllib.request
from typing import IO


def read(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found


def watch(url: str, report: str) -> None:
    facts = {"tags": 0, "first": -1, "last": -1, "step": 0, "silence": 0, "ended": False}
    stream = urllib.request.urlopen(url, timeout=30)  # noqa: S310 - a test's own address
    read(stream, 9 + 4)
    heard = told = time.monotonic()
    try:
        while True:
            head = read(stream, 11)
            size = int.from_bytes(head[1:4], "big")
            at = int.from_bytes(head[4:7], "big") | head[7] << 24
            read(stream, size + 4)
            now = time.monotonic()
            facts["silence"] = max(facts["silence"], int((now - heard) * 1000))
            heard = now
            if head[0] == 9 and size > 20:
                if facts["last"] >= 0:
                    facts["step"] = max(facts["step"], at - facts["last"])
                facts["first"] = at if facts["first"] < 0 else facts["first"]
                facts["last"] = at
            facts["tags"] += 1
            if now - told > 0.5:
                told = now
                write(report, facts)
    except (EOFError, OSError):
        facts["ended"] = True
        write(report, facts)


def write(report: str, facts: dict[str, int]) -> None:
    with open(report + ".new", "w", encoding="ascii") as file:
        json.dump(facts, file)
    os.replace(report + ".new", report)


if __name__ == "__main__":
    watch(sys.argv[1], sys.argv[2])
