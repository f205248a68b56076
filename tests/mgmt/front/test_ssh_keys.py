"""Keys that an operator lets in as root, in a file that is not root's own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from streamstead.core.errors import Forbidden, Invalid, StreamsteadError
from streamstead.mgmt.front.ssh_keys import MARK, KeyChange, SshKeys, fingerprint, parse_key

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIBHDH8GM8bPlcmNJNvdIYXcwPnAJUFmVjuwAoe4jzzkW"
LINE = f"ssh-ed25519 {KEY} me@laptop"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshKeys:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return SshKeys(tmp_path / ".ssh" / "authorized_keys")


async def test_a_key_is_added_once_with_a_mark_and_taken_away_again(
    keys: SshKeys, tmp_path: Path
) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    file.parent.mkdir()
    before = 'command="ls" ssh-rsa AAAA somebody\n# a note\n'
    file.write_text(before)
    for _ in range(2):
        state = await keys.change(KeyChange(enabled=True, key=LINE))
    assert state == {"fingerprints": [fingerprint(KEY)]}
    assert file.read_text() == f"{before}ssh-ed25519 {KEY} me@laptop {MARK}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert await keys.change(KeyChange(enabled=False, key=LINE)) == {"fingerprints": []}
    assert file.read_text() == before


async def test_without_a_key_all_of_ours_go_and_no_other(keys: SshKeys, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    await keys.change(KeyChange(enabled=True, key=LINE))
    with file.open("a") as out:
        out.write("ssh-ed25519 AAAA of-somebody-else\n")
    await keys.change(KeyChange(enabled=False))
    assert file.read_text() == "ssh-ed25519 AAAA of-somebody-else\n"


async def test_nothing_is_added_without_a_key(keys: SshKeys, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        await keys.change(KeyChange(enabled=True, key=" "))
    assert refused.value.key == "pubkey_missing"
    assert not (tmp_path / ".ssh").exists()


async def test_a_link_is_not_followed(keys: SshKeys, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Forbidden):
        await keys.change(KeyChange(enabled=True, key=LINE))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "raw",
    [
        f'command="sh" {LINE}',
        f"{LINE}\nssh-ed25519 {KEY} second",
        f"ssh-dss {KEY}",
        f"ssh-rsa {KEY}",
        f"ssh-ed25519 {KEY[:-8]}",
        f"ssh-ed25519 {KEY}$(id)",
        "ssh-ed25519",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAABDEyMzQ=",
        "x" * 5000,
    ],
)
def test_what_is_no_plain_public_key_is_refused(raw: str) -> None:
    with pytest.raises(StreamsteadError) as refused:
        parse_key(raw)
    assert refused.value.key == "pubkey_invalid"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize("kind", [("ed25519", "256"), ("ecdsa", "384"), ("rsa", "2048")])
def test_keys_of_openssh_are_read_as_it_reads_them(tmp_path: Path, kind: tuple[str, str]) -> None:
    file = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", kind[0], "-b", kind[1], "-N", "", "-f", str(file)]
    subprocess.run(argv, check=True, timeout=60)
    public = Path(f"{file}.pub")
    said = subprocess.check_output(["ssh-keygen", "-lf", str(public)], text=True, timeout=60)
    assert fingerprint(parse_key(public.read_text())) == said.split()[1]


async def test_a_comment_cannot_carry_anything(keys: SshKeys, tmp_path: Path) -> None:
    await keys.change(KeyChange(enabled=True, key=f'ssh-ed25519 {KEY} "x;$(id)'))
    text = (tmp_path / ".ssh" / "authorized_keys").read_text()
    assert text == f"ssh-ed25519 {KEY} xid {MARK}\n"
