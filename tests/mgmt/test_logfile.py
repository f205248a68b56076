import os
from pathlib import Path

import pytest

from streamstead.core.files import open_to_read
from streamstead.mgmt.runtime.logfile import mask, open_log, plain, rotate, tail


def test_a_writer_goes_on_in_the_emptied_file_after_rotation(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    fd = open_log(path)
    os.write(fd, b"a" * 200)
    assert rotate(path, max_bytes=100)
    os.write(fd, b"after\n")
    os.close(fd)
    assert path.read_bytes() == b"after\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"a" * 100


def test_a_small_or_absent_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert not rotate(path, max_bytes=10)
    path.write_bytes(b"12345")
    assert not rotate(path, max_bytes=10)
    assert path.read_bytes() == b"12345"


def test_secrets_in_addresses_are_overwritten_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    fd = open_log(path)
    os.write(fd, b'POST /verify?hook=abc, request={"param":"?a=1&secret=s3cret&b=2"}\n')
    os.write(fd, b'{"param":"pass=let-me-in","key":"pass_missing"}\nrtmp://h/live?grant=un')
    seen = mask(path, 0)
    os.write(fd, b"done\n")
    assert mask(path, seen) == path.stat().st_size
    os.close(fd)
    assert path.read_text().splitlines() == [
        'POST /verify?hook=***, request={"param":"?a=1&secret=******&b=2"}',
        '{"param":"pass=*********","key":"pass_missing"}',
        "rtmp://h/live?grant=******",
    ]


def test_an_emptied_log_is_looked_through_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert mask(path, 7) == 0
    path.write_bytes(b"?pass=abc\n")
    assert mask(path, 4000) == 10
    assert path.read_bytes() == b"?pass=***\n"


def test_no_more_than_three_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for text in ("first", "second", "third", "fourth"):
        path.write_text(text * 10)
        assert rotate(path, max_bytes=45)
    path.write_text("now")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    assert "fourth" in (tmp_path / "x.log.1").read_text()
    assert "third" in (tmp_path / "x.log.2").read_text()


def test_a_symbolic_link_in_place_of_a_log_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("keep me")
    (tmp_path / "x.log").symlink_to(tmp_path / "target")
    fd = open_log(tmp_path / "x.log")
    os.write(fd, b"said")
    os.close(fd)
    assert (tmp_path / "target").read_text() == "keep me"
    assert (tmp_path / "x.log").read_text() == "said"


@pytest.mark.parametrize("lines", [1, 3, 50])
def test_tail_returns_the_last_lines_of_a_large_file(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {n} {'x' * 100}\n" for n in range(5000)))
    found = tail(path, lines)
    assert len(found) == lines
    assert found[-1].startswith("line 4999 ")
    assert found[0].startswith(f"line {5000 - lines} ")


def test_tail_of_an_absent_file_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "no.log", 5) == []


def test_colours_are_taken_out() -> None:
    assert plain("\x1b[31m[ERROR] no\x1b[0m") == "[ERROR] no"


def test_a_link_or_a_pipe_in_place_of_a_log_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "shadow").write_text("of root alone\n")
    (tmp_path / "x.log").symlink_to(tmp_path / "shadow")
    os.mkfifo(tmp_path / "y.log")
    for name in ("x.log", "y.log"):
        assert tail(tmp_path / name, 10) == []
        with pytest.raises(OSError):  # noqa: PT011
            open_to_read(tmp_path / name)
