"""./bootstrap and ./upgrade as an operator runs them, on this machine, in scratch directories."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from ..conftest import free_port
from .conftest import Site, ending

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
SICK_AFTER_S = "30"


def release_of(site: Site) -> Path:
    return (site.data / "current").resolve()


def test_a_build_leaves_nothing_behind_in_the_checkout(built: Site) -> None:
    for left in ("build", "auto/__pycache__", "ui/dist", "ui/node_modules"):
        assert not (built.checkout / left).exists()
    assert (built.data / "current" / "ui" / "dist" / "index.html").is_file()


def test_the_program_and_the_settings_belong_to_root_and_services_read_them(built: Site) -> None:
    assert (built.data / "current" / "venv" / "bin" / "streamstead").stat().st_uid == 0
    assert built.data.stat().st_uid == 0
    facts = built.env_file.stat()
    assert (facts.st_uid, facts.st_mode & 0o777) == (0, 0o640)
    assert facts.st_gid != 0


def test_a_file_in_the_way_of_the_data_directory_is_told(site: Site) -> None:
    site.data.write_text("")
    reason, advice = ending(site.run("--no-start"))
    assert reason.startswith(f"{site.data} cannot be made")
    assert "--data" in advice


def test_a_directory_that_the_service_cannot_reach_is_told(site: Site) -> None:
    closed = site.data.parent / "closed"
    closed.mkdir(mode=0o700)
    site.data = closed / "data"
    reason, advice = ending(site.run("--no-start"))
    assert f"{closed} is closed to the user" in reason
    assert f"chmod o+x {closed}" in advice


def test_a_taken_port_is_told_with_its_holder_and_nothing_is_started(built: Site) -> None:
    with socket.create_server(("0.0.0.0", int(built.env["STREAMSTEAD_RTMP_PORT"]))) as _taken:
        reason, advice = ending(built.run())
    assert f"port {built.env['STREAMSTEAD_RTMP_PORT']}/tcp (rtmp_port) is taken by " in reason
    assert f"(pid {os.getpid()})" in reason
    assert "STREAMSTEAD_RTMP_PORT=N" in advice
    assert built.programs() == {}


def test_a_broken_settings_file_is_told_without_its_content(built: Site) -> None:
    whole = built.env_file.read_text()
    built.env_file.write_text(whole + "hunter2 hunter2\n")
    done = built.run("--no-start")
    reason, _ = ending(done)
    assert "is not NAME=value" in reason
    log = (built.data / "logs" / "bootstrap.log").read_text()
    assert "hunter2" not in done.stdout + done.stderr + log
    assert built.env_file.read_text() == whole
    assert built.run("--no-start").returncode == 0


def test_docker_that_refuses_is_told(built: Site) -> None:
    folder = Path(tempfile.mkdtemp(prefix="ssd-"))
    address = f"unix://{folder}/docker.sock"
    try:
        done = built.run("--runtime", "docker", STREAMSTEAD_DOCKER_HOST=address)
    finally:
        folder.rmdir()
    reason, advice = ending(done)
    assert f"no Docker Engine answers at {address}" in reason
    assert "--runtime process" in advice
    assert built.programs() == {}


def test_two_at_once_do_not_meet(built: Site) -> None:
    lock = built.data / "releases" / ".lock"
    with subprocess.Popen(["flock", lock, "sleep", "60"], start_new_session=True) as holder:
        while subprocess.run(["flock", "-n", lock, "true"], check=False).returncode == 0:
            time.sleep(0.02)
        reason, _ = ending(built.run("--no-start"))
        os.killpg(holder.pid, signal.SIGKILL)
    assert reason.startswith("another bootstrap or upgrade is at work")


def test_a_killed_run_is_taken_up_again(built: Site) -> None:
    assert (release_of(built) / "complete").exists()
    assert not (built.data / "releases" / ".building").exists()


def test_a_release_that_is_not_complete_is_built_again(built: Site) -> None:
    release, other = release_of(built), built.checkout / "core" / "other.py"
    other.write_text('"""Nothing but a reason for a release whose packages can be taken."""\n')
    beside = built.run("--no-start")
    assert beside.returncode == 0, beside.stdout + beside.stderr
    assert release_of(built) != release
    other.unlink()
    (release / "complete").unlink()
    (release / "half").touch()
    done = built.run("--no-start")
    assert done.returncode == 0, done.stdout + done.stderr
    assert release_of(built) == release
    assert (release / "complete").exists()
    assert not (release / "half").exists()


def test_in_front_it_stops_everything_on_ctrl_c(built: Site) -> None:
    with subprocess.Popen(
        built.command("--foreground"),
        env=built.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        shown = ""
        for line in run.stdout:
            shown += line
            if "Stop  " in line:
                break
        assert "#code=" in shown
        os.killpg(run.pid, signal.SIGINT)
        rest = run.stdout.read()
        assert run.wait(120) == 0
    assert "Streamstead has stopped." in rest
    assert built.programs() == {}
    assert "service.stopping" in (built.data / "logs/mgmt.log").read_text()


def test_a_service_that_cannot_start_is_named_and_nothing_is_left_running(built: Site) -> None:
    # The front is checked by nginx itself before it starts, and this is no nginx file.
    template = release_of(built) / "containers" / "nginx" / "nginx.conf.j2"
    good = template.read_text()
    template.write_text("not nginx\n")
    try:
        reason, advice = ending(built.run("--healthy-wait", SICK_AFTER_S))
    finally:
        template.write_text(good)
    assert "front is " in reason
    assert "front.log" in advice
    assert built.programs() == {}


def media_pids(site: Site) -> set[int]:
    return {pid for pid, line in site.programs().items() if "serve engine" in line}


def test_run_again_upgrade_and_go_back(built: Site) -> None:
    first = built.run()
    assert first.returncode == 0, first.stdout + first.stderr
    media = media_pids(built)
    assert media

    running, before = set(built.programs()), release_of(built)
    began = time.monotonic()
    again = built.run()
    print(f"run again: {time.monotonic() - began:.1f} s")
    assert again.returncode == 0, again.stdout + again.stderr
    assert release_of(built) == before
    assert running <= set(built.programs())

    (built.checkout / "hooks" / "added.py").write_text(
        '"""Nothing but a reason for a new release."""\n'
    )
    good = built.run(program="upgrade")
    assert good.returncode == 0, good.stdout + good.stderr
    upgraded = release_of(built)
    assert upgraded != before
    assert media_pids(built) == media

    healthy = built.checkout / "hooks" / "main.py"
    code = healthy.read_text()
    healthy.write_text("raise SystemExit('sick on purpose')\n")
    bad = built.run("--healthy-wait", SICK_AFTER_S, program="upgrade")
    healthy.write_text(code)
    reason, _ = ending(bad)
    assert "hooks is " in reason
    assert f"{upgraded.name} runs again" in bad.stdout
    assert release_of(built) == upgraded
    assert media_pids(built) == media


def test_upgrade_of_nothing_says_what_to_do(site: Site) -> None:
    reason, advice = ending(site.run(program="upgrade"))
    assert reason == f"nothing is installed in {site.data}."
    assert advice == f"install it: ./bootstrap --data {site.data}"


def test_another_port_by_option_is_kept_and_used(built: Site) -> None:
    port = free_port()
    done = built.run("--http-port", str(port), STREAMSTEAD_HTTP_PORT="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f":{port}/mgmt/" in done.stdout
    assert f"STREAMSTEAD_HTTP_PORT={port}" in built.env_file.read_text()
