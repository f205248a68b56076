"""Keys and signatures in the format of minisign, made here: the program is not everywhere."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from streamstead.core.paths import DataDir


@dataclass
class Signer:
    """Somebody who publishes releases."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    key_id: bytes = field(default_factory=lambda: secrets.token_bytes(8))

    @property
    def public(self) -> str:
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(b"Ed" + self.key_id + raw).decode()

    def sign(self, content: bytes, comment: str = "a release", legacy: bool = False) -> str:
        message = content if legacy else hashlib.blake2b(content).digest()
        signature = self.private.sign(message)
        over = self.private.sign(signature + comment.encode())
        blob = (b"Ed" if legacy else b"ED") + self.key_id + signature
        return (
            f"untrusted comment: whatever\n{base64.b64encode(blob).decode()}\n"
            f"trusted comment: {comment}\n{base64.b64encode(over).decode()}\n"
        )

    def sign_file(self, path: Path) -> None:
        path.with_name(f"{path.name}.minisig").write_text(self.sign(path.read_bytes()))


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    found = DataDir(tmp_path / "data")
    for folder in (found.root, found.config, found.mgmt, found.upgrade, found.releases, found.logs):
        folder.mkdir()
    return found
