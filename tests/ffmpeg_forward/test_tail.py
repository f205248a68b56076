"""Following what a child writes, and keeping it small."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.ffmpeg_forward.tail import Tail, appendable_memory


@pytest.fixture
def memory() -> Iterator[int]:
    fd = appendable_memory("test")
    yield fd
    os.close(fd)


def test_half_a_line_waits_for_its_other_half(memory: int) -> None:
    tail = Tail(memory, 1000)
    os.write(memory, b"one\ntw")
    assert tail.lines() == ["one"]
    os.write(memory, b"o\n")
    assert tail.lines() == ["two"]
    assert tail.lines() == []


def test_the_file_stays_small_and_has_no_hole_after_it_was_cut(memory: int) -> None:
    tail = Tail(memory, 100)
    for number in range(1000):
        os.write(memory, f"line {number}\n".encode())
        assert tail.lines() == [f"line {number}"]
        assert os.fstat(memory).st_size < 120
    assert b"\0" not in os.pread(memory, 1000, 0)


def test_a_line_without_end_does_not_grow(memory: int) -> None:
    tail = Tail(memory, 100)
    for _ in range(50):
        os.write(memory, b"x" * 90)
        tail.lines()
    os.write(memory, b"\nend\n")
    assert tail.lines()[-1] == "end"
    assert os.fstat(memory).st_size < 200


def test_of_a_flood_the_youngest_lines_are_kept(memory: int) -> None:
    tail = Tail(memory, 1000)
    os.write(memory, b"noise\n" * 100_000 + b"the reason\n")
    assert tail.lines()[-1] == "the reason"
    assert os.fstat(memory).st_size == 0


def test_who_comes_later_begins_near_the_end(memory: int) -> None:
    os.write(memory, b"old\n" * 50_000 + b"young\n")
    lines = Tail(memory, 1_000_000).lines()
    assert lines[-1] == "young"
    assert len(lines) < 20_000


def test_two_writers_that_inherited_it_do_not_overwrite_each_other(memory: int) -> None:
    for word in ("first", "second"):
        subprocess.run([sys.executable, "-c", f"print({word!r})"], stdout=memory, check=True)
    assert Tail(memory, 1000).lines() == ["first", "second"]


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_give_the_same_lines_however_they_arrive(pieces: list[bytes]) -> None:
    fd = appendable_memory("test")
    try:
        tail = Tail(fd, 10_000)
        found: list[str] = []
        for piece in pieces:
            os.write(fd, piece)
            found += tail.lines()
        os.write(fd, b"\n")
        found += tail.lines()
        whole = b"".join(pieces).replace(b"\r", b"\n").split(b"\n")
        assert found == [raw.decode(errors="replace") for raw in whole if raw]
    finally:
        os.close(fd)
