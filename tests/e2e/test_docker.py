"""Containers are left alone when they are right, and repaired when they are not."""

import pytest

from ..conftest import wait_until
from .containers import all_running, check_least_privilege, containers_of, remove, starts_of
from .house import Api, House, in_time, publishing, random_name

pytestmark = pytest.mark.docker

CONTAINERS = {"redis", "media", "front"}


@pytest.fixture
def house(docker_house: House) -> House:
    return docker_house


def test_what_we_did_not_write_runs_in_containers_with_least_privilege(house: House) -> None:
    found = containers_of(house)
    assert set(found) >= CONTAINERS
    for attrs in found.values():
        check_least_privilege(attrs)
    assert found["redis"]["Config"]["User"] not in ("", "0", "root")
    assert found["media"]["Config"]["User"] not in ("", "0", "root")


# httpcore leaves the socket of a refused unix connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_restart_of_mgmt_recreates_nothing_and_cuts_nobody(house: House, api: Api) -> None:
    name = random_name()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}") as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        before = starts_of(house)
        victim = house.mgmt_pid()
        house.kill(victim)
        wait_until(lambda: _back(house, victim), "mgmt is back")
        assert starts_of(house) == before
        assert publisher.alive
        assert f"live/{name}" in api.streams()


def _back(house: House, old: int) -> bool:
    try:
        return house.mgmt_pid() != old and all_running(house)
    except Exception:  # whatever a daemon that is starting answers
        return False


def test_a_removed_container_is_repaired(house: House, api: Api) -> None:
    secret = api.secret()
    for service in sorted(CONTAINERS):
        before = starts_of(house)
        remove(house, service)
        wait_until(
            lambda s=service, b=before: starts_of(house).get(s) != b[s] and all_running(house),
            f"{service} runs again",
            60,
        )
        after = starts_of(house)
        others = CONTAINERS - {service}
        assert {name: after[name] for name in others} == {name: before[name] for name in others}
    wait_until(in_time(lambda: api.secret() == secret), "the settings are the old ones")


def test_a_changed_setting_recreates_only_the_container_it_concerns(house: House) -> None:
    before = starts_of(house)
    house.env["STREAMSTEAD_CANDIDATE"] = "127.0.0.1"
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    wait_until(
        lambda: starts_of(house).get("media", before["media"])[0] != before["media"][0],
        "the media server has its new configuration",
        60,
    )
    wait_until(lambda: all_running(house), "everything runs", 60)
    after = starts_of(house)
    assert after["redis"] == before["redis"]
    assert after["front"] == before["front"]
