"""The commands, by their own entry: what they print, and their exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamstead.core.settings import Settings
from streamstead.core.version import VERSION
from streamstead.mgmt.cli import lifecycle
from streamstead.mgmt.cli.main import main

ENV = """\
STREAMSTEAD_API_SECRET=api-secret
STREAMSTEAD_HOOK_SECRET=hook-secret
STREAMSTEAD_REDIS_PASSWORD=redis-password
STREAMSTEAD_RUNTIME=process
STREAMSTEAD_CANDIDATE=192.0.2.7
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("STREAMSTEAD_"):
            monkeypatch.delenv(name)
    for name in ("config", "run", "logs"):
        (tmp_path / name).mkdir()
    (tmp_path / "config" / ".env").write_text(ENV)
    return tmp_path


Captured = pytest.CaptureFixture[str]


def test_version_is_printed(capsys: Captured) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["serve"], 2),
        (["serve", "--bogus"], 2),
        (["serve", "hooks", "--data"], 2),
        (["nonsense"], 2),
        (["status", "--bogus"], 2),
        (["logs", "mgmt", "--lines", "0"], 2),
    ],
)
def test_wrong_use_is_status_2_with_the_way_out(
    capsys: Captured, words: list[str], status: int
) -> None:
    assert main(words) == status
    assert "streamstead" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["serve", "hooks"], ["status"], ["start"], ["key"]])
def test_without_settings_there_is_a_reason_and_an_advice(
    capsys: Captured, tmp_path: Path, words: list[str]
) -> None:
    status = main([*words, "--data", str(tmp_path)])
    assert status == (78 if words[0] == "serve" else 1)
    reason, advice = capsys.readouterr().err.splitlines()
    assert ".env does not exist" in reason
    assert "./bootstrap" in advice


def test_serve_names_the_services_when_it_knows_none_of_that_name(
    capsys: Captured, data: Path
) -> None:
    assert main(["serve", "nobody", "--data", str(data)]) == 78
    assert "platform" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["status"], ["restart", "front"], ["streams"], ["kick", "live/a"], ["demo", "on"]]
)
def test_when_nothing_runs_it_says_how_to_start(
    capsys: Captured, data: Path, words: list[str]
) -> None:
    assert main([*words, "--data", str(data)]) == 1
    reason, advice = capsys.readouterr().err.splitlines()
    assert reason
    assert "streamstead start" in advice


@pytest.mark.parametrize("words", [["kick", "livestream"], ["demo", "maybe"], ["logs", "nobody"]])
def test_a_wrong_name_is_explained(capsys: Captured, data: Path, words: list[str]) -> None:
    assert main([*words, "--data", str(data)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_the_setup_address_carries_the_code_in_its_fragment(capsys: Captured, data: Path) -> None:
    (data / "config" / "setup-code").write_text("abcd1234\n")
    assert main(["setup-code", "--data", str(data)]) == 0
    assert capsys.readouterr().out == "http://192.0.2.7:2022/mgmt/setup#code=abcd1234\n"
    assert main(["setup-code", "--raw", "--data", str(data)]) == 0
    assert capsys.readouterr().out == "abcd1234\n"


def test_without_a_setup_code_it_says_why(capsys: Captured, data: Path) -> None:
    assert main(["setup-code", "--data", str(data)]) == 1
    assert "a password is set" in capsys.readouterr().err


def test_logs_come_from_the_file_when_nothing_runs(capsys: Captured, data: Path) -> None:
    lines = "".join(f"line {n}\n" for n in range(9)) + "rtmp://h/a?secret=hidden [bold]\n"
    (data / "logs" / "mgmt.log").write_text(lines)
    assert main(["logs", "mgmt", "-n", "2", "--data", str(data)]) == 0
    assert capsys.readouterr().out == (
        "mgmt info: line 8\nmgmt info: rtmp://h/a?secret=*** [bold]\n"
    )


def test_the_decision_is_printed_and_kept(capsys: Captured, data: Path) -> None:
    words = ["decide-runtime", "--again", "--json", "--data", str(data)]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["runtime"] == "process"
    assert json.loads((data / "config" / "runtime.json").read_text())["media_server"] == "embedded"


def test_a_wrong_setting_is_named(capsys: Captured, data: Path) -> None:
    (data / "config" / ".env").write_text(ENV + "STREAMSTEAD_HTTP_PORT=0\n")
    assert main(["status", "--data", str(data)]) == 1
    assert "STREAMSTEAD_HTTP_PORT" in capsys.readouterr().err


def test_doctor_finds_that_nothing_runs(capsys: Captured, data: Path) -> None:
    assert main(["doctor", "--data", str(data)]) == 1
    said = capsys.readouterr().out
    assert "Disk space" in said
    assert "does not run" in said


def test_stop_of_what_does_not_run_is_fine(capsys: Captured, data: Path) -> None:
    env = ENV + (
        "STREAMSTEAD_USER=nobody\nSTREAMSTEAD_WEB_USER=daemon\n" if os.geteuid() == 0 else ""
    )
    (data / "config" / ".env").write_text(env)
    assert main(["stop", "--data", str(data)]) == 0
    assert capsys.readouterr().out == "was not running\n"


def test_serve_carries_none_of_the_cli_s_libraries() -> None:
    code = (
        "import sys; from streamstead.mgmt.cli.main import main; main(['serve', '--help']);"
        "import streamstead.mgmt.main;"
        "print([m for m in ('typer', 'docker', 'redis', 'cryptography') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd="/"
    )
    assert done.stdout.splitlines()[-1] == "[]"


def job(monkeypatch: pytest.MonkeyPatch, line: str) -> list[str]:
    """Pretend that systemd has this job; return what was done."""
    done: list[str] = []

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 0, line, "")

    monkeypatch.setattr(lifecycle.subprocess, "run", run)
    monkeypatch.setattr(lifecycle, "stop_directly", lambda _: done.append("stopped") or "stopped")
    return done


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("123 streamstead.service stop running\n", ["stopped"]),
        ("123 streamstead.service restart running\n", []),
        ("", []),
    ],
)
def test_systemd_stops_everything_only_when_it_stops_for_good(
    monkeypatch: pytest.MonkeyPatch, data: Path, line: str, expected: list[str]
) -> None:
    done = job(monkeypatch, line)
    lifecycle.stop_for_unit(Settings.load(data, {}), "streamstead.service")
    assert done == expected
