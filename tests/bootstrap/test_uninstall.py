"""Taking Streamstead off a machine again: the program goes, what people made stays."""

import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

KEPT = ("config/.env", "config/master.key", "record/one/index.mp4", "redis/appendonly.aof")
GONE = ("releases/1/venv/bin/streamstead", "run/mgmt.sock", "html/live/cam.ts")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A data directory as a stopped or running house leaves it; its program notes that it ran."""
    data = tmp_path / "data"
    for name in (*KEPT, *GONE):
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    (data / "config/.env").write_text("STREAMSTEAD_API_SECRET=x\nSTREAMSTEAD_USER=nobody\n")
    program = data / "releases/1/venv/bin/streamstead"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\n')
    program.chmod(0o755)
    (data / "current").symlink_to("releases/1")
    units = tmp_path / "units"
    units.mkdir()
    (units / "streamstead.service").write_text(f"ExecStart=x serve mgmt --data {data}\n")
    # Of another house: it keeps the machine tuned, too.
    (units / "streamstead-other.service").write_text("ExecStart=x serve mgmt --data /srv/other\n")
    (tmp_path / "command").symlink_to(data / "current/venv/bin/streamstead")
    return data


def uninstall(data: Path, *options: str, say: str = "") -> subprocess.CompletedProcess[str]:
    home = data.parent
    return subprocess.run(
        [str(ROOT / "uninstall"), "--data", str(data), *options],
        input=say,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "UNIT_DIR": f"{home}/units",
            "LINK": f"{home}/command",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_program_is_stopped_and_removed_and_the_data_stay(house: Path) -> None:
    done = uninstall(house, say="y\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (house.parent / "asked").read_text().split() == ["stop", "--data", str(house)]
    assert [name for name in KEPT if not (house / name).exists()] == []
    assert [name for name in GONE if (house / name).exists()] == []
    left = sorted(one.name for one in (house.parent / "units").iterdir())
    assert left == ["streamstead-other.service"]
    assert not (house.parent / "command").is_symlink()
    assert "goes on with it" in done.stdout


@pytest.mark.parametrize("say", ["", "n\n", "purge\n"])
def test_nothing_is_removed_without_a_yes(house: Path, say: str) -> None:
    done = uninstall(house, say=say)
    assert done.returncode != 0
    assert "nothing was removed" in done.stderr
    assert not (house.parent / "asked").exists()
    assert (house / "releases/1").exists()


def test_everything_goes_only_when_the_word_is_typed(house: Path) -> None:
    assert uninstall(house, "--purge", say="yes\n").returncode != 0
    assert (house / "record/one/index.mp4").exists()
    done = uninstall(house, "--purge", say="purge\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not house.exists()


def test_a_directory_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    done = uninstall(tmp_path, "--purge", "--yes")
    assert done.returncode != 0
    assert "holds no Streamstead" in done.stderr
    assert (tmp_path / "precious").exists()


def test_a_house_that_cannot_be_stopped_is_not_removed(house: Path) -> None:
    (house / "releases/1/venv/bin/streamstead").write_text("#!/bin/sh\nexit 1\n")
    done = uninstall(house, "--yes")
    assert done.returncode != 0
    assert "could not be stopped" in done.stderr
    assert (house / "releases/1").exists()
