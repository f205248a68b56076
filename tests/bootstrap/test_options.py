"""What bootstrap and upgrade say before they touch anything."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def call(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / program), *options], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("program", ["bootstrap", "upgrade"])
def test_help_names_the_options_and_needs_no_root(program: str) -> None:
    done = call(program, "--help")
    assert done.returncode == 0
    assert "--data DIR" in done.stdout
    assert done.stderr == ""


def test_help_of_upgrade_says_what_it_cannot_do_yet() -> None:
    assert "signature" in call("upgrade", "--help").stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--colour"], "there is no option --colour."),
        (["--data"], "--data needs a value."),
        (["--runtime", "vm"], "--runtime is auto, docker or process."),
        (["--http-port", "0"], "--http-port is a number from 1 to 65535."),
        (["--http-port=99999"], "--http-port is a number from 1 to 65535."),
        (["--lock-wait", "soon"], "--lock-wait is a number of seconds."),
        (["--no-start", "--demo"], "--no-start does not go with --foreground or --demo."),
        (["--restore"], "--restore needs a value."),
        (["--passphrase-file", "x"], "--passphrase-file goes with --restore."),
    ],
)
def test_a_wrong_option_is_named_and_usage_follows(options: list[str], reason: str) -> None:
    done = call("bootstrap", *options)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"Reason: {reason}"
    assert "Usage: ./bootstrap" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_root_and_without_sudo_it_says_so(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "id", "realpath", "env", "date"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    copy = tmp_path / "checkout"
    subprocess.run(["cp", "-r", ROOT / "auto", ROOT / "bootstrap", "-t", make(copy)], check=True)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_mode & 0o005 != 0o005:
            if not path.is_relative_to(tmp_path.parent.parent):
                pytest.skip(f"{path} is closed to other accounts")
            path.chmod(0o755)
    done = subprocess.run(
        [copy / "bootstrap"],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.splitlines()[-2].endswith("needs root, and there is no sudo.")
    assert done.stderr.splitlines()[-1] == "Advice: run it as root: su -c ./bootstrap"


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="bootstrap works on the machine as root")
def test_a_restore_that_cannot_be_is_told_before_anything_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = call("bootstrap", "--data", str(data), "--restore", str(tmp_path / "nothing"))
    assert done.returncode == 3
    assert f"there is no file {tmp_path / 'nothing'}" in done.stdout + done.stderr
    assert not data.exists()
    backup = tmp_path / "house.ssbackup"
    backup.write_bytes(b"")
    (data / "config").mkdir(parents=True)
    (data / "config/.env").write_text("A=b\n")
    done = call("bootstrap", "--data", str(data), "--restore", str(backup))
    assert done.returncode == 3
    assert "holds a house already" in done.stdout + done.stderr
    assert sorted(path.name for path in data.iterdir()) == ["config"]
