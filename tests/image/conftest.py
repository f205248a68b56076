"""The image is built once; each kind of it is one container for a whole module."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import need_engine
from ..systemd.conftest import Publisher, wheels
from ..systemd.machine import docker, image
from .one_container import NETWORK, OneContainer, build, build_with_srs

NAME = "streamstead-test-image"
SRS = "ossrs/srs:5"
FILES = Path(__file__).resolve().parent.parent.parent / "containers/streamstead"


@dataclass(frozen=True)
class Kind:
    image: str
    media_server: str


@pytest.fixture(scope="session")
def network() -> Iterator[None]:
    """Ports are published into it without any rule of the machine's packet filter."""
    _remove_network()
    docker("network", "create", NETWORK)
    yield
    _remove_network()


def _remove_network() -> None:
    subprocess.run(["docker", "network", "rm", NETWORK], check=False, capture_output=True)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Kind:
    need_engine()
    folder = tmp_path_factory.mktemp("release")
    archive = Publisher(folder).release(
        "0.1.0", lambda _tree: None, "--wheels-from", str(wheels()), "--channel", "none"
    )
    unpacked = folder / "unpacked"
    build(archive, image(), NAME, unpacked)
    shutil.rmtree(folder)
    return Kind(NAME, "embedded")


@pytest.fixture(scope="session")
def srs(embedded: Kind) -> Kind:
    found = subprocess.run(["docker", "image", "inspect", SRS], check=False, capture_output=True)
    if found.returncode != 0:
        pytest.skip(f"the image {SRS} is not in this Docker Engine")
    name = f"{NAME}:srs"
    build_with_srs(FILES, embedded.image, SRS, name)
    return Kind(name, "srs")


@pytest.fixture(scope="module", params=["embedded", "srs"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Kind)
    return found


@pytest.fixture(scope="module")
def house(kind: Kind, network: None) -> Iterator[OneContainer]:
    made = OneContainer(f"{NAME}-{kind.media_server}", kind.image)
    made.remove()
    subprocess.run(["docker", "volume", "rm", made.volume], check=False, capture_output=True)
    made.run()
    yield made
    made.remove()
    docker("volume", "rm", made.volume)
