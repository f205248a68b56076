"""What the Docker Engine tells of a house's containers."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker

from .house import House

SERVICE = "streamstead.service"


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    try:
        yield client
    finally:
        client.close()


def containers_of(house: House) -> dict[str, dict[str, Any]]:
    """Return the inspected containers of its programs by service name; not those that check a
    configuration, which come and go."""
    instance = hashlib.sha256(str(house.data.resolve()).encode()).hexdigest()[:12]
    ours = {"label": [f"streamstead.instance={instance}", SERVICE]}
    with engine() as client:
        found = client.containers.list(all=True, ignore_removed=True, filters=ours)
        return {one.labels[SERVICE]: one.attrs for one in found if not one.name.endswith("-next")}


def starts_of(house: House) -> dict[str, tuple[str, str]]:
    """Return (id, when it was started) of each."""
    return {
        name: (attrs["Id"], attrs["State"]["StartedAt"])
        for name, attrs in containers_of(house).items()
    }


def remove(house: House, service: str) -> None:
    """Do what ``docker rm -f`` does."""
    with engine() as client:
        client.containers.get(containers_of(house)[service]["Id"]).remove(force=True)


def check_least_privilege(attrs: dict[str, Any]) -> None:
    host = attrs["HostConfig"]
    assert host["NetworkMode"] == "host"
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"]


def all_running(house: House) -> bool:
    return all(one["state"] in ("running", "off") for one in house.services().values())
