"""The commands about outputs, with the real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings
from streamstead.mgmt.cli.client import ask_service

from ..conftest import free_port, need
from .cli_house import Captured, Cli, data, serving

__all__ = ["data"]

KEY = "wonderful-secret-1234"


@pytest.fixture
def cli(settings: Settings, data: Path, redis_server: SyncRedis, capsys: Captured) -> Iterator[Cli]:
    """Outputs without a media server."""
    with serving("ffmpeg_forward", data, settings.ffmpeg_port):
        yield Cli(settings, redis_server, capsys)


def test_outputs_are_listed_switched_and_tried_out(cli: Cli) -> None:
    need("ffmpeg")
    assert cli.run("output", "ls").strip() == "there are no outputs"
    assert cli.fails("output", "start", "nobody")[0] == "there is no output 'nobody'"

    settings = Settings.load(cli.settings.data_dir)
    for label in ("Main", "Same", "Same"):
        made = ask_service(
            settings,
            settings.ffmpeg_port,
            "/terraform/v1/ffmpeg/outputs/create",
            {
                "label": label,
                "platform": "custom",
                "server": f"rtmp://127.0.0.1:{free_port()}/app",
                "key": KEY,
                "source": {"kind": "stream", "app": "live", "stream": "cam"},
            },
        )
    said = cli.run("output", "ls")
    assert "Main" in said
    assert "live/cam" in said
    assert KEY not in said
    assert {one["state"] for one in cli.json("output", "ls")} == {"off"}

    assert cli.run("output", "start", "Main", made["id"]) == "Main: waiting\nSame: waiting\n"
    assert cli.fails("output", "stop", "Same")[0] == "2 outputs are called 'Same'"
    assert cli.run("output", "stop", "Main") == "Main: off\n"

    said = cli.refuses("output", "test", "Main")
    assert "ok   dns" in said
    assert "bad  connect" in said
    assert "Nothing listens at 127.0.0.1:" in said
    assert "not tried" in said
    assert KEY not in said
