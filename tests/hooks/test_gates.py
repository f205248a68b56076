"""Gate files: made, found and removed under every name a stream may have."""

import threading
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid
from streamstead.hooks.gates import Gates

SID = "0123456789abcdef" * 2
OTHER = "f" * 32


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path / "gates")


@pytest.mark.parametrize("stream", ["cam", "cam-1", "摄像头", "a b&c%41", "x" * 255])
def test_a_gate_is_open_until_it_is_closed(gates: Gates, stream: str) -> None:
    gates.open("live", stream, SID)
    gates.open("live", stream, SID)
    assert gates.is_open("live", stream, SID)
    assert gates.sids("live", stream) == [SID]
    assert list(gates.all()) == [("live", stream, SID)]
    assert gates.close("live", stream, SID)
    assert not gates.close("live", stream, SID)
    assert list(gates.all()) == []


@pytest.mark.parametrize(
    ("app", "stream", "sid"),
    [
        ("live", "cam", "../" + SID[:29]),
        ("live", "cam", SID[:31]),
        ("live", "cam", SID.upper().replace("0", "A")),
        ("live", "..", SID),
        ("live", "a/b", SID),
        ("..", "cam", SID),
        ("live", "", SID),
        ("live", "a\0b", SID),
        ("live", "道" * 100, SID),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(
    gates: Gates, app: str, stream: str, sid: str
) -> None:
    for act in (gates.open, gates.close, gates.is_open):
        with pytest.raises(Invalid):
            act(app, stream, sid)


def test_closing_a_stream_closes_all_its_gates_and_no_other(gates: Gates) -> None:
    closed: list[str] = []
    gates.on_close = closed.append
    gates.open("live", "cam", SID)
    gates.open("live", "cam", OTHER)
    gates.open("live", "cam-1", SID)
    assert sorted(gates.close_stream("live", "cam")) == [SID, OTHER]
    assert sorted(closed) == [SID, OTHER]
    assert list(gates.all()) == [("live", "cam-1", SID)]


def test_what_is_no_gate_is_not_listed(gates: Gates, tmp_path: Path) -> None:
    gates.open("live", "cam", SID)
    (tmp_path / "gates" / "live" / "cam" / "note.txt").touch()
    (tmp_path / "gates" / "stray").touch()
    assert list(gates.all()) == [("live", "cam", SID)]


def test_empty_directories_are_removed_and_gates_stay(gates: Gates, tmp_path: Path) -> None:
    gates.open("live", "old", SID)
    gates.open("live", "cam", SID)
    gates.close("live", "old", SID)
    gates.prune()
    assert [path.name for path in (tmp_path / "gates" / "live").iterdir()] == ["cam"]
    assert gates.is_open("live", "cam", SID)


def test_removing_directories_meanwhile_loses_no_gate(gates: Gates) -> None:
    over = threading.Event()

    def prune() -> None:
        while not over.is_set():
            gates.prune()

    pruning = threading.Thread(target=prune)
    pruning.start()
    try:
        for _ in range(300):
            gates.open("live", "cam", SID)
            assert gates.is_open("live", "cam", SID)
            gates.close("live", "cam", SID)
    finally:
        over.set()
        pruning.join()


@pytest.mark.parametrize("stream", ["cam", "摄像头", "a b&c%41"])
def test_a_link_counts_as_long_as_the_gate_that_it_leads_to(gates: Gates, stream: str) -> None:
    small = f"{stream}_small"
    gates.open("live", stream, SID)
    gates.open("live", stream, OTHER)
    for sid in (SID, SID, OTHER):
        gates.link("live", small, sid, stream)
    assert gates.is_open("live", small, SID)
    # It is no gate of its own.
    assert sorted(gates.all()) == [("live", stream, sid) for sid in (SID, OTHER)]
    assert gates.sids("live", small) == []
    gates.close("live", stream, SID)
    assert not gates.is_open("live", small, SID)
    assert gates.is_open("live", small, OTHER)
    gates.prune()
    assert gates.is_open("live", small, OTHER)
    gates.close("live", stream, OTHER)
    gates.prune()
    gates.prune()
    assert list(gates.all()) == []
    gates.unlink("live", small, OTHER)
