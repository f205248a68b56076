"""The runner against a house with a stand-in for the manager: every way an upgrade may go."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from streamstead.mgmt.upgrade.journal import Result

from ...conftest import RedisServer, scratch_data_dir, scratch_settings
from .conftest import Signer
from .fake_house import FakeHouse

pytestmark = pytest.mark.integration


@contextmanager
def small_disk(root: Path, size_mb: int) -> Iterator[None]:
    """Lay a small file system over the data directory."""
    folders = [path.name for path in root.iterdir()]
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=755", "tmpfs", root]
    if subprocess.run(argv, check=False, capture_output=True).returncode != 0:
        pytest.skip("this account may not mount a small disk")
    for name in folders:
        (root / name).mkdir()
    yield
    subprocess.run(["umount", "-l", root], check=True)


@pytest.fixture
def house(signer: Signer, request: pytest.FixtureRequest) -> Iterator[FakeHouse]:
    """``param``: the size of its disk in MB."""
    with scratch_data_dir() as root, ExitStack() as stack:
        if hasattr(request, "param"):
            stack.enter_context(small_disk(root, request.param))
        settings = scratch_settings(root).model_copy(
            update={"user": "nobody", "web_user": "daemon"}
        )
        redis = RedisServer(settings)
        redis.client.set("before", "1")
        made = FakeHouse(settings, os.getpid())
        made.trust(signer)
        made.start()
        try:
            yield made
        finally:
            made.stop()
            redis.client.close()
            redis.kill()


def test_a_signed_archive_becomes_the_release_and_the_way_back_stays(
    house: FakeHouse, signer: Signer
) -> None:
    done = house.upgrade(house.archive(signer, "1.1.0-b"))
    assert done.returncode == 0, done.stdout + done.stderr
    house.whole("1.1.0-b")
    assert "signed by a trusted key" in done.stdout
    assert house.installed.previous() == "1.0.0-a"
    back = house.ask("rollback")
    assert back.returncode == 0, back.stdout + back.stderr
    house.whole("1.0.0-a")


def test_a_dry_run_does_everything_but_the_switch(house: FakeHouse, signer: Signer) -> None:
    done = house.upgrade(house.archive(signer, "1.1.0-b"), "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    house.whole("1.0.0-a")
    assert "1.1.0-b" in house.installed.names()


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("wont-start", "sick on purpose"),
        ("sick", "hooks is backoff (sick on purpose)"),
        ("no-way-back", ""),
    ],
)
def test_a_release_that_does_not_work_is_gone_back_from(
    house: FakeHouse, signer: Signer, mark: str, said: str
) -> None:
    marks = (mark, "sick") if mark == "no-way-back" else (mark,)
    done = house.upgrade(house.archive(signer, "1.1.0-b", *marks))
    assert done.returncode == 1
    assert said in done.stderr
    last = house.wait_ended()
    assert last.result is Result.ROLLED_BACK
    assert "1.0.0-a runs again" in done.stdout
    house.whole("1.0.0-a")
    assert not (house.data.config / "new-form").exists()


def test_a_build_that_fails_touches_nothing(house: FakeHouse, signer: Signer) -> None:
    done = house.upgrade(house.archive(signer, "1.1.0-b", "broken"))
    assert done.returncode == 1
    assert "it does not compile" in done.stderr
    assert house.wait_ended().result is Result.FAILED
    house.whole("1.0.0-a")


@pytest.mark.parametrize("house", [100], indirect=True)
def test_a_disk_without_room_is_told_before_anything_is_done(
    house: FakeHouse, signer: Signer
) -> None:
    done = house.upgrade(house.archive(signer, "1.1.0-b"))
    assert "MB are needed" in done.stderr
    house.whole("1.0.0-a")


@pytest.mark.parametrize("house", [330], indirect=True)
def test_a_disk_that_is_full_in_the_middle_leaves_the_old_release(
    house: FakeHouse, signer: Signer
) -> None:
    done = house.upgrade(house.archive(signer, "1.1.0-b", "fills"))
    assert done.returncode == 1
    assert house.wait_ended().result is Result.FAILED
    house.whole("1.0.0-a")


def test_an_archive_that_was_changed_or_not_signed_is_not_unpacked(
    house: FakeHouse, signer: Signer
) -> None:
    path = house.archive(signer, "1.1.0-b")
    with path.open("ab") as file:
        file.write(b"more")
    done = house.upgrade(path)
    assert done.returncode == 1
    assert "not what was signed" in done.stderr
    path.with_name(f"{path.name}.minisig").unlink()
    assert "is missing" in house.upgrade(path).stderr
    house.whole("1.0.0-a")


def test_a_signed_archive_of_an_older_release_needs_words_why(
    house: FakeHouse, signer: Signer
) -> None:
    path = house.archive(signer, "0.0.1-b")
    refused = house.upgrade(path)
    assert refused.returncode == 1
    assert "0.0.1 is older than" in refused.stderr
    assert house.wait_ended().error is not None
    house.whole("1.0.0-a")
    assert "0.0.1-b" not in house.installed.names()
    done = house.upgrade(path, "--allow-older", "the new one drops frames")
    assert done.returncode == 0, done.stdout + done.stderr
    house.whole("0.0.1-b")


def test_a_second_one_is_refused_while_one_is_at_work(house: FakeHouse, signer: Signer) -> None:
    path = house.archive(signer, "1.1.0-b")
    begun = house.upgrade(path, "--no-wait")
    assert begun.returncode == 0, begun.stderr
    refused = house.upgrade(path)
    assert refused.returncode == 1
    assert "at work already" in refused.stderr
    assert house.wait_ended().result is Result.DONE
    house.whole("1.1.0-b")


def test_a_runner_killed_at_any_step_is_finished(house: FakeHouse, signer: Signer) -> None:
    # Whatever is prepared is begun again; from the snapshot on every step has its own way on. A cut
    # at the restart has a test of its own.
    for number, step in enumerate(["build", "snapshot", "switch", "confirm"], start=1):
        release = f"1.{number}.0-b"
        house.begin(house.archive(signer, release))
        killed_at = house.kill_runner_at(step)
        (house.data.upgrade / ".run.json.cut-off").touch()  # as if killed while it wrote
        house.resume()
        last = house.wait_ended()
        print(f"killed at {killed_at}: {last.result}")
        assert last.result is Result.DONE, last.error
        assert last.target == release
        house.whole(release)


def test_a_way_back_that_is_cut_off_is_gone_to_its_end(house: FakeHouse, signer: Signer) -> None:
    house.begin(house.archive(signer, "1.1.0-b", "sick"))
    house.kill_runner_at("rollback")
    house.resume()
    assert house.wait_ended().result is Result.ROLLED_BACK
    house.whole("1.0.0-a")


def test_a_power_cut_after_the_switch_to_a_release_that_does_not_start(
    house: FakeHouse, signer: Signer
) -> None:
    house.begin(house.archive(signer, "1.1.0-b", "wont-start"))
    house.kill_runner_at("restart")
    house.stop()  # everything ends at once; then the machine starts
    house.wait_idle()
    argv = [str(house.data.root / "current/venv/bin/python"), "-m", "streamstead.mgmt.keeper"]
    argv += ["--data", str(house.data.root)]
    subprocess.run(argv, check=True, cwd="/", env=house.environment)
    assert house.wait_ended().result is Result.ROLLED_BACK
    house.whole("1.0.0-a")


def test_a_release_of_an_index_is_fetched_verified_and_taken(
    house: FakeHouse, signer: Signer
) -> None:
    house.publish(house.archive(signer, "1.1.0-b"), signer)
    done = house.ask("upgrade", "--version", "v1.1.0", "--healthy-wait", "5")
    assert done.returncode == 0, done.stdout + done.stderr
    house.whole("1.1.0-b")
