"""The packaging that a folder named platform needs, and one description of the API."""

import json
import tomllib
from pathlib import Path

from streamstead.core.openapi import merged_openapi

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = ["core", "engine", "ffmpeg_forward", "hooks", "mgmt", "platform"]


def test_no_room_has_an_init_file_of_its_own() -> None:
    assert [room for room in ROOMS if (ROOT / room / "__init__.py").exists()] == []


def test_every_package_of_the_tree_is_in_the_wheel() -> None:
    nested = {
        ".".join(["streamstead", *path.parent.relative_to(ROOT).parts])
        for room in ROOMS
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert set(CONFIG["packages"]) == nested | {f"streamstead.{room}" for room in ROOMS}
    assert CONFIG["package-dir"] == {f"streamstead.{room}": room for room in ROOMS}


def test_type_checkers_see_every_room() -> None:
    links = {path.name: path.readlink() for path in (ROOT / ".typing/streamstead").iterdir()}
    assert links == {room: Path("../..") / room for room in ROOMS}


def test_the_committed_api_description_is_that_of_the_code() -> None:
    committed = json.loads((ROOT / "ui/openapi.json").read_text())
    assert committed == merged_openapi(), "run: streamstead openapi > ui/openapi.json"
