"""Archives that want to do harm."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from streamstead.mgmt.upgrade.errors import ReleaseRefused
from streamstead.mgmt.upgrade.unpack import unpack

Add = Callable[[tarfile.TarFile], None]


def entry(name: str, content: bytes = b"x", **facts: object) -> Add:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        for fact, value in facts.items():
            setattr(info, fact, value)
        tar.addfile(info, io.BytesIO(content) if info.isfile() else None)

    return add


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> Add:
    return entry(name, b"", type=kind, linkname=to)


def archive(folder: Path, *entries: Add) -> Path:
    path = folder / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for add in entries:
            add(tar)
    return path


def test_files_folders_and_links_inside_are_taken(tmp_path: Path) -> None:
    made = archive(
        tmp_path,
        entry("r/bin/run", b"#!/bin/sh\n", mode=0o4755),
        entry("r/data", b"1", mode=0o666, uid=1234),
        link("r/bin/link", "../data"),
    )
    top = unpack(made, tmp_path / "out")
    assert top == tmp_path / "out" / "r"
    assert (top / "bin/run").stat().st_mode & 0o7777 == 0o755
    assert (top / "data").stat().st_mode & 0o7777 == 0o644
    assert (top / "bin/link").read_bytes() == b"1"


@pytest.mark.parametrize(
    "entries",
    [
        [entry("/etc/passwd")],
        [entry("r/../../out-of-it")],
        [link("r/out", "/etc"), entry("r/out/passwd")],
        [link("r/out", "../..")],
        [link("r/a", "."), link("r/b", "a/../..")],
        [link("r/file", "data"), entry("r/file", b"through a link")],
        [entry("r/file"), entry("r/file", b"again")],
        [link("r/hard", "/etc/passwd", tarfile.LNKTYPE)],
        [entry("r/device", b"", type=tarfile.CHRTYPE)],
        [entry("r/fifo", b"", type=tarfile.FIFOTYPE)],
        [entry("one/a"), entry("two/b")],
        [entry("file")],
        [],
    ],
    ids=lambda entries: str(len(entries)),
)
def test_what_wants_to_go_elsewhere_is_refused(tmp_path: Path, entries: list[Add]) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(ReleaseRefused) as refused:
        unpack(archive(tmp_path, *entries), inner / "out")
    assert refused.value.key == "archive_bad"
    assert [path.name for path in tmp_path.iterdir() if path.name != "archive.tar.gz"] == ["inner"]
    assert [path.name for path in inner.iterdir()] == ["out"]


def test_more_than_was_to_be_expected_is_refused(tmp_path: Path) -> None:
    big = archive(tmp_path, entry("r/zeros", b"\0" * 2_000_000))
    with pytest.raises(ReleaseRefused):
        unpack(big, tmp_path / "big", max_bytes=1_000_000)
    many = archive(tmp_path, *(entry(f"r/{number}") for number in range(50)))
    with pytest.raises(ReleaseRefused):
        unpack(many, tmp_path / "many", max_files=40)


@pytest.mark.parametrize("keep", [0, 10, 100])
def test_a_cut_off_archive_is_refused(tmp_path: Path, keep: int) -> None:
    made = archive(tmp_path, entry("r/file", bytes(range(256)) * 100))
    made.write_bytes(made.read_bytes()[:keep])
    with pytest.raises(ReleaseRefused):
        unpack(made, tmp_path / "out")
