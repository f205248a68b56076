"""Whose signatures count: keys that came with the installed release, and the operator's own."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ...core.errors import Invalid
from ...core.log import get_logger
from ...core.paths import DataDir
from ..state_file import StateFile
from .errors import ReleaseRefused
from .minisign import PublicKey, verify_bytes

log = get_logger(__name__)

PINNED = "release-keys"
"""Folder of a release: ``*.pub`` are keys of minisign, ``*.ssh`` hold one SSH key a line."""

_SSH = ("ssh-ed25519 ", "sk-ssh-ed25519@openssh.com ")


@dataclass(frozen=True, slots=True)
class Keyring:
    """``archives``: for archives and indexes; ``tags``: SSH keys, for tags of a repository."""

    archives: tuple[PublicKey, ...] = ()
    tags: tuple[str, ...] = ()
    revoked: frozenset[str] = frozenset()
    """What is never trusted again, whoever vouches for it; see ``mark``."""

    def without(self, revoked: Iterable[str]) -> "Keyring":
        """Return the ring that trusts these keys no more."""
        marks = self.revoked | {mark(line) for line in revoked}
        return Keyring(
            tuple(key for key in self.archives if mark(str(key)) not in marks),
            tuple(line for line in self.tags if mark(line) not in marks),
            marks,
        )

    def with_rotations(self, rotations: list[tuple[str, str]]) -> "Keyring":
        """Return the ring with every new key that a trusted one has signed.

        A rotation is the text of a public key and the signature of that text. Chains work in any
        order, so that a house which slept through two rotations still finds its way.
        """
        trusted, left = list(self.archives), list(rotations)
        while left:
            rest = [one for one in left if not _accept(one, trusted, self.revoked)]
            if len(rest) == len(left):
                break
            left = rest
        return replace(self, archives=tuple(trusted))


class Revoked(BaseModel):
    """``<data>/mgmt/revoked-keys.json``. ``keys`` stay revoked on this machine. ``successors``: who
    had been named by one of them before, by a rotation that counted then."""

    model_config = ConfigDict(extra="ignore")

    keys: list[str] = []
    successors: list[str] = []


def revoked_file(data: DataDir) -> StateFile[Revoked]:
    return StateFile(data.mgmt, "revoked-keys", Revoked)


def mark(line: str) -> str:
    """Return what makes a key the key it is: the number of one of minisign can be made up."""
    if line.startswith(_SSH):
        return line.split()[1]
    return PublicKey.parse(line).raw.hex()


def readable(lines: Iterable[str]) -> list[str]:
    """Return the keys in their one form, each once, without those that cannot be read."""
    found: dict[str, None] = {}
    for text in lines:
        try:
            found[check_key(text)] = None
        except Invalid:
            log.error("upgrade.key_unreadable")
    return list(found)


def _accept(rotation: tuple[str, str], trusted: list[PublicKey], revoked: frozenset[str]) -> bool:
    text, signature = rotation
    try:
        key = PublicKey.parse(text)
        verify_bytes(text.encode(), signature, trusted)
    except (Invalid, ReleaseRefused):
        return False
    if key not in trusted and mark(str(key)) not in revoked:
        trusted.append(key)
    return True


def check_key(text: str) -> str:
    """Return a key of the operator in its one form. Raises Invalid."""
    line = text.strip()
    if line.startswith(_SSH):
        words = line.split()
        if len(words) < 2 or not words[1].startswith("AAAA") or "\n" in line:
            raise Invalid(
                "that is no SSH public key", "Give the whole line.", key="upgrade_key_form"
            )
        return " ".join(words[:2])
    return str(PublicKey.parse(line))


def pinned(share: Path) -> list[str]:
    """Return the keys that a release carries."""
    found: list[str] = []
    for path in sorted((share / PINNED).glob("*")):
        if path.suffix in (".pub", ".ssh"):
            lines = path.read_text(encoding="utf-8").splitlines()
            wanted = lines[-1:] if path.suffix == ".pub" else lines
            found += [line.strip() for line in wanted if line.strip() and line[0] != "#"]
    return found


def keyring(share: Path, own: list[str]) -> Keyring:
    """Return everything that is trusted. A key that cannot be read is left out, and logged."""
    lines = readable([*pinned(share), *own])
    return Keyring(
        tuple(PublicKey.parse(line) for line in lines if not line.startswith(_SSH)),
        tuple(line for line in lines if line.startswith(_SSH)),
    )
