"""Single steps of bootstrap, called as shell functions; only the package tools are stood in for."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("progress", "check-machine", "install-packages", "build-release", "build-page")


def shell(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script after the steps have been sourced, as bootstrap does."""
    sourced = "".join(f'. "$ROOT/auto/{part}.sh"\n' for part in PARTS)
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\nPROGRAM=test\n{sourced}\n{script}"],
        env={"PATH": os.environ["PATH"], "ROOT": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def os_release(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "os-release"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian"),
        ('ID=debian\nVERSION_ID="13"\n', "debian"),
        ('ID=ubuntu\nVERSION_ID="22.04"\nID_LIKE=debian\n', "ubuntu"),
        ("ID=ubuntu\nVERSION_ID='24.04'\n", "ubuntu"),
        ('ID="rocky"\nVERSION_ID="9.4"\nID_LIKE="rhel centos fedora"\n', "rhel"),
        ('ID="eurolinux"\nVERSION_ID="9.1"\nID_LIKE="rhel fedora"\n', "rhel"),
    ],
)
def test_known_distributions_are_taken(tmp_path: Path, text: str, family: str) -> None:
    done = shell(f'check_distribution {os_release(tmp_path, text)}; echo "$DISTRO"')
    assert done.stdout.splitlines()[-1] == family


@pytest.mark.parametrize(
    "text",
    [
        'ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n',
        'ID=rocky\nVERSION_ID="8.9"\nID_LIKE="rhel"\n',
        'ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME="Alpine Linux v3.20"\n',
        "",
    ],
)
def test_another_distribution_is_refused_with_a_reason_and_an_advice(
    tmp_path: Path, text: str
) -> None:
    done = shell(f"check_distribution {os_release(tmp_path, text)}")
    assert done.returncode != 0
    reason, advice = done.stderr.splitlines()
    assert reason.startswith("Reason: this system (")
    assert "Debian 12 or 13" in advice


@pytest.mark.parametrize("data", ["/", "/etc", "/usr/local", "/srv/with space", "/srv/" + "x" * 90])
def test_a_data_directory_that_cannot_work_is_refused(data: str) -> None:
    done = shell("check_data_path", DATA=data)
    assert done.returncode != 0
    assert "Advice: " in done.stderr


def test_too_little_room_is_told_with_figures(tmp_path: Path) -> None:
    done = shell("check_disk 999999999", DATA=str(tmp_path / "not" / "there"))
    assert done.returncode != 0
    assert f"Reason: {tmp_path} has " in done.stderr
    assert "999999999 MB are needed" in done.stderr


def test_a_held_package_lock_is_waited_for_then_its_holder_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with lock.open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        done = shell(
            f"LOCK_FILES={lock}; wait_for_apt",
            LOCK_WAIT_S="1",
        )
    assert done.returncode != 0
    assert f"(pid {os.getpid()}) for 1 s." in done.stderr
    assert "--lock-wait S" in done.stderr


def test_a_free_package_lock_costs_no_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.touch()
    assert shell(f"LOCK_FILES={lock}; wait_for_apt", LOCK_WAIT_S="0").returncode == 0


def stand_in(tmp_path: Path, says: str, status: int) -> str:
    """Put an apt-get first on PATH that fails as a real one does."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program = tools / "apt-get"
    program.write_text(f"#!/bin/sh\necho {says!r}\nexit {status}\n")
    program.chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("E: Temporary failure resolving 'deb.example.org'", "no network, or no name service"),
        ("E: Unable to locate package python3.11", "package sources do not offer"),
        ("E: Could not get lock /var/lib/dpkg/lock", "in use by another program"),
        ("E: Broken packages", "apt could not install: nginx"),
    ],
)
def test_a_failing_installation_is_explained(tmp_path: Path, says: str, reason: str) -> None:
    log = tmp_path / "log"
    done = shell(
        f"""
        TO_QUIET={tmp_path}/to-quiet POLICY={tmp_path}/policy-rc.d LOCK_FILES=
        quiet_services() {{ :; }}
        watch_exit; begin_log {log}; MISSING=(nginx); LOCK_WAIT_S=0
        install_by_apt
        """,
        PATH=stand_in(tmp_path, says, 100),
    )
    assert done.returncode != 0
    assert reason in done.stderr
    assert not (tmp_path / "policy-rc.d").exists()


def test_the_guard_forbids_nginx_and_redis_only_and_the_owners_policy_comes_back(
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 42\n")
    policy.chmod(0o755)
    done = shell(
        f"""
        POLICY={policy} POLICY_SAVED={policy}.saved
        write_policy
        for unit in nginx redis-server.service cron; do
          status=0; "$POLICY" "$unit" start || status=$?; echo "$unit $status"
        done
        remove_policy
        """
    )
    assert done.stdout.splitlines() == ["nginx 101", "redis-server.service 101", "cron 42"]
    assert policy.read_text() == "#!/bin/sh\nexit 42\n"
    assert not Path(f"{policy}.saved").exists()


def test_old_releases_go_but_never_one_that_a_process_runs_from(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    for age, name in enumerate(["e", "d", "c", "b", "a"]):
        (releases / name).mkdir(parents=True)
        (releases / name / "complete").touch()
        os.utime(releases / name / "complete", (2000 - age, 2000 - age))
    script = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        ["python3", "-c", script, f"{releases}/a/venv"], stdin=subprocess.PIPE
    ) as runs:
        done = shell(
            f"prune_releases; ls -1 {releases}",
            DATA=str(tmp_path),
            RELEASE=str(releases / "e"),
        )
        runs.kill()
    assert done.stdout.split() == ["a", "c", "d", "e"], done.stderr


def test_a_step_that_fails_unforeseen_still_gives_a_reason_and_an_advice(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = shell(f'watch_exit; begin_log {log}; step "Try this" false')
    assert done.returncode == 1
    assert 'Reason: the step "Try this" ended with status 1' in done.stderr
    assert "Advice: read the end of" in done.stderr


@pytest.mark.parametrize(
    ("line", "network"),
    [
        ("Err:1 Could not resolve 'packages.example.org'", True),
        ("curl: (6) Could not resolve host: files.example", True),
        ("npm error code ENOTFOUND", True),
        ("Could not resolve '../../components/card' in src/app/page.tsx", False),
        ("Could not resolve 'react' in src/main.tsx", False),
    ],
)
def test_only_a_name_that_is_not_found_is_a_missing_network(line: str, network: bool) -> None:
    done = shell('printf "%s\\n" "$LINE" | looks_like_no_network && echo yes || echo no', LINE=line)
    assert done.stdout.strip() == ("yes" if network else "no")
