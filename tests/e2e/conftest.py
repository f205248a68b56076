"""One house a media server: the embedded engine, a real SRS as a process, a real SRS as image."""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from ..conftest import free_port, need
from . import images
from .house import PORTS, UDP_PORTS, Api, House

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    # Nothing but what the test asks for leaves this browser.
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # WebRTC between programs of one machine.
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
NO_SRS = (
    "the real SRS 5 is not here: set STREAMSTEAD_SRS_BIN to its binary, or have the image "
    "ossrs/srs:5 in the Docker Engine"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            # The first one builds the release from nothing.
            item.add_marker(pytest.mark.timeout(900))


def _free_ports() -> dict[str, int]:
    tcp = {name: free_port() for name in PORTS}
    return tcp | {name: free_port(socket.SOCK_DGRAM) for name in UDP_PORTS}


def _need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("./bootstrap installs packages and accounts: run the tests as root")


@pytest.fixture(scope="session")
def new_house() -> Iterator[Callable[..., House]]:
    """Make houses that are stopped and removed at the end of the session."""
    _need_root()
    houses: list[House] = []

    def make(name: str, runtime: str = "process", **env: str) -> House:
        house = House(name, _free_ports(), env, runtime)
        houses.append(house)
        return house

    yield make
    ended = []
    # The others may run from the release of the first.
    for together in (houses[1:], houses[:1]):
        with ThreadPoolExecutor() as pool:
            ended += [pool.submit(house.stop) for house in together]
    for one in ended:
        one.result()


@pytest.fixture(scope="session")
def first_house(new_house: Callable[..., House]) -> House:
    """The one that was really built from nothing, with the embedded engine and the demo stream."""
    house = new_house("first")
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    return house


def srs_binary() -> str | None:
    path = os.environ.get("STREAMSTEAD_SRS_BIN", "")
    return path if path and os.access(path, os.X_OK) else None


def srs_env(binary: str) -> dict[str, str]:
    return {"STREAMSTEAD_SRS_BIN": binary, "STREAMSTEAD_CANDIDATE": "127.0.0.1"}


@pytest.fixture(scope="session")
def srs_process_house(first_house: House, new_house: Callable[..., House]) -> House:
    binary = srs_binary()
    if binary is None:
        pytest.skip(NO_SRS)
    house = new_house("srs", **srs_env(binary))
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    return house


@pytest.fixture(scope="session")
def docker_images() -> images.Images:
    return images.prepare()


@pytest.fixture(scope="session")
def srs_image_house(
    first_house: House, new_house: Callable[..., House], docker_images: images.Images
) -> House:
    if docker_images.real_srs is None:
        pytest.skip(NO_SRS)
    house = new_house(
        "img",
        "docker",
        STREAMSTEAD_SRS_IMAGE=docker_images.real_srs,
        STREAMSTEAD_CANDIDATE="127.0.0.1",
    )
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    return house


@pytest.fixture(scope="session")
def docker_house(
    first_house: House, new_house: Callable[..., House], docker_images: images.Images
) -> House:
    """Everything that can be a container is one; the engine stands in for the SRS image."""
    stand_in = images.build_stand_in(docker_images, first_house)
    images.build_certbot(docker_images, stand_in)
    images.build_monitoring(docker_images)
    house = new_house("dock", "docker", STREAMSTEAD_SRS_IMAGE=stand_in)
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    return house


@pytest.fixture(
    scope="session",
    params=["first_house", "srs_process_house", "srs_image_house", "docker_house"],
    ids=["embedded", "srs-process", "srs-image", "docker-stand-in"],
)
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, House)
    return found


@pytest.fixture
def api(house: House) -> Iterator[Api]:
    with house.api() as signed_in:
        yield signed_in


# Not for the session: while it is open an event loop runs, and no asynchronous test could.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = need("chromium")
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield chromium
        chromium.close()
