"""The commands about what is recorded, with the real recorder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings

from .cli_house import Captured, Cli, data, serving

__all__ = ["data"]

SESSION = {
    "client_id": "p1",
    "kind": "publish",
    "state": "live",
    "protocol": "rtmp",
    "vhost": "__defaultVhost__",
    "app": "live",
    "stream": "cam",
    "url": "live/cam",
    "ip": "192.0.2.1",
    "since_ms": 1,
}


@pytest.fixture
def cli(settings: Settings, data: Path, redis_server: SyncRedis, capsys: Captured) -> Iterator[Cli]:
    """A recorder without a media server."""
    with serving("recorder", data, settings.recorder_port):
        yield Cli(settings, redis_server, capsys)


def test_rules_are_shown_and_changed(cli: Cli, tmp_path: Path) -> None:
    assert cli.run("record", "rules").startswith("record all:")
    changed = cli.json(
        "record", "rules", "--all", "--glob", "live/*", "--glob", "tv/[12]", "--grace", "5"
    )
    assert (changed["record_all"], changed["grace_s"]) == (True, 5)
    assert changed["globs"] == ["live/*", "tv/[12]"]
    copies = tmp_path / "copies"
    copies.mkdir()
    said = cli.run("record", "rules", "--no-globs", "--no-mp4", "--copy-to", str(copies))
    words = dict(line.split(":", 1) for line in said.splitlines())
    assert {name: words[name].strip() for name in ("record all", "globs", "mp4")} == {
        "record all": "yes",
        "globs": "-",
        "mp4": "no",
    }
    assert words["post copy dir"].strip() == str(copies)
    assert "cannot take copies" in cli.fails("record", "rules", "--copy-to", "/etc")[0]


def test_a_live_stream_is_recorded_by_hand(cli: Cli) -> None:
    assert cli.fails("record", "start", "live/cam")[0] == "live/cam is not live"
    cli.redis.hset("STREAMSTEAD_SESSIONS", "p1", json.dumps(SESSION))
    cli.redis.hset("SRS_STREAM_ACTIVE", "live/cam", json.dumps({"client_id": "p1"}))
    said = cli.run("record", "start", "live/cam")
    assert said == "live/cam is recorded: by hand, until its publisher leaves\n"
    stopped = cli.json("record", "stop", "live/cam")
    assert (stopped["wanted"], stopped["manual"]) == (False, "off")
