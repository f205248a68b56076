"""Which ports are looked at before anything is started, and what is said of taken ones."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from subprocess import PIPE

import pytest

from streamstead.core.settings import read_env_file

from ..conftest import free_port

SCRIPT = Path(__file__).parents[2] / "auto/check_ports.py"
NAMES = (
    *("http", "rtmp", "rtc", "srt", "platform", "hooks", "recorder", "ffmpeg", "srs_api"),
    *("srs_http", "engine_notify", "engine_stat", "srs_exporter", "prometheus", "node_exporter"),
    "rtmps",
)
SECRETS = ("API_SECRET", "HOOK_SECRET", "REDIS_PASSWORD")

Check = Callable[[], tuple[int, str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("mgmt", "config"):
        (tmp_path / folder).mkdir()
    ports = {f"{name.upper()}_PORT": free_port() for name in NAMES}
    values = ports | {"WEB_HTTP_PORT": 0, "WEB_HTTPS_PORT": 0} | dict.fromkeys(SECRETS, "x" * 32)
    lines = [f"STREAMSTEAD_{name}={value}\n" for name, value in values.items()]
    (tmp_path / "config/.env").write_text("".join(lines))
    return tmp_path


@pytest.fixture
def check(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Return what runs the step, and tells its status and what it printed."""
    spec = spec_from_file_location("check_ports", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "check_ports", script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--data", str(data)])

    def run() -> tuple[int, str]:
        status: int = script.main()
        return status, capsys.readouterr().out

    return run


def port_of(data: Path, name: str) -> int:
    ports = read_env_file(data / "config/.env")
    return int(ports[f"STREAMSTEAD_{name}_PORT"])


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Some other program, which stays what it is whatever we start, has the port."""
    holder = "import socket,sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
    holder += "print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(port)], stdin=PIPE, stdout=PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield
        child.communicate()


@pytest.mark.parametrize("name", ["PROMETHEUS", "NODE_EXPORTER"])
def test_a_port_of_monitoring_that_is_taken_is_named_and_stops_nothing(
    data: Path, check: Check, name: str
) -> None:
    port = port_of(data, name)
    with taken(port):
        status, said = check()
    assert status == 0
    assert said.startswith(f"note: port {port}/tcp ({name.lower()}_port) is taken by python")
    assert said.endswith(f": not used; STREAMSTEAD_{name}_PORT chooses another\n")


def test_nobody_asks_for_the_port_of_what_is_switched_off(data: Path, check: Check) -> None:
    (data / "mgmt/programs.json").write_text('{"enabled": {"prometheus": false}}')
    with taken(port_of(data, "PROMETHEUS")), taken(port_of(data, "RTMPS")):
        assert check() == (0, "")


def test_without_monitoring_its_ports_are_of_no_interest(data: Path, check: Check) -> None:
    with (data / "config/.env").open("a") as file:
        file.write("STREAMSTEAD_MONITORING=off\n")
    with taken(port_of(data, "NODE_EXPORTER")):
        assert check() == (0, "")


def test_the_port_of_rtmps_is_needed_once_it_is_on(data: Path, check: Check) -> None:
    (data / "mgmt/front.json").write_text('{"rtmps": true}')
    port = port_of(data, "RTMPS")
    with taken(port):
        status, said = check()
    assert status == 1
    reason, advice = said.splitlines()
    assert reason.startswith(f"port {port}/tcp (rtmps_port) is taken by python")
    assert "STREAMSTEAD_RTMPS_PORT=N" in advice
