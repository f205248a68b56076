"""Which directories may take copies of recordings."""

import os
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid
from streamstead.hooks.recorder.post_copy import check_copy_directory, open_copy_directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    found = tmp_path / "data"
    (found / "config").mkdir(parents=True)
    return found


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    found = tmp_path / "srv" / "copies"
    found.mkdir(parents=True)
    return found


def why_not(name: str | Path, data: Path) -> str:
    with pytest.raises(Invalid) as caught:
        check_copy_directory(str(name), data)
    assert caught.value.key == "copy_dir_invalid"
    return caught.value.message.partition(": ")[2]


def test_a_directory_of_its_own_may(copies: Path, data: Path) -> None:
    assert check_copy_directory(f"{copies}/", data) == str(copies)
    fd = open_copy_directory(str(copies), data)
    try:
        assert os.path.samestat(os.fstat(fd), copies.stat())
    finally:
        os.close(fd)


@pytest.mark.parametrize("name", ["copies", "", "./copies", "/srv/../etc", "/srv/\0copies"])
def test_only_a_plain_path_from_the_root_may(data: Path, name: str) -> None:
    assert why_not(name, data) == "it is no plain path that begins with /"


@pytest.mark.parametrize("name", ["/", "/etc", "/proc/self", "/usr/share", "/dev/shm"])
def test_the_system_is_left_alone(data: Path, name: str) -> None:
    assert why_not(name, data) == "it belongs to the system"


def test_what_is_absent_or_no_directory_may_not(copies: Path, data: Path) -> None:
    (copies / "file").write_text("")
    assert why_not(copies / "absent", data) == "no such file or directory"
    assert why_not(copies / "file", data) == "not a directory"


def test_our_own_data_may_not_by_any_name(copies: Path, data: Path) -> None:
    ours = "it holds, or lies in, Streamstead's own data"
    assert why_not(data, data) == ours
    assert why_not(data / "config", data) == ours
    assert why_not(data.parent, data) == ours
    (copies / "link").symlink_to(data)
    assert why_not(data / "config", copies / "link") == ours


def test_a_link_may_not_wherever_it_stands(copies: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(copies)
    (tmp_path / "above").symlink_to(copies.parent)
    linked = "a symbolic link leads there: name the real directory"
    assert why_not(tmp_path / "link", data) == linked
    assert why_not(tmp_path / "above" / "copies", data) == linked


def test_a_link_put_there_later_is_not_followed(copies: Path, data: Path) -> None:
    name = check_copy_directory(str(copies), data)
    copies.rmdir()
    copies.symlink_to(data / "config")
    with pytest.raises(Invalid):
        open_copy_directory(name, data)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_we_may_not_write_may_not(copies: Path, data: Path) -> None:
    copies.chmod(0o555)
    assert why_not(copies, data) == "Streamstead's account may not write there"
    copies.chmod(0o755)


def test_no_descriptor_is_left_open(copies: Path, data: Path) -> None:
    (copies / "link").symlink_to(data)
    before = len(os.listdir("/proc/self/fd"))
    for name in (str(copies), str(copies / "link"), str(copies / "absent"), str(data)):
        for _ in range(3):
            try:
                check_copy_directory(name, data)
            except Invalid:
                continue
    assert len(os.listdir("/proc/self/fd")) == before
