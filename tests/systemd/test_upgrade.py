"""A machine with systemd: installed from an archive without a network, upgraded while somebody is
live, gone back from a broken release, cut off from its power, started again.

The tests are one story, in this order.
"""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from .conftest import SHELF, Publisher, wheels
from .machine import Machine

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]

UNIT = "streamstead.service"
DATA = "/var/lib/streamstead"
PASSWORD = "correct-horse-battery"
FLV = "http://127.0.0.1:2022/live/cam.flv"
REPORT = "/root/viewer.json"


def break_hooks(tree: Path) -> None:
    (tree / "hooks" / "main.py").write_text("raise SystemExit('sick on purpose')\n")


@pytest.fixture(scope="module")
def installed(machine: Machine, publisher: Publisher) -> Machine:
    """Bootstrap from an archive that brings its packages along; publish the next ones."""
    first = publisher.release("0.1.0", lambda _tree: None, "--wheels-from", str(wheels()))
    machine.copy(first, "/root/first.tar.gz")
    publisher.release("0.1.1")
    publisher.release("0.1.2", break_hooks)
    publisher.release("0.1.3")
    first.unlink()
    publisher.publish(machine)
    machine.must("tar", "-C", "/root", "-xf", "/root/first.tar.gz")
    words = ("--runtime", "process", "--healthy-wait", "300")
    machine.must("/root/streamstead-0.1.0/bootstrap", *words, timeout_s=900)
    machine.must("sh", "-c", f"echo {PASSWORD} | streamstead password --password-file -")
    place = {"url": f"{SHELF}/index.json", "keys": [publisher.public]}
    machine.api("mgmt/upgrade/settings/update", **place, password=PASSWORD)
    return machine


def upgrade_to(machine: Machine, version: str) -> dict[str, Any]:
    """Do what the button of the page does; return the run when it has ended."""
    begun = machine.api("mgmt/upgrade", version=version)
    return wait_ended(machine, begun["id"])


def wait_ended(machine: Machine, run: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def ended() -> bool:
        done = machine.run("cat", f"{DATA}/upgrade/last.json")
        if done.returncode == 0:
            found.update(json.loads(done.stdout))
        running = machine.run("test", "-e", f"{DATA}/upgrade/run.json").returncode == 0
        return found.get("id") == run and not running

    machine.wait(ended, f"the run {run} has ended", 400)
    return found


def last(machine: Machine) -> dict[str, Any]:
    return dict(json.loads(machine.must("cat", f"{DATA}/upgrade/last.json")))


def media(machine: Machine) -> int:
    services = machine.api("mgmt/status")["services"]
    return next(int(one["pid"]) for one in services if one["name"] == "media")


def version(machine: Machine) -> str:
    return str(machine.api("mgmt/status")["version"])


def is_well(machine: Machine) -> bool:
    done = machine.run("streamstead", "status", "--wait", "60")
    return done.returncode == 0 and machine.run("systemctl", "is-active", UNIT).returncode == 0


def go_live(machine: Machine) -> None:
    secret = machine.api("hooks/srs/secret/query")["publish"]
    url = shlex.quote(f"rtmp://127.0.0.1/live/cam?secret={secret}")
    machine.start(
        "sh",
        "-c",
        "ffmpeg -hide_banner -loglevel error -nostdin -re -f lavfi -i testsrc2=size=320x180:rate=25"
        " -f lavfi -i sine -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac"
        f" -f flv {url} 2>/root/publisher.log; echo ended >>/root/publisher.log",
    )
    machine.copy(Path(__file__).parent / "flv_viewer.py", "/root/flv_viewer.py")
    live = "import json,urllib.request as u; d=json.load(u.urlopen('http://127.0.0.1:1985/api/v1"
    live += "/streams/')); assert d['streams'][0]['publish']['active']"
    machine.wait(lambda: machine.run("python3", "-c", live).returncode == 0, "it is live")
    machine.start("python3", "/root/flv_viewer.py", FLV, REPORT)
    machine.wait(lambda: seen(machine)["tags"] > 0, "the viewer sees something")


def seen(machine: Machine) -> dict[str, Any]:
    done = machine.run("cat", REPORT)
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"tags": 0}


def assert_nothing_was_cut(machine: Machine, before: dict[str, Any]) -> None:
    found = seen(machine)
    said = machine.run("cat", "/root/publisher.log").stdout
    assert said == "", said
    assert not found["ended"], found
    assert found["last"] > before["last"]
    assert found["step"] <= 200, found  # the media itself lacks nothing: 25 pictures a second
    assert found["silence"] <= 2000, found  # of the clock, on a machine that builds at that time
    print(f"viewer: {found}")


def test_it_is_installed_and_run_by_systemd(installed: Machine) -> None:
    assert installed.must("systemctl", "is-active", UNIT).strip() == "active"
    assert installed.must("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert version(installed) == "0.1.0"
    done = installed.run("systemd-analyze", "verify", f"/etc/systemd/system/{UNIT}")
    ours = [line for line in done.stderr.splitlines() if "streamstead" in line]
    assert (done.returncode, ours) == (0, [])


def test_a_signed_release_while_live_is_noticed_by_nobody(installed: Machine) -> None:
    go_live(installed)
    process, before = media(installed), seen(installed)
    run = upgrade_to(installed, "0.1.1")
    assert run["result"] == "done", run["error"]
    assert version(installed) == "0.1.1"
    assert media(installed) == process
    installed.wait(lambda: seen(installed)["last"] > before["last"] + 5000, "the film goes on")
    assert_nothing_was_cut(installed, before)
    assert installed.must("systemctl", "is-active", UNIT).strip() == "active"


def test_a_broken_release_is_gone_back_from_while_live(installed: Machine) -> None:
    process, before = media(installed), seen(installed)
    words = ("--version", "0.1.2", "--healthy-wait", "30")
    done = installed.run("streamstead", "upgrade", *words)
    assert done.returncode == 1
    assert "hooks is " in done.stderr
    assert last(installed)["result"] == "rolled_back", done.stdout + done.stderr
    assert version(installed) == "0.1.1"
    assert is_well(installed)
    assert media(installed) == process
    assert_nothing_was_cut(installed, before)


def test_a_release_of_a_stranger_is_not_even_unpacked(installed: Machine) -> None:
    archive = f"{SHELF}/streamstead-0.1.3.tar.gz"
    installed.must("sh", "-c", f"cp {archive} /root/a.tar.gz; echo >>/root/a.tar.gz")
    installed.must("cp", f"{archive}.minisig", "/root/a.tar.gz.minisig")
    done = installed.run("streamstead", "upgrade", "--from", "/root/a.tar.gz")
    assert done.returncode == 1
    assert "not what was signed" in done.stderr
    assert version(installed) == "0.1.1"


def test_a_power_cut_in_the_middle_leaves_a_whole_house(installed: Machine) -> None:
    begun = installed.api("mgmt/upgrade", version="0.1.3")

    def switched() -> bool:
        link = installed.run("readlink", f"{DATA}/current").stdout
        return "0.1.3" in link

    installed.wait(switched, "it has switched", 300)
    installed.cut_power()
    run = wait_ended(installed, begun["id"])
    assert is_well(installed)
    assert run["result"] == "done", run["error"]
    assert version(installed) == "0.1.3"


def test_the_way_back_by_hand_and_a_reboot(installed: Machine) -> None:
    done = installed.run("streamstead", "rollback", timeout_s=300)
    assert done.returncode == 0, done.stdout + done.stderr
    gone_back_to = version(installed)
    installed.reboot()
    assert is_well(installed)
    assert version(installed) == gone_back_to
