"""All logs as one: merged, filtered, a page at a time."""

import os
import time
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid
from streamstead.core.paths import DataDir
from streamstead.mgmt.logs.keep import bound
from streamstead.mgmt.logs.query import Logs, Wanted

from .conftest import OURS

ALL = Wanted()


def test_all_programs_are_merged_by_time(data: DataDir) -> None:
    page = Logs(data).page(ALL, 100)
    assert [line.at_ms for line in page.lines] == sorted(line.at_ms for line in page.lines)
    assert {line.service for line in page.lines} == {"hooks", "front", "redis"}
    assert (page.older, page.notes) == (None, [])
    assert page.services == ["front", "hooks", "mgmt", "redis"]


def test_pages_backwards_give_every_line_once(data: DataDir) -> None:
    for number in (1, 2):
        (data.logs / f"hooks.log.{number}").write_text(
            "".join(OURS.replace("10:00", f"09:{59 - number}") % (n // 15) for n in range(900))
        )
    logs = Logs(data)
    whole = logs.page(ALL, 5000)
    assert len(whole.lines) == 1814
    seen, before = [], None
    while True:
        page = logs.page(ALL, 97, before)
        seen = [line.id for line in page.lines] + seen
        before = page.older
        if before is None:
            break
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 1814


def test_services_level_and_text_choose_lines(data: DataDir) -> None:
    logs = Logs(data)
    assert {x.service for x in logs.page(Wanted.of(["redis"], "", ""), 9).lines} == {"redis"}
    worse = logs.page(Wanted.of([], "warning", ""), 9).lines
    assert [line.level for line in worse] == ["error", "warning"]
    assert len(logs.page(Wanted.of([], "", "LIVE/A"), 99).lines) == 11
    with pytest.raises(Invalid):
        Wanted.of([], "loud", "")


def test_a_secret_can_neither_be_read_nor_be_searched_for(data: DataDir) -> None:
    logs = Logs(data)
    assert logs.page(Wanted.of([], "", "let-me-in"), 9).lines == []
    assert b"let-me-in" not in b"".join(logs.all_text(ALL))


def test_lines_without_a_time_stay_with_the_line_before(data: DataDir) -> None:
    with (data.logs / "hooks.log").open("a") as file:
        file.write("Traceback (most recent call last):\n  boom\n")
    page = Logs(data).page(Wanted.of(["hooks"], "", ""), 3)
    assert [line.text for line in page.lines][1:] == ["Traceback (most recent call last):", "boom"]
    assert len({line.at_ms for line in page.lines}) == 1


def test_a_download_begins_with_the_oldest_line(data: DataDir) -> None:
    text = b"".join(Logs(data).all_text(ALL)).decode().splitlines()
    assert text[0] == (
        "2026-11-21 10:00:00.250 hooks info: stream.published module=x stream=live/a"
    )
    assert len(text) == 14
    assert text == sorted(text, key=lambda line: line[:23])


def test_an_id_that_is_none_is_refused(data: DataDir) -> None:
    with pytest.raises(Invalid):
        Logs(data).page(ALL, 5, "yesterday")


def test_a_page_out_of_much_is_quick(data: DataDir) -> None:
    line = OURS % 1
    for name in ("a", "b", "c"):
        (data.logs / f"{name}.log").write_text(line * (9_000_000 // len(line)))
    began = time.perf_counter()
    page = Logs(data).page(ALL, 200)
    took_s = time.perf_counter() - began
    assert len(page.lines) == 200
    assert took_s < 1, took_s


def test_all_files_together_stay_below_the_limit(tmp_path: Path) -> None:
    for age, name in enumerate(["a.log", "b.log", "a.log.1", "b.log.1", "a.log.2", "b.log.2"]):
        path = tmp_path / name
        path.write_bytes(b"x" * 1000)
        os.utime(path, (10_000 - age, 10_000 - age))
    (tmp_path / "big.log").write_bytes(b"y" * 9000)
    bound(tmp_path, max_total=6500, max_bytes=2000)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["a.log", "a.log.1", "b.log", "b.log.1", "big.log", "big.log.1"]
    assert (tmp_path / "big.log").stat().st_size == 0
