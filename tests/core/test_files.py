"""Files in folders that others write into, too; and whose file it is that we write."""

import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streamstead.core import audit
from streamstead.core.files import (
    copy_durably,
    is_there,
    open_plain,
    read_plain,
    write_atomic,
)

SOMEBODY = 61001
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be set by root")
pytestmark = pytest.mark.timeout(30)  # what is tried here would else wait for ever


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.with_name("of-root").write_text("secret")
    path.symlink_to(path.with_name("of-root"))


def folder(path: Path) -> None:
    path.mkdir()


def unix_socket(path: Path) -> None:
    code = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])"
    subprocess.run(["/usr/bin/python3", "-c", code, str(path)], check=True)


NO_FILES = [pipe, link, folder, unix_socket]


@pytest.mark.parametrize("put", NO_FILES)
def test_what_is_no_plain_file_is_an_error_at_once(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    path = tmp_path / "x"
    put(path)
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, os.O_RDWR):
        with pytest.raises(OSError):  # noqa: PT011 - each has a number of its own
            open_plain(path, flags)
    with pytest.raises(OSError):  # noqa: PT011
        read_plain(path)
    with pytest.raises(OSError):  # noqa: PT011
        copy_durably(path, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert not is_there(path)


def test_a_pipe_that_somebody_holds_open_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "x"
    pipe(path)
    held = os.open(path, os.O_RDWR)
    try:
        for flags in (os.O_RDONLY, os.O_WRONLY):
            with pytest.raises(OSError, match="no plain file"):
                open_plain(path, flags)
    finally:
        os.close(held)


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert read_plain(path, 10) == bytes(10)


@as_root
def test_what_somebody_else_wrote_or_may_write_counts_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("mine")
    assert read_plain(path, ours=True) == b"mine"
    assert is_there(path)
    path.chmod(0o664)
    with pytest.raises(FileNotFoundError):
        read_plain(path, ours=True)
    path.chmod(0o644)
    os.chown(path, SOMEBODY, -1)
    with pytest.raises(FileNotFoundError):
        read_plain(path, ours=True)
    assert not is_there(path)
    assert read_plain(path) == b"mine"


@as_root
def test_what_is_ours_alone_belongs_to_us_whoever_had_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("forged")
    os.chown(path, SOMEBODY, SOMEBODY)
    write_atomic(path, "theirs", 0o644)
    assert path.stat().st_uid == SOMEBODY
    write_atomic(path, "ours", 0o644, keep_owner=False)
    assert (path.stat().st_uid, path.stat().st_gid, path.read_text()) == (0, 0, "ours")


@as_root
def test_a_link_in_the_way_neither_gives_its_owner_nor_is_written_through(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "x"
    target.write_text("before")
    os.chown(target, SOMEBODY, SOMEBODY)
    path.symlink_to(target)
    write_atomic(path, "new")
    facts = path.lstat()
    assert stat.S_ISREG(facts.st_mode)
    assert (facts.st_uid, target.read_text()) == (0, "before")


@pytest.mark.parametrize("put", NO_FILES)
def test_an_audit_log_that_is_none_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(audit.time, "time_ns", lambda: 1_700_000_000_000_000_000)
    put(tmp_path / "2023-11.jsonl")
    writer = threading.Thread(
        target=audit.append, args=(tmp_path, "x", "y", "", "", "ok"), daemon=True
    )
    writer.start()
    writer.join(20)
    assert not writer.is_alive()
