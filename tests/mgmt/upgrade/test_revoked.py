"""Keys that are trusted no more, and releases older than the one that runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streamstead.core.files import write_atomic
from streamstead.core.paths import DataDir
from streamstead.core.version import VERSION
from streamstead.mgmt.backup.contents import carried
from streamstead.mgmt.cli.main import main
from streamstead.mgmt.upgrade.errors import ReleaseRefused
from streamstead.mgmt.upgrade.job import Job
from streamstead.mgmt.upgrade.journal import Origin, Wish, new_run
from streamstead.mgmt.upgrade.keys import Keyring, Revoked, keyring, mark, revoked_file
from streamstead.mgmt.upgrade.known import Candidate, Releases
from streamstead.mgmt.upgrade.minisign import PublicKey, verify, verify_bytes
from streamstead.mgmt.upgrade.place import chosen_file, trusted
from streamstead.mgmt.upgrade.preparing import NothingToDo, Preparing
from streamstead.mgmt.upgrade.settings import UpgradeSettings
from streamstead.mgmt.upgrade.snapshot import _bring_back
from streamstead.mgmt.upgrade.version import Version

from .conftest import Signer

ROOT = Path(__file__).resolve().parents[3]
OLD, NEW = "0.0.1", "99.0.0"


class Minisign:
    """A publisher with the real program and the scripts of this checkout."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("minisign")
        if found is None:
            pytest.skip("minisign is not installed on this machine (auto/test installs it)")
        self.program, self.folder = found, folder
        self.out = folder / "shelf"
        self.out.mkdir()

    def key(self, name: str) -> Path:
        """Make a pair; return the path of the secret key, with the public one beside it."""
        secret = self.folder / name
        self._run("-GW", "-p", f"{secret}.pub", "-s", str(secret))
        return secret

    def sign(self, secret: Path, path: Path) -> None:
        self._run("-S", "-s", str(secret), "-m", str(path))

    def publish(self, secret: Path, version: str, *options: str) -> None:
        """Enter a release, as auto/make-release does, and sign it all."""
        archive = self.out / f"streamstead-{version}.tar.gz"
        archive.write_bytes(version.encode())
        argv = [sys.executable, ROOT / "auto/release_index.py", "enter", self.out, archive]
        subprocess.run([*argv, "--version", version, *options], check=True)
        self.sign(secret, archive)
        self.sign(secret, self.out / "index.json")

    def _run(self, *words: str) -> None:
        subprocess.run([self.program, *words], check=True, capture_output=True)


@pytest.fixture
def publisher(tmp_path: Path) -> Minisign:
    (tmp_path / "publisher").mkdir()
    return Minisign(tmp_path / "publisher")


class Looking:
    """A house that looks into a folder; ``pinned``: the keys of its release."""

    def __init__(self, data: DataDir, place: Path, *pinned: str) -> None:
        self.data, self.place, self._share = data, place, data.root / "share"
        (self._share / "release-keys").mkdir(parents=True)
        for number, text in enumerate(pinned):
            (self._share / "release-keys" / f"{number}.pub").write_text(text)

    def ring(self) -> Keyring:
        kept = revoked_file(self.data).read()
        own = chosen_file(self.data).read().keys
        return keyring(self._share, [*own, *kept.successors]).without(kept.keys)

    def releases(self) -> Releases:
        return Releases(self.data, UpgradeSettings(url=str(self.place)), self.ring())

    def error(self) -> str:
        found = self.releases().look().error
        return found.key if found else ""


def test_a_key_that_its_successor_revokes_is_never_trusted_again(
    publisher: Minisign, data: DataDir
) -> None:
    first, second = publisher.key("first"), publisher.key("second")
    house = Looking(data, publisher.out, Path(f"{first}.pub").read_text())
    publisher.publish(first, "1.0.0")
    assert house.error() == ""
    publisher.sign(first, Path(f"{second}.pub"))
    publisher.publish(second, "1.1.0", "--rotate", f"{second}.pub", "--revoke", f"{first}.pub")
    assert house.error() == ""
    # The release still carries the first one, and its rotation is gone: the second one stays.
    index = json.loads((publisher.out / "index.json").read_text())
    del index["rotations"], index["revoked_keys"]
    index["made_ms"] += 1
    (publisher.out / "index.json").write_text(json.dumps(index))
    publisher.sign(second, publisher.out / "index.json")
    assert house.error() == ""
    found = house.releases().find("1.1.0")
    archive = publisher.out / "streamstead-1.1.0.tar.gz"
    assert verify(archive, _signature(archive), list(found.keyring.archives))
    # Whoever has the first one can offer nothing any more: no index, no archive, no new key.
    third = publisher.key("third")
    publisher.sign(first, Path(f"{third}.pub"))
    publisher.publish(third, "6.6.6", "--rotate", f"{third}.pub")
    assert house.error() == "signature_key_unknown"
    publisher.publish(first, "6.6.7")
    assert house.error() == "signature_key_unknown"
    archive = publisher.out / "streamstead-6.6.7.tar.gz"
    with pytest.raises(ReleaseRefused):
        verify(archive, _signature(archive), list(house.ring().archives))


def test_an_index_that_revokes_the_key_it_is_signed_by_is_the_last_word_of_that_key(
    publisher: Minisign, data: DataDir
) -> None:
    first, second = publisher.key("first"), publisher.key("second")
    pinned = [Path(f"{one}.pub").read_text() for one in (first, second)]
    house = Looking(data, publisher.out, *pinned)
    # Its thief may be the one who says so: the key that he names instead is not taken.
    stolen = publisher.key("stolen")
    publisher.sign(first, Path(f"{stolen}.pub"))
    publisher.publish(first, "1.0.0", "--rotate", f"{stolen}.pub", "--revoke", f"{first}.pub")
    assert house.error() == "signature_key_unknown"
    assert revoked_file(data).read() == Revoked(keys=[_line(first)])
    publisher.publish(stolen, "1.0.1")
    assert house.error() == "signature_key_unknown"
    publisher.publish(second, "1.0.2")
    assert house.error() == ""


def test_a_stranger_revokes_nothing(publisher: Minisign, data: DataDir) -> None:
    ours, stranger = publisher.key("ours"), publisher.key("stranger")
    house = Looking(data, publisher.out, Path(f"{ours}.pub").read_text())
    publisher.publish(stranger, "1.0.0", "--revoke", f"{ours}.pub")
    assert house.error() == "signature_key_unknown"
    assert revoked_file(data).read() == Revoked()
    assert mark(_line(ours)) in {mark(str(key)) for key in house.ring().archives}


def _signature(archive: Path) -> str:
    return archive.with_name(f"{archive.name}.minisig").read_text()


def _line(secret: Path) -> str:
    return Path(f"{secret}.pub").read_text().splitlines()[-1]


def test_a_revoked_key_under_another_number_is_the_same_key(signer: Signer) -> None:
    other = Signer(private=signer.private, key_id=bytes(8))
    ring = Keyring((PublicKey.parse(signer.public), PublicKey.parse(other.public)))
    ring = ring.without([signer.public])
    assert ring.archives == ()
    with pytest.raises(ReleaseRefused):
        verify_bytes(b"x", other.sign(b"x"), list(ring.archives))


def test_a_key_that_the_operator_takes_out_is_trusted_no_more(
    data: DataDir, signer: Signer
) -> None:
    chosen_file(data).write(UpgradeSettings(keys=[signer.public]))
    assert PublicKey.parse(signer.public) in trusted(data).archives
    chosen_file(data).write(UpgradeSettings(keys=[]))
    assert PublicKey.parse(signer.public) not in trusted(data).archives


ENV = "STREAMSTEAD_API_SECRET=a\nSTREAMSTEAD_HOOK_SECRET=b\nSTREAMSTEAD_REDIS_PASSWORD=c\n"


def test_root_may_revoke_a_key_that_came_with_a_release(data: DataDir, signer: Signer) -> None:
    data.env_file.write_text(ENV)
    chosen_file(data).write(UpgradeSettings(keys=[signer.public]))
    assert main(["revoke-key", signer.public, "--data", str(data.root)]) == 0
    assert main(["revoke-key", "ssh-ed25519 AAAAC3 me", "--data", str(data.root)]) == 0
    ring = trusted(data)
    assert PublicKey.parse(signer.public) not in ring.archives
    assert keyring(data.root, ["ssh-ed25519 AAAAC3"]).without(ring_of_state(data)).tags == ()


def ring_of_state(data: DataDir) -> list[str]:
    return revoked_file(data).read().keys


def test_neither_a_rollback_nor_a_backup_brings_a_revoked_key_back(
    tmp_path: Path, data: DataDir
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    write_atomic(before / "revoked-keys.json", Revoked(keys=["old"]).model_dump_json())
    revoked_file(data).write(Revoked(keys=["old", "new"]))
    _bring_back(before, data.mgmt)
    assert revoked_file(data).read().keys == ["old", "new"]
    (before / "revoked-keys.json").unlink()
    _bring_back(before, data.mgmt)
    assert revoked_file(data).read().keys == ["old", "new"]
    assert carried("revoked-keys.json")


# Older releases.


@pytest.fixture
def job(data: DataDir) -> Any:
    return SimpleNamespace(data=data, settings=SimpleNamespace(data=data, local_release=""))


def check(job: Any, offered: str, monkeypatch: pytest.MonkeyPatch, **wish: Any) -> str:
    """Let a run look at the release of that version in an index."""
    job.run = new_run(Wish(**wish), VERSION, "1-a")
    releases = SimpleNamespace(find=lambda _: Candidate(Version.parse(offered), "x"))
    monkeypatch.setattr("streamstead.mgmt.upgrade.preparing.releases_of", lambda _: releases)
    return Preparing(cast(Job, job))._check()


def test_an_older_release_is_refused_though_it_is_signed(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for force in (False, True):
        with pytest.raises(ReleaseRefused) as refused:
            check(job, OLD, monkeypatch, version=OLD, force=force)
        assert refused.value.key == "release_older"
        assert "streamstead rollback" in refused.value.help
    assert "can be had" in check(job, NEW, monkeypatch, version=NEW)
    assert "can be had" in check(job, VERSION, monkeypatch, version=VERSION, force=True)


def test_a_channel_that_is_behind_is_nothing_to_do(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for channel in ("", "stable", "latest"):
        with pytest.raises(NothingToDo, match="newer than"):
            check(job, OLD, monkeypatch, version=channel)


def test_root_may_take_an_older_one_with_words_why(
    job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = check(job, OLD, monkeypatch, version=OLD, allow_older="the new one drops frames")
    assert "can be had" in said


def test_the_socket_has_no_way_to_say_so() -> None:
    from streamstead.mgmt.upgrade.part import RollbackWish, StartWish

    for model in (StartWish, RollbackWish):
        assert not {"allow_older", "path", "origin"} & set(model.model_fields)
    assert Wish().allow_older == ""
    assert Wish().origin is Origin.CHANNEL
