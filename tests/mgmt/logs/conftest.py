"""A data directory with logs as every kind of program writes them."""

from pathlib import Path

import pytest

from streamstead.core.paths import DataDir

OURS = (
    '{"service":"hooks","module":"x","stream":"live/a","event":"stream.published",'
    '"level":"info","timestamp":"2026-11-21T10:00:%02d.250000Z"}\n'
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDir:
    """Its programs write the time of a zone that is not UTC, as many machines do."""
    import time

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    found = DataDir(tmp_path)
    found.logs.mkdir()
    found.config.mkdir()
    found.logs.joinpath("hooks.log").write_text("".join(OURS % n for n in range(0, 40, 4)))
    found.logs.joinpath("front.log").write_text(
        "2026/11/21 18:00:01 [error] 12#12: *1 upstream timed out, request: "
        '"GET /live/a.m3u8?pass=let-me-in HTTP/1.1"\n'
        "2026/11/21 18:00:09 [notice] 12#12: signal 1 received\n"
    )
    found.logs.joinpath("redis.log").write_text(
        "7:M 21 Nov 2026 18:00:02.500 * Ready to accept connections\n"
        "7:M 21 Nov 2026 18:00:03.500 # Low memory\n"
    )
    found.logs.joinpath("mgmt.log").write_text("")
    return found
