"""The commands about keys, passes, streams, viewers and the store, with the real gatekeeper."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from redis import Redis as SyncRedis

from streamstead.core.errors import StreamsteadError
from streamstead.core.settings import Settings
from streamstead.mgmt.cli.common import expiry_ms, names_of
from streamstead.mgmt.cli.main import main

from ..conftest import wait_until
from .cli_house import Captured, Cli, data, serving

__all__ = ["data"]

SESSION = {
    "client_id": "v1",
    "kind": "play",
    "state": "live",
    "protocol": "rtmp",
    "vhost": "__defaultVhost__",
    "app": "live",
    "stream": "cam",
    "url": "live/cam",
    "ip": "203.0.113.50",
    "since_ms": 0,
    "param": "",
    "server_id": "",
    "service_id": "",
    "stream_id": "",
    "user_agent": "",
    "key_id": "",
    "pass_id": "",
}


@pytest.fixture
def cli(settings: Settings, data: Path, redis_server: SyncRedis, capsys: Captured) -> Iterator[Cli]:
    """A gatekeeper without a media server."""
    with serving("hooks", data, settings.hooks_port):
        wait_until(lambda: redis_server.exists("STREAMSTEAD_EPOCH") == 1, "the store has an id", 60)
        yield Cli(settings, redis_server, capsys)


def test_a_key_is_made_listed_rotated_and_revoked(cli: Cli) -> None:
    made = cli.json("key", "new", "live/cam", "--label", "[bold] studio", "--expires", "7d")
    key_id, secret = made["key"]["id"], made["secret"]
    week_ms = 7 * 86_400_000
    assert abs(made["key"]["expires_ms"] - time.time() * 1000 - week_ms) < 120_000
    assert made["addresses"]["server"] == f"rtmp://192.0.2.7:{cli.settings.rtmp_port}/live/"
    assert made["addresses"]["key"] == f"cam?secret={secret}"
    assert f"r=live/cam,secret={secret},m=publish" in made["addresses"]["srt"]
    listed = cli.run("key", "ls", "live/cam")
    assert key_id in listed
    assert "[bold] studio" in listed
    assert secret not in listed
    assert secret[-4:] in listed
    fresh = cli.run("key", "rotate", key_id)
    assert f"cam?secret={secret}" not in fresh
    assert "shown this once" in fresh
    cli.run("key", "revoke", key_id)
    assert cli.json("key", "ls", "live/cam") == {"keys": []}
    assert "no keys" in cli.run("key", "ls", "live/cam")
    reason, advice = cli.fails("key", "revoke", key_id)
    assert "no such key" in reason
    assert advice


def test_key_alone_prints_the_global_one(cli: Cli) -> None:
    found = cli.json("key")
    assert found["server"] == f"rtmp://192.0.2.7:{cli.settings.rtmp_port}/live/"
    assert found["key"] == f"livestream?secret={cli.redis.hget('SRS_AUTH_SECRET', 'pubSecret')}"
    assert "whip:" in cli.run("key")


def test_the_data_directory_may_stand_before_the_subcommand(cli: Cli, capsys: Captured) -> None:
    before = ["--data", str(cli.settings.data_dir)]
    assert main(["key", *before, "ls", "live/cam"]) == 0
    assert main(["pass", *before, "ls", "live/cam"]) == 0
    assert main(["stream", *before, "ls"]) == 0
    assert main(["store", *before, "status"]) == 0
    said = capsys.readouterr()
    assert "no keys" in said.out
    assert said.err == ""


def test_a_pass_is_printed_as_ready_links(cli: Cli) -> None:
    made = cli.json("pass", "new", "live/cam one", "--label", "guest", "--viewers", "2")
    token = made["token"]
    web = f"http://192.0.2.7:{cli.settings.http_port}"
    assert made["pass"]["max_viewers"] == 2
    assert made["links"]["watch"] == f"{web}/watch/live/cam%20one?pass={token}"
    assert made["links"]["hls"] == f"{web}/live/cam%20one.m3u8?pass={token}"
    assert set(made["links"]) == {"watch", "hls", "flv", "whep", "rtmp", "srt"}
    assert "does not ask for a pass" in cli.run("pass", "new", "live/cam one")
    pass_id = made["pass"]["id"]
    assert "guest" in cli.run("pass", "ls", "live/cam one")
    cli.run("pass", "revoke", pass_id)
    [found] = [one for one in cli.json("pass", "ls", "live/cam one")["passes"] if one["revoked"]]
    assert found["id"] == pass_id
    assert "revoked" in cli.run("pass", "ls", "live/cam one")


def test_a_stream_is_added_changed_and_forgotten(cli: Cli) -> None:
    assert "no stream is known" in cli.run("stream", "ls")
    added = cli.json("stream", "add", "live/cam", "--title", "Camera")
    words = ["stream", "set", "live/cam", "--disabled", "--own-keys-only", "--max-kbps", "4000"]
    changed = cli.json(*words)
    assert changed == added | {"enabled": False, "own_keys_only": True, "max_kbps": 4000}
    assert added["playback_id"] in cli.run("stream", "set", "live/cam", "--enabled", "--any-key")
    assert "Camera" in cli.run("stream", "ls")
    cli.run("stream", "rm", "live/cam")
    assert cli.json("stream", "ls") == {"streams": []}
    assert "no stream is called live/cam" in cli.fails("stream", "rm", "live/cam")[0]


class Media(BaseHTTPRequestHandler):
    """Disconnects clients and does nothing else, so that it never contradicts the registry."""

    kicked: ClassVar[list[str]] = []

    def do_DELETE(self) -> None:
        self.kicked.append(self.path.rsplit("/", 1)[1])
        self._answer(200)

    def do_GET(self) -> None:
        self._answer(503)

    def _answer(self, status: int) -> None:
        body = b'{"code":0}' if status == 200 else b"away"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def media(settings: Settings) -> Iterator[list[str]]:
    """A media server; gives the ids of the clients that it was told to disconnect."""
    Media.kicked.clear()
    with ThreadingHTTPServer(("127.0.0.1", settings.srs_api_port), Media) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Media.kicked
        server.shutdown()
        thread.join()


def test_viewers_are_listed_and_one_is_disconnected(media: list[str], cli: Cli) -> None:
    assert "nobody is watching" in cli.run("viewers")
    cli.redis.hset("STREAMSTEAD_SESSIONS", "v1", json.dumps({**SESSION, "since_ms": now_ms()}))
    assert "203.0.113.50" in cli.run("viewers", "live/cam")
    assert cli.json("viewers")["total"] == 1
    assert cli.json("viewers", "live/other")["total"] == 0
    cli.run("viewers", "--kick", "v1", "--block", "5")
    assert media == ["v1"]
    assert cli.redis.hexists("STREAMSTEAD_VIEWER_BLOCKS", "live/cam|203.0.113.50")
    assert "has left" in cli.fails("viewers", "--kick", "v1")[0]


def test_an_emptied_store_is_told_and_accepted(cli: Cli) -> None:
    assert cli.run("store", "status") == "ready\n"
    cli.redis.flushall()
    words = ["store", "status", "--data", str(cli.settings.data_dir)]
    assert main(words) == 1
    assert "store accept" in cli.captured.readouterr().out
    assert cli.json("store", "accept") == {"state": "ready"}
    assert cli.run("store", "status") == "ready\n"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    "words",
    [
        ["key", "ls", "live/cam"],
        ["key", "new", "live/cam"],
        ["pass", "new", "live/cam"],
        ["stream", "ls"],
        ["viewers"],
        ["store", "accept"],
    ],
)
def test_when_nothing_runs_it_says_how_to_start(
    data: Path, capsys: Captured, words: list[str]
) -> None:
    assert main([*words, "--data", str(data)]) == 1
    reason, advice = capsys.readouterr().err.splitlines()
    assert reason
    assert "streamstead start" in advice


@pytest.mark.parametrize(
    "words",
    [
        ["key", "ls", "livestream"],
        ["key", "new", "live/"],
        ["key", "new", "live/cam", "--expires", "tomorrow"],
        ["pass", "ls", "/cam"],
        ["stream", "add", "cam"],
        ["viewers", "cam"],
    ],
)
def test_a_wrong_word_is_explained(data: Path, capsys: Captured, words: list[str]) -> None:
    assert main([*words, "--data", str(data)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    "words", [["key", "new"], ["pass"], ["stream"], ["store"], ["pass", "new", "a/b", "--viewers"]]
)
def test_a_missing_word_is_wrong_use(capsys: Captured, words: list[str]) -> None:
    assert main(words) == 2
    assert "streamstead" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("1m", 60)]
)
def test_an_expiry_may_be_a_span(text: str, seconds: int) -> None:
    found = expiry_ms(text)
    assert found is not None
    assert abs(found / 1000 - time.time() - seconds) < 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
        ("2030-01-31T18:00", datetime(2030, 1, 31, 18, tzinfo=UTC)),
        ("2030-01-31T18:00+02:00", datetime(2030, 1, 31, 16, tzinfo=UTC)),
    ],
)
def test_an_expiry_may_be_a_time(text: str, expected: datetime) -> None:
    assert expiry_ms(text) == int(expected.timestamp() * 1000)


def test_no_expiry_is_never() -> None:
    assert expiry_ms("") is None


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (expiry_ms, "soon"),
        (expiry_ms, "12"),
        (expiry_ms, "-1d"),
        (names_of, ""),
        (names_of, "cam"),
        (names_of, "live/"),
    ],
)
def test_what_cannot_be_read_is_an_error_in_words(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(StreamsteadError) as refused:
        parse(text)
    assert refused.value.help
