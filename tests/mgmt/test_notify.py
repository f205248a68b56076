import socket
from pathlib import Path

import pytest

from streamstead.mgmt.notify import sd_notify, watchdog_every_s


def test_without_a_socket_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not sd_notify("READY=1")


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_gets_one_datagram(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, abstract: bool
) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind("\0" + path if abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + path if abstract else path)
        assert sd_notify("READY=1", "STATUS=good")
        assert server.recv(200) == b"READY=1\nSTATUS=good"


@pytest.mark.parametrize(("raw", "expected"), [("4000000", 2.0), ("", None), ("0", None)])
def test_the_watchdog_is_fed_twice_as_often_as_asked(
    monkeypatch: pytest.MonkeyPatch, raw: str, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", raw)
    assert watchdog_every_s() == expected
