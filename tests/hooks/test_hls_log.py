"""What nginx writes about sessions is read once, whole lines only, and the file stays small."""

from pathlib import Path

import pytest

from streamstead.hooks.hls_log import CHUNK_BYTES, HlsLog, Request

SID = "a" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "requests.log"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def taken(log: HlsLog) -> list[Request]:
    return [request for part in log.take() for request in part]


def test_lines_are_read_once_and_the_file_is_emptied(path: Path) -> None:
    log = HlsLog(path)
    assert taken(log) == []
    append(path, f"{SID} 1795242518.025 200 1000\n{SID} 1795242519.5 404 20\n")
    assert taken(log) == [
        Request(SID, 1795242518025, 200, 1000),
        Request(SID, 1795242519500, 404, 20),
    ]
    assert path.stat().st_size == 0
    assert taken(log) == []
    append(path, f"{SID} 1795242520.000 200 7\n")
    assert [request.size_bytes for request in taken(log)] == [7]


def test_a_line_that_is_being_written_is_left_for_later(path: Path) -> None:
    log = HlsLog(path)
    append(path, f"{SID} 1.000 200 1\n{SID} 2.000 20")
    assert [request.size_bytes for request in taken(log)] == [1]
    append(path, "0 22\n")
    assert [request.size_bytes for request in taken(log)] == [22]
    assert path.stat().st_size == 0


@pytest.mark.parametrize("line", ["", "x", f"{SID} - 200 1", f"{SID} 1.0 200", "\xff" * 10])
def test_a_broken_line_spoils_no_other(path: Path, line: str) -> None:
    log = HlsLog(path)
    append(path, f"{line}\n{SID} 3.000 200 9\n")
    assert taken(log) == [Request(SID, 3000, 200, 9)]


def test_much_is_given_in_pieces(path: Path) -> None:
    log = HlsLog(path)
    line = f"{SID} 1.000 200 1\n"
    append(path, line * (2 * CHUNK_BYTES // len(line)))
    parts = list(log.take())
    assert len(parts) > 1
    assert sum(len(part) for part in parts) == 2 * CHUNK_BYTES // len(line)
    assert path.stat().st_size == 0


def test_endless_rubbish_is_passed_over(path: Path) -> None:
    log = HlsLog(path)
    append(path, "x" * (2 * CHUNK_BYTES) + f"\n{SID} 3.000 200 9\n")
    assert taken(log) == [Request(SID, 3000, 200, 9)]


def test_a_file_that_somebody_else_emptied_is_read_from_its_beginning(path: Path) -> None:
    log = HlsLog(path)
    append(path, f"{SID} 1.000 200 1\n{SID} 2.000 200 2\n{SID} 3.0")
    taken(log)
    path.write_text("")
    append(path, f"{SID} 4.000 200 4\n")
    assert [request.size_bytes for request in taken(log)] == [4]
