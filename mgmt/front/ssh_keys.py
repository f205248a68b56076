"""SSH keys that the operator lets in as root: lines of ``authorized_keys`` with a mark of ours."""

import asyncio
import base64
import binascii
import hashlib
import os
import pwd
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from ...core.errors import Forbidden, Invalid
from ...core.files import write_atomic
from ...core.log import get_logger

log = get_logger(__name__)

MARK = "added-by-streamstead"
TYPES = {
    "ssh-ed25519": 32,
    "sk-ssh-ed25519@openssh.com": 32,
    "ecdsa-sha2-nistp256": 64,
    "ecdsa-sha2-nistp384": 96,
    "ecdsa-sha2-nistp521": 130,
    "sk-ecdsa-sha2-nistp256@openssh.com": 64,
    "ssh-rsa": 256,
}
"""Types that may come in, and the least number of bytes of such a key."""

MAX_KEYS = 20
_COMMENT = re.compile(r"[^A-Za-z0-9@._+-]")


class KeyChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    enabled: bool
    key: str = ""
    password: SecretStr | None = None


class SshKeys:
    """The marked lines of one file; every other line stays as it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()

    @classmethod
    def of_root(cls) -> "SshKeys":
        return cls(Path(pwd.getpwuid(0).pw_dir) / ".ssh" / "authorized_keys")

    async def change(self, change: KeyChange) -> dict[str, Any]:
        """Add or remove a key; return what is left of ours. Raises Invalid, Forbidden."""
        async with self._lock:
            return await asyncio.to_thread(self._change, change)

    def _change(self, change: KeyChange) -> dict[str, Any]:
        if change.enabled and not change.key.strip():
            raise Invalid(
                "no key was given",
                "Paste the line of your own public key, such as ~/.ssh/id_ed25519.pub.",
                key="pubkey_missing",
            )
        if os.geteuid() != 0:
            raise Forbidden("the manager does not run as root here", "Add the key by hand.")
        before = self._lines()
        lines = list(before)
        key = parse_key(change.key) if change.key.strip() else None
        if change.enabled:
            assert key is not None
            if not any(key in line.split() for line in lines):
                if len(list(filter(_is_ours, lines))) >= MAX_KEYS:
                    raise Invalid(f"there are {MAX_KEYS} keys already", "Remove one first.")
                lines.append(_line(change.key, key))
        else:
            gone = [one for one in lines if _is_ours(one) and (key is None or key in one.split())]
            lines = [line for line in lines if line not in gone]
        if lines != before:
            self._write(lines)
        ours = [fingerprint(line.split()[1]) for line in lines if _is_ours(line)]
        log.info("ssh_keys.changed", ours=len(ours), enabled=change.enabled)
        return {"fingerprints": ours}

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return []

    def _write(self, lines: list[str]) -> None:
        folder = self._path.parent
        if folder.is_symlink() or self._path.is_symlink():
            raise Forbidden(
                f"{self._path} is a link", "Add the key by hand: who made the link has a reason."
            )
        folder.mkdir(mode=0o700, exist_ok=True)
        text = "".join(f"{line}\n" for line in lines)
        write_atomic(self._path, text.encode("utf-8", "surrogateescape"), 0o600)


def parse_key(raw: str) -> str:
    """Return the base64 of one public key of OpenSSH. Raises Invalid: options are never taken."""
    words = raw.strip().split()
    if len(raw.strip().splitlines()) != 1 or len(words) < 2 or words[0] not in TYPES:
        raise _bad("it is not one line that begins with a type such as ssh-ed25519")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise _bad("it is cut off or has other characters in it") from None
    kind, rest = _field(blob)
    if kind != words[0].encode():
        raise _bad("what is inside is of another type than it says")
    fields = []
    while rest:
        field, rest = _field(rest)
        fields.append(field)
    if not fields or max(map(len, fields)) < TYPES[words[0]]:
        raise _bad("it is too short to be safe")
    return base64.b64encode(blob).decode("ascii")


def fingerprint(key: str) -> str:
    """Return it as ``ssh-keygen -l`` prints it."""
    digest = hashlib.sha256(base64.b64decode(key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def _field(blob: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(blob[:4], "big")
    if len(blob) < 4 or len(blob) - 4 < size:
        raise _bad("it is cut off")
    return blob[4 : 4 + size], blob[4 + size :]


def _line(raw: str, key: str) -> str:
    words = raw.split()
    comment = _COMMENT.sub("", words[2])[:64] if len(words) > 2 else ""
    return " ".join(part for part in (words[0], key, comment, MARK) if part)


def _is_ours(line: str) -> bool:
    words = line.split()
    return len(words) >= 3 and words[-1] == MARK and words[0] in TYPES


def _bad(why: str) -> Invalid:
    return Invalid(
        f"this is no public key: {why}",
        "Paste the whole line of the .pub file; never the private key.",
        key="pubkey_invalid",
    )
