"""Containers are left alone when they are right, and repaired when they are not."""

from typing import Any

import docker
import pytest

from ..conftest import wait_until
from .house import Api, House, in_time, publishing, random_name

pytestmark = pytest.mark.docker

CONTAINERS = ("redis", "media", "front")


@pytest.fixture
def house(docker_house: House) -> House:
    return docker_house


def _containers(house: House) -> dict[str, dict[str, Any]]:
    """Return the inspected containers of this house by service name."""
    client = docker.from_env()
    try:
        found = {}
        for one in client.containers.list(all=True, ignore_removed=True):
            mounts = {mount.get("Source", "") for mount in one.attrs["Mounts"]}
            ours = any(source.startswith(str(house.data)) for source in mounts)
            if ours and not one.name.endswith("-check"):  # those come and go
                service = next(name for name in CONTAINERS if name in one.name)
                found[service] = one.attrs
        return found
    finally:
        client.close()


def _starts(house: House) -> dict[str, tuple[str, str]]:
    return {
        name: (attrs["Id"], attrs["State"]["StartedAt"])
        for name, attrs in _containers(house).items()
    }


def _all_running(house: House) -> bool:
    return all(one["state"] in ("running", "off") for one in house.services().values())


def test_what_we_did_not_write_runs_in_containers_with_least_privilege(house: House) -> None:
    found = _containers(house)
    assert set(found) == set(CONTAINERS)
    for name, attrs in found.items():
        host = attrs["HostConfig"]
        assert host["NetworkMode"] == "host", name
        assert host["CapDrop"] == ["ALL"], name
        assert host["ReadonlyRootfs"], name
        assert not host["Privileged"], name
        assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"]), name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        assert host["LogConfig"]["Config"]["max-size"], name
    assert found["redis"]["Config"]["User"] not in ("", "0", "root")
    assert found["media"]["Config"]["User"] not in ("", "0", "root")


# httpcore leaves the socket of a refused unix connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_restart_of_mgmt_recreates_nothing_and_cuts_nobody(house: House, api: Api) -> None:
    name = random_name()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}") as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        before = _starts(house)
        victim = house.mgmt_pid()
        house.kill(victim)
        wait_until(lambda: _back(house, victim), "mgmt is back")
        assert _starts(house) == before
        assert publisher.alive
        assert f"live/{name}" in api.streams()


def _back(house: House, old: int) -> bool:
    try:
        return house.mgmt_pid() != old and _all_running(house)
    except Exception:  # whatever a daemon that is starting answers
        return False


def test_a_removed_container_is_repaired(house: House, api: Api) -> None:
    secret = api.secret()
    for service in CONTAINERS:
        before = _starts(house)
        client = docker.from_env()
        client.containers.get(before[service][0]).remove(force=True)
        client.close()
        wait_until(
            lambda s=service, b=before: _starts(house).get(s) != b[s] and _all_running(house),
            f"{service} runs again",
            60,
        )
        after = _starts(house)
        others = {name for name in CONTAINERS if name != service}
        assert {name: after[name] for name in others} == {name: before[name] for name in others}
    wait_until(in_time(lambda: api.secret() == secret), "the settings are the old ones")


def test_a_changed_setting_recreates_only_the_container_it_concerns(house: House) -> None:
    before = _starts(house)
    house.env["STREAMSTEAD_CANDIDATE"] = "127.0.0.1"
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    wait_until(
        lambda: _starts(house).get("media", before["media"])[0] != before["media"][0],
        "the media server has its new configuration",
        60,
    )
    wait_until(lambda: _all_running(house), "everything runs", 60)
    after = _starts(house)
    assert after["redis"] == before["redis"]
    assert after["front"] == before["front"]
