"""The settings file that bootstrap makes and mends."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRETS = {"STREAMSTEAD_API_SECRET", "STREAMSTEAD_HOOK_SECRET", "STREAMSTEAD_REDIS_PASSWORD"}


def write_env(data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    me = pwd.getpwuid(os.geteuid()).pw_name
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("STREAMSTEAD_")}
    return subprocess.run(
        [sys.executable, "-B", ROOT / "auto" / "write_env.py", "--data", data, "--user", me],
        env={**inherited, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def env_file(data_dir: Path) -> Path:
    return data_dir / "config" / ".env"


def values(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and not name.startswith("#"):
            found[name] = value
    return found


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_first_run_makes_random_secrets_that_nobody_else_reads(
    data_dir: Path, env_file: Path
) -> None:
    done = write_env(data_dir)
    assert set(done.stdout.split()) == SECRETS
    # The services read it as a group; root alone writes it.
    assert mode_of(env_file) == (0o640 if os.geteuid() == 0 else 0o600)
    made = values(env_file)
    assert made["STREAMSTEAD_API_SECRET"].startswith("srs-v2-")
    assert len(made["STREAMSTEAD_API_SECRET"]) == len("srs-v2-") + 32
    assert not any(value in done.stdout + done.stderr for value in made.values())


def test_a_second_run_changes_nothing(data_dir: Path, env_file: Path) -> None:
    write_env(data_dir, STREAMSTEAD_RTMP_PORT="21935")
    before = env_file.read_text()
    assert write_env(data_dir).stdout == ""
    assert env_file.read_text() == before


def test_variables_change_single_lines_and_leave_comments_and_order(
    data_dir: Path, env_file: Path
) -> None:
    write_env(data_dir)
    text = "# mine\nSTREAMSTEAD_RTMP_PORT=1935\nOTHER=1\n" + env_file.read_text()
    env_file.write_text(text)
    done = write_env(data_dir, STREAMSTEAD_RTMP_PORT="21935")
    assert done.stdout == "STREAMSTEAD_RTMP_PORT\n"
    assert env_file.read_text() == text.replace("1935\n", "21935\n", 1)


def test_a_lost_secret_is_made_anew_and_the_others_stay(data_dir: Path, env_file: Path) -> None:
    write_env(data_dir)
    before = values(env_file)
    lines = env_file.read_text().splitlines(keepends=True)
    env_file.write_text("".join(line for line in lines if "HOOK_SECRET" not in line))
    assert write_env(data_dir).stdout == "STREAMSTEAD_HOOK_SECRET\n"
    after = values(env_file)
    assert {k for k in before if before[k] != after[k]} == {"STREAMSTEAD_HOOK_SECRET"}


@pytest.mark.parametrize("broken", [b"topsecret without a sign", b"\xff\xfe\x00topsecret"])
def test_a_broken_line_is_named_by_its_number_and_what_can_be_read_is_kept(
    data_dir: Path, env_file: Path, broken: bytes
) -> None:
    write_env(data_dir)
    before = values(env_file)
    env_file.write_bytes(env_file.read_bytes() + broken + b"\n")
    done = write_env(data_dir)
    assert done.returncode == 1
    reason, _advice = done.stdout.splitlines()
    assert f"line {len(before) + 2} is not NAME=value" in reason
    assert "topsecret" not in done.stdout + done.stderr
    assert values(env_file) == before
    (aside,) = env_file.parent.glob(".env.broken-*")
    assert broken in aside.read_bytes()
    assert aside.stat().st_mode & 0o777 == 0o600
    assert write_env(data_dir).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"), [("RTMP_PORT", "many"), ("RTMP_PORT", "70000"), ("COLOUR", "blue")]
)
def test_a_setting_that_cannot_be_used_is_refused_and_not_written(
    data_dir: Path, env_file: Path, name: str, value: str
) -> None:
    write_env(data_dir)
    before = env_file.read_text()
    done = write_env(data_dir, **{f"STREAMSTEAD_{name}": value})
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith(f"STREAMSTEAD_{name}: ")
    assert env_file.read_text() == before
