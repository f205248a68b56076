"""Signatures: those of minisign itself, and everything that must be refused."""

import shutil
import subprocess
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid
from streamstead.mgmt.upgrade.errors import ReleaseRefused
from streamstead.mgmt.upgrade.keys import Keyring, check_key
from streamstead.mgmt.upgrade.minisign import PublicKey, verify, verify_bytes

from .conftest import Signer

CONTENT = b"a release of Streamstead" * 1000


def test_both_kinds_of_signature_are_verified(tmp_path: Path, signer: Signer) -> None:
    keys = [PublicKey.parse(signer.public)]
    path = tmp_path / "archive"
    path.write_bytes(CONTENT)
    for legacy in (False, True):
        signature = signer.sign(CONTENT, "version 1", legacy)
        assert verify(path, signature, keys) == "version 1"
        assert verify_bytes(CONTENT, signature, keys) == "version 1"


def test_what_minisign_itself_signed_is_verified(tmp_path: Path) -> None:
    program = shutil.which("minisign")
    if program is None:
        pytest.skip("minisign is not installed on this machine (auto/test installs it)")
    path, public, secret = (tmp_path / name for name in ("archive", "key.pub", "key"))
    path.write_bytes(CONTENT)
    subprocess.run([program, "-GW", "-p", public, "-s", secret], check=True, capture_output=True)
    keys = [PublicKey.parse(public.read_text())]
    assert keys[0].name in public.read_text()
    for kind in ("-H", "-l"):
        argv = [program, "-S", kind, "-s", secret, "-m", path, "-t", "said"]
        subprocess.run(argv, check=True, capture_output=True)
        assert verify(path, (tmp_path / "archive.minisig").read_text(), keys) == "said"


@pytest.mark.parametrize("at", [0, len(CONTENT) // 2, len(CONTENT) - 1])
def test_one_changed_byte_is_refused(signer: Signer, at: int) -> None:
    changed = bytearray(CONTENT)
    changed[at] ^= 1
    with pytest.raises(ReleaseRefused) as refused:
        verify_bytes(bytes(changed), signer.sign(CONTENT), [PublicKey.parse(signer.public)])
    assert refused.value.key == "signature_wrong"


def test_a_changed_trusted_comment_is_refused(signer: Signer) -> None:
    signature = signer.sign(CONTENT, "version 1").replace("version 1", "version 2")
    with pytest.raises(ReleaseRefused):
        verify_bytes(CONTENT, signature, [PublicKey.parse(signer.public)])


def test_a_stranger_is_named_by_his_key(signer: Signer) -> None:
    stranger = Signer()
    with pytest.raises(ReleaseRefused) as refused:
        verify_bytes(CONTENT, stranger.sign(CONTENT), [PublicKey.parse(signer.public)])
    assert refused.value.key == "signature_key_unknown"
    assert PublicKey.parse(stranger.public).name in refused.value.message


def test_a_stranger_with_the_id_of_a_trusted_key_is_refused(signer: Signer) -> None:
    stranger = Signer(key_id=signer.key_id)
    with pytest.raises(ReleaseRefused):
        verify_bytes(CONTENT, stranger.sign(CONTENT), [PublicKey.parse(signer.public)])


@pytest.mark.parametrize(
    "signature", ["", "x\n" * 4, "untrusted comment: a\nAAAA\ntrusted comment: b\nAAAA\n"]
)
def test_what_is_no_signature_is_refused(signer: Signer, signature: str) -> None:
    with pytest.raises(ReleaseRefused):
        verify_bytes(CONTENT, signature, [PublicKey.parse(signer.public)])


def test_nobody_is_trusted_without_a_key(signer: Signer) -> None:
    with pytest.raises(ReleaseRefused):
        verify_bytes(CONTENT, signer.sign(CONTENT), [])


def rotation(by: Signer, new: Signer) -> tuple[str, str]:
    return new.public, by.sign(new.public.encode(), "a new key")


def test_a_key_may_be_changed_by_the_one_before_over_several_steps() -> None:
    first, second, third = Signer(), Signer(), Signer()
    ring = Keyring((PublicKey.parse(first.public),))
    steps = [rotation(second, third), rotation(first, second)]
    names = {key.name for key in ring.with_rotations(steps).archives}
    assert names == {PublicKey.parse(one.public).name for one in (first, second, third)}


def test_a_key_that_nobody_trusted_has_signed_changes_nothing(signer: Signer) -> None:
    ring = Keyring((PublicKey.parse(signer.public),))
    stranger, other = Signer(), Signer()
    steps = [rotation(stranger, other), rotation(other, stranger), ("x", "y")]
    assert ring.with_rotations(steps).archives == ring.archives


def test_keys_of_the_operator_are_checked(signer: Signer) -> None:
    assert check_key(f"untrusted comment: x\n{signer.public}\n") == signer.public
    assert check_key("ssh-ed25519 AAAAC3Nz me@here") == "ssh-ed25519 AAAAC3Nz"
    for wrong in ("", "RW", signer.public[:-4], "ssh-ed25519", "ssh-ed25519 AAAA\nssh-rsa B"):
        with pytest.raises(Invalid):
            check_key(wrong)
