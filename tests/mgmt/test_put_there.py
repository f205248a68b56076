"""What a service puts where root looks: it is neither believed, nor followed, nor waited for."""

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.paths import DataDir
from streamstead.core.settings import Settings
from streamstead.mgmt import keeper
from streamstead.mgmt.audit import prepare_files
from streamstead.mgmt.cli.lifecycle import systemd_unit
from streamstead.mgmt.cli.show import read_setup_code
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import ensure_setup_code, prepare
from streamstead.mgmt.logs import journal
from streamstead.mgmt.ports import _remembered, remember_doors
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import _kept, decision_file
from streamstead.mgmt.runtime.logfile import open_log, rotate
from streamstead.mgmt.runtime.pidfile import start_ticks
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, ServiceSpec
from streamstead.mgmt.services.common import FrontDoors
from streamstead.mgmt.upgrade import snapshot
from streamstead.mgmt.upgrade.manager_link import ManagerLink
from streamstead.mgmt.upgrade.migrations import BASE, Migrations, number_file

SERVICES, PLATFORM, GROUP = 61001, 61002, 61011
HOUSE = Account("services", SERVICES, GROUP, (GROUP,), PLATFORM, 61012)

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be set by root"),
    pytest.mark.timeout(60),  # what is tried here would else wait for ever
]


@pytest.fixture
def data(settings: Settings) -> DataDir:
    prepare(settings.data, HOUSE)
    return settings.data


def forge(path: Path, text: str = "") -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    os.chown(path, SERVICES, GROUP)


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    os.chown(path, SERVICES, GROUP)


@pytest.fixture(params=["file", "pipe", "link"])
def put(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path, str], None]:
    """Put something of a service at a path: a file with these words, a pipe, or a link to a file
    of root with these words."""

    def it(path: Path, text: str) -> None:
        if request.param == "file":
            forge(path, text)
        elif request.param == "pipe":
            pipe(path)
        else:
            (tmp_path / "of-root").write_text(text)
            path.unlink(missing_ok=True)
            path.symlink_to(tmp_path / "of-root")

    return it


Put = Callable[[Path, str], None]


def test_a_keeper_that_a_service_names_is_none(data: DataDir, put: Put) -> None:
    victim = {"pid": os.getpid(), "start_ticks": start_ticks(os.getpid())}
    path = data.run / "keeper.pid"
    path.write_text(json.dumps(victim))
    assert keeper.read_keeper(str(data.run)) == os.getpid()
    put(path, json.dumps(victim))
    assert keeper.read_keeper(str(data.run)) is None


def test_a_stop_or_a_failure_that_a_service_tells_of_is_none(
    settings: Settings, data: DataDir, put: Put
) -> None:
    for name in ("stop-asked", "manager-failed"):
        put(data.run / name, "")
    assert not keeper._stop_asked(str(data.root))
    (data.run / "keeper.pid").write_text(
        json.dumps({"pid": os.getpid(), "start_ticks": start_ticks(os.getpid())})
    )
    link = ManagerLink(settings)
    assert link.unit is None
    assert not link.given_up()
    keeper._note_refusal(str(data.root), refused=True)
    assert link.given_up()


def test_the_keeper_takes_its_name_and_its_log_back(data: DataDir, put: Put) -> None:
    log_file = data.logs / "mgmt.log"
    put(log_file, "forged")
    os.close(keeper._open_log(str(data.root)))
    facts = log_file.lstat()
    assert stat.S_ISREG(facts.st_mode)
    assert (facts.st_uid, facts.st_size) == (0, 0)


def test_the_name_of_a_unit_comes_from_root_alone(
    settings: Settings, data: DataDir, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    path = data.config / "unit"
    path.write_text("streamstead.service\n")
    assert systemd_unit(settings) == journal.unit_of(data) == "streamstead.service"
    put(path, "sshd.service\n")
    assert systemd_unit(settings) is None
    assert journal.unit_of(data) == ""


def test_the_runtime_is_chosen_by_root_alone(settings: Settings, put: Put) -> None:
    said = {"runtime": "process", "media_server": "embedded", "reason": "x"}
    path = decision_file(settings)
    path.write_text(json.dumps(said))
    assert _kept(settings) is not None
    put(path, json.dumps(said))
    assert _kept(settings) is None


def test_ports_and_configurations_that_a_service_calls_known_are_not(
    settings: Settings, data: DataDir, put: Put
) -> None:
    put(data.run / "front.ports", "[22, 25]")
    assert _remembered(data.run) == set()
    remember_doors(data.run, FrontDoors(80, 443))
    assert _remembered(data.run) == {80, 443}
    spec = ServiceSpec("front", ("x",), HealthCheck(HttpProbe("/", port=1)), order=1)
    files = ConfigFiles(spec, settings.data, HOUSE)
    put(data.run / "front.applied", f"7 {spec.files_digest}\n")
    assert not files.applied(7)
    files.mark_applied(7)
    assert files.applied(7)


def test_the_form_of_the_data_is_said_by_root_alone(data: DataDir, put: Put) -> None:
    put(number_file(data), "99\n")
    with suppress(ConfigError):
        assert Migrations(data).number == BASE
    number_file(data).unlink()
    Migrations(data).forward()
    assert Migrations(data).number == Migrations(data).newest


def test_a_log_in_whose_place_something_else_lies_is_begun_anew(
    data: DataDir, put: Put, tmp_path: Path
) -> None:
    path = data.logs / "thing.log"
    put(path, "kept")
    fd = open_log(path)
    os.write(fd, b"said\n")
    os.close(fd)
    assert path.lstat().st_uid == 0
    assert path.read_text() == "said\n"
    left = tmp_path / "of-root"
    assert not left.exists() or left.read_text() == "kept"


def test_a_pipe_in_place_of_a_log_does_not_stop_the_rotation(data: DataDir) -> None:
    pipe(data.logs / "thing.log")
    assert not rotate(data.logs / "thing.log")
    with pytest.raises(OSError, match=r"no plain file|No such device"):
        rotate(data.logs / "thing.log", max_bytes=-1)


def test_audit_files_are_taken_over_before_root_writes_to_them(data: DataDir, put: Put) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    paths = [data.audit / "2026-11.jsonl", data.audit / "2026-12.jsonl"]
    for path in paths:
        put(path, "")
    prepare_files(data.audit, HOUSE, now)
    for path in paths:
        facts = path.lstat()
        assert stat.S_ISREG(facts.st_mode)
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (0, GROUP, 0o660)


def test_a_setup_code_that_is_a_pipe_is_made_anew(settings: Settings, data: DataDir) -> None:
    pipe(data.setup_code)
    with pytest.raises(OSError, match="no plain file"):
        read_setup_code(settings)
    code = ensure_setup_code(data, HOUSE)
    assert read_setup_code(settings) == code
    assert data.setup_code.stat().st_uid == PLATFORM


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dump = tmp_path / "dump.rdb"

    def save(_: Any) -> Path:
        dump.write_text("all of it")
        return dump

    monkeypatch.setattr(snapshot, "save_redis", save)


@pytest.mark.usefixtures("without_redis")
def test_a_snapshot_leaves_out_where_a_service_could_lead_us(
    settings: Settings, data: DataDir, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    (elsewhere / "of-root").write_text("secret")
    (data.config / "front" / "nginx.conf").write_text("good")
    pipe(data.config / "pipe")
    (data.config / "link").symlink_to(elsewhere)
    theirs = data.config / "theirs"
    theirs.mkdir()
    os.chown(theirs, SERVICES, GROUP)
    forge(theirs / "profile", "run this")
    snapshots = snapshot.Snapshots(settings)
    kept = snapshots.make("one", "1.0.0", "1.0.0-x")
    names = {path.name for path in (kept / "config").rglob("*")}
    assert {"nginx.conf", "master.key"} <= names
    assert not names & {"pipe", "link", "theirs", "profile", "of-root"}
    # Meanwhile it is made to lead elsewhere.
    (theirs / "profile").unlink()
    theirs.rmdir()
    theirs.symlink_to(elsewhere)
    (data.config / "front" / "nginx.conf").write_text("bad")
    snapshots.restore_files("one")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["of-root"]
    assert (data.config / "front" / "nginx.conf").read_text() == "good"


def test_the_platform_owns_what_it_writes_and_root_what_it_believes(data: DataDir) -> None:
    prepare(data, HOUSE)

    def facts(path: Path) -> tuple[int, int, int]:
        found = path.stat()
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    assert facts(data.master_key) == (0, GROUP, 0o640)
    assert facts(data.setup_code) == (PLATFORM, GROUP, 0o640)
    assert facts(data.stats) == (PLATFORM, GROUP, 0o700)


def test_a_house_of_an_older_release_is_handed_over_and_can_go_back(data: DataDir) -> None:
    older = [data.env_file, data.master_key, data.setup_code, data.password_set]
    older += [data.stats / name for name in ("monitor.db", "2026-11-21.sqlite")]
    os.chown(data.stats, SERVICES, GROUP)
    for path in older:
        path.touch()
        os.chown(path, SERVICES, GROUP)
        path.chmod(0o600)
    # That one the older platform replaces at every start.
    marker = data.config / "initialized"
    forge(marker)
    pipe(data.stats / "pipe")
    (data.stats / "link").symlink_to(data.ssl)
    prepare(data, HOUSE)
    owners = {path.name: path.stat().st_uid for path in older}
    assert owners == {
        ".env": 0,
        "master.key": 0,
        "setup-code": PLATFORM,
        "password-set": PLATFORM,
        "monitor.db": PLATFORM,
        "2026-11-21.sqlite": PLATFORM,
    }
    assert (data.ssl.stat().st_uid, marker.stat().st_uid) == (0, SERVICES)
    # All of them can be read, and the statistics written, by the account of that release.
    assert all(path.stat().st_gid == GROUP for path in older)
    assert all(path.stat().st_mode & 0o040 for path in older)
    assert all(path.stat().st_mode & 0o020 for path in older if path.parent == data.stats)
    assert not data.env_file.stat().st_mode & 0o022


def test_a_setting_that_a_service_forged_as_a_link_gives_nothing_away(
    data: DataDir, tmp_path: Path
) -> None:
    target = tmp_path / "shadow"
    target.touch(mode=0o600)
    data.env_file.symlink_to(target)
    prepare(data, HOUSE)
    found = SimpleNamespace(uid=target.stat().st_uid, gid=target.stat().st_gid)
    assert (found.uid, found.gid, stat.S_IMODE(target.stat().st_mode)) == (0, 0, 0o600)
