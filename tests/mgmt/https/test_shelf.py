"""Certificates on disk: whole or not there, one of them linked."""

import shutil
from pathlib import Path

import pytest

from streamstead.mgmt.certificate import self_signed
from streamstead.mgmt.https.models import Provider
from streamstead.mgmt.https.shelf import Shelf, ensure_certificate

NAMES = ("localhost",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert ensure_certificate(tmp_path, NAMES)
    return tmp_path


def test_a_second_start_makes_none(folder: Path) -> None:
    before = Shelf(folder).current
    assert not ensure_certificate(folder, NAMES)
    assert Shelf(folder).current == before
    assert Shelf(folder).about(before).provider is Provider.SELF


def test_keys_are_for_root_alone(folder: Path) -> None:
    inside = folder / Shelf(folder).current
    assert inside.stat().st_mode & 0o777 == 0o700
    assert (inside / "key.pem").stat().st_mode & 0o777 == 0o600


def test_a_certificate_of_an_older_release_is_taken_over_and_still_found_there(
    tmp_path: Path,
) -> None:
    chain, key = self_signed(("old.example.org",))
    (tmp_path / "nginx.crt").write_text(chain)
    (tmp_path / "nginx.key").write_text(key)
    assert not ensure_certificate(tmp_path, NAMES)
    shelf = Shelf(tmp_path)
    assert shelf.about(shelf.current).facts.domains == ("old.example.org",)
    # After a way back to that release.
    assert (tmp_path / "nginx.crt").read_text() == chain
    assert (tmp_path / "nginx.key").read_text() == key


def test_a_lost_link_finds_the_newest_that_is_whole(folder: Path) -> None:
    shelf = Shelf(folder)
    kept = shelf.current
    half = folder / "99999999T000000-abcdef"
    half.mkdir()
    (half / "fullchain.pem").write_text("half")
    (folder / "current").unlink()
    assert shelf.current == ""
    assert not ensure_certificate(folder, NAMES)
    assert shelf.current == kept


def test_a_link_that_leads_nowhere_is_replaced(folder: Path) -> None:
    shutil.rmtree(folder / Shelf(folder).current)
    assert ensure_certificate(folder, NAMES)
    assert Shelf(folder).current


def test_what_a_crash_left_is_removed_with_what_nobody_needs(folder: Path) -> None:
    shelf = Shelf(folder)
    first = shelf.current
    about = shelf.about(first)
    second, third = (shelf.put(*self_signed(NAMES), about) for _ in range(2))
    shelf.point_to(second)
    (folder / ".half").mkdir()
    (folder / ".current-abc").symlink_to("x")
    (folder / "notes").mkdir()
    shelf.keep_only({first, second})
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [first, second, "current", "notes"]
    )
    assert third not in shelf.ids()
