"""Whose signatures count: keys that came with the installed release, and the operator's own."""

from dataclasses import dataclass
from pathlib import Path

from ...core.errors import Invalid
from ...core.log import get_logger
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

    def with_rotations(self, rotations: list[tuple[str, str]]) -> "Keyring":
        """Return the ring with every new key that a trusted one has signed.

        A rotation is the text of a public key and the signature of that text. Chains work in any
        order, so that a house which slept through two rotations still finds its way.
        """
        trusted, left = list(self.archives), list(rotations)
        while left:
            rest = [one for one in left if not _accept(one, trusted)]
            if len(rest) == len(left):
                break
            left = rest
        return Keyring(tuple(trusted), self.tags)


def _accept(rotation: tuple[str, str], trusted: list[PublicKey]) -> bool:
    text, signature = rotation
    try:
        key = PublicKey.parse(text)
        verify_bytes(text.encode(), signature, trusted)
    except (Invalid, ReleaseRefused):
        return False
    if key not in trusted:
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
    archives: list[PublicKey] = []
    tags: list[str] = []
    for text in [*pinned(share), *own]:
        try:
            line = check_key(text)
        except Invalid:
            log.error("upgrade.key_unreadable")
            continue
        if line.startswith(_SSH):
            tags.append(line)
        else:
            archives.append(PublicKey.parse(line))
    return Keyring(tuple(archives), tuple(tags))
