"""Playlists, bit rates, request heads, and knowing our own nginx again."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.errors import ConfigError
from streamstead.core.settings import Settings
from streamstead.engine.boot import Boot, start_ticks
from streamstead.engine.http_head import Head, HeadReader, Refusal
from streamstead.engine.nginx import Nginx, app_names
from streamstead.engine.playlist import Segment, parse_playlist
from streamstead.engine.rates import Kbps, Rates

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-TARGETDURATION:2
#EXT-X-DISCONTINUITY
#EXTINF:2.000,
s1-1795231953369.ts
#EXTINF:1.317,
s1-1795231955326.ts
"""


def test_a_playlist_gives_its_segments_with_their_numbers() -> None:
    assert parse_playlist(PLAYLIST) == [
        Segment("s1-1795231953369.ts", 2.0, 7),
        Segment("s1-1795231955326.ts", 1.317, 8),
    ]


@given(st.text(max_size=300))
def test_any_text_is_some_playlist(text: str) -> None:
    parse_playlist(text)
    parse_playlist(f"#EXT-X-MEDIA-SEQUENCE:{text}\n#EXTINF:{text},\nx.ts")


def test_rates_are_averages_of_at_most_thirty_seconds() -> None:
    rates = Rates()
    assert rates.kbps("s") == Kbps()
    for second in range(60):
        rates.sample("s", float(second), second * 125_000, second * 250_000)
    assert rates.kbps("s") == Kbps(recv_30s=1000, send_30s=2000)


def test_a_counter_that_begins_again_gives_no_negative_rate() -> None:
    rates = Rates()
    rates.sample("s", 0.0, 10_000, 0)
    rates.sample("s", 1.0, 0, 0)
    rates.sample("s", 2.0, 125, 0)
    assert rates.kbps("s") == Kbps(recv_30s=1, send_30s=0)


def test_rates_of_streams_that_are_gone_are_forgotten() -> None:
    rates = Rates()
    for at in (0.0, 1.0):
        rates.sample("a", at, int(at) * 1000, 0)
    rates.keep_only(["b"])
    assert rates.kbps("a") == Kbps()


@given(st.integers(1, 50))
def test_a_request_head_is_read_however_it_is_cut(step: int) -> None:
    data = b"GET /live/%E7%9B%B4.flv?a=1&b=%2f HTTP/1.1\r\nHost: x\r\nX-Real-IP: 192.0.2.1\r\n\r\n"
    heads: list[Head] = []
    reader = HeadReader(heads.append)
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    (head,) = heads
    assert (head.method, head.path, head.query) == ("GET", "/live/直.flv", "a=1&b=%2f")
    assert head.viewer_ip("127.0.0.1") == "192.0.2.1"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_a_refusal(data: bytes) -> None:
    try:
        HeadReader(lambda head: None).feed(data)
    except Refusal as refusal:
        found = refusal.status
    else:
        found = 400
    assert found == 400


def test_a_forged_viewer_address_is_not_taken() -> None:
    assert Head(headers={"x-real-ip": "evil\r\nx: y"}).viewer_ip("127.0.0.1") == "127.0.0.1"


def test_a_process_is_known_by_its_number_and_its_start(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "30"], start_new_session=True)
    try:
        boot = Boot.load(tmp_path / "boot.json")
        boot.started(child.pid, "sha")
        boot.save(tmp_path / "boot.json")
        again = Boot.load(tmp_path / "boot.json")
        assert again == boot
        assert again.alive()
        assert again.survivors() == [child.pid]
        again.start_ticks -= 1  # the number was given to another process
        assert not again.alive()
        again = Boot.load(tmp_path / "boot.json")
        again.machine_boot = "another boot of the machine"
        assert not again.alive()
        assert again.survivors() == []
    finally:
        child.kill()
        child.wait()
    assert not boot.alive()
    assert start_ticks(child.pid) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}'])
def test_a_broken_boot_file_is_a_new_beginning(tmp_path: Path, text: str) -> None:
    path = tmp_path / "boot.json"
    path.write_text(text)
    boot = Boot.load(path)
    assert boot.pid == 0
    assert not boot.alive()
    assert len({boot.notify_token, boot.control_token, boot.internal_token}) == 3


@pytest.mark.parametrize("apps", ["a b", "live;", "../x", "", ",", "直播", "1live"])
def test_applications_that_would_break_the_configuration_are_refused(
    settings: Settings, apps: str
) -> None:
    with pytest.raises(ConfigError):
        app_names(settings.model_copy(update={"engine_apps": apps}))


def test_the_configuration_is_the_same_text_for_the_same_settings(settings: Settings) -> None:
    changed = settings.model_copy(update={"engine_apps": "live, radio-1"})
    nginx = Nginx(changed)
    text = nginx.render()
    assert text == nginx.render()
    assert text.count("application ") == 2
    assert "on_update" not in "".join(
        line for line in text.splitlines() if not line.strip().startswith("#")
    )
    assert "worker_processes 1;" in text
    assert "hls_fragment_naming system;" in text
    assert nginx.boot.notify_token in text
    assert ("user root" in text) == (os.geteuid() == 0)
    for app in ("live", "radio-1"):
        assert (settings.data.html / app).stat().st_mode & 0o777 == 0o755
