"""Settings of a backup on another machine: what is of the house comes back, what is of the machine
does not."""

import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path

from ...core.settings import PREFIX, Settings, read_env_file

_PLACE = {"RUNTIME", "DOCKER_HOST", "SRS_BIN", "GEOIP_DB", "USER", "CANDIDATE", "ACME_CA_BUNDLE"}
"""Of one machine, whatever house lives on it."""

_FILES = {"SRS_BIN", "GEOIP_DB", "ACME_CA_BUNDLE"}


def for_empty_machine(theirs: Mapping[str, str], same_host: bool) -> tuple[str, list[str]]:
    """Return the text of the settings' file, and the names that were left out of it.

    Ports are those of the backup, for encoders and links know them. Paths stay where they exist,
    an address that WebRTC offers where it is ours. How programs are run is found out anew.
    """
    kept, left = dict(theirs), []
    for name in sorted(theirs):
        bare = name.removeprefix(PREFIX)
        if not same_host and bare in _PLACE and not _fits(bare, theirs[name]):
            del kept[name]
            left.append(name)
    return _text(kept), left


def for_running_house(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Return the same for a house that runs: its own ports, images and places stay, they are known
    to work here."""
    names = set(theirs) | set(ours)
    kept = {}
    for name in names:
        source = ours if _of_place(name.removeprefix(PREFIX)) else theirs
        if name in source:
            kept[name] = source[name]
    return _text(kept)


def check(text: str, staged: Path, data: Path) -> None:
    """Write the file and read it as services will. Raises ConfigError."""
    staged.write_text(text, encoding="utf-8")
    values = read_env_file(staged)
    Settings.from_env({**values, PREFIX + "DATA_DIR": str(data)})


def _of_place(name: str) -> bool:
    return name in _PLACE or name.endswith(("_PORT", "_IMAGE"))


def _fits(name: str, value: str) -> bool:
    if name in _FILES:
        return Path(value).exists()
    if name == "CANDIDATE":
        return _is_ours(value)
    return False


def _is_ours(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True  # a name follows its house
    kind = socket.AF_INET if found.version == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _text(values: Mapping[str, str]) -> str:
    lines = [f"{name}={values[name]}" for name in sorted(values)]
    return "# Settings of Streamstead. Run ./bootstrap again after a change.\n" + "".join(
        f"{line}\n" for line in lines
    )
