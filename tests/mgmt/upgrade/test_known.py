"""Where releases come from: an index as a file and over HTTP, tags of a repository, and lies."""

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.errors import NotFound, Upstream
from streamstead.core.paths import DataDir
from streamstead.mgmt.upgrade import git_tags
from streamstead.mgmt.upgrade.errors import ReleaseRefused
from streamstead.mgmt.upgrade.fetch import address, fetch_file
from streamstead.mgmt.upgrade.keys import PINNED, Keyring, keyring
from streamstead.mgmt.upgrade.known import Releases
from streamstead.mgmt.upgrade.minisign import PublicKey
from streamstead.mgmt.upgrade.settings import Channel, Source, UpgradeSettings
from streamstead.mgmt.upgrade.version import Version

from .conftest import Signer


class Shelf:
    """A folder that somebody publishes, and a house that looks there."""

    def __init__(self, folder: Path, data: DataDir, signer: Signer) -> None:
        self.folder, self.signer = folder, signer
        self._data = data
        folder.mkdir()
        self.index: dict[str, Any] = {
            "format": 1, "made_ms": 1000, "stable": "1.1.0", "latest": "1.2.0-rc.1",
            "releases": [self.entry("1.1.0"), self.entry("1.2.0-rc.1")],
        }  # fmt: skip
        self.publish()

    def entry(self, version: str) -> dict[str, Any]:
        name = f"streamstead-{version}.tar.gz"
        (self.folder / name).write_bytes(version.encode())
        digest = hashlib.sha256(version.encode()).hexdigest()
        return {"version": version, "url": name, "bytes": len(version), "sha256": digest}

    def publish(self) -> None:
        path = self.folder / "index.json"
        path.write_text(json.dumps(self.index))
        self.signer.sign_file(path)

    def releases(self, place: str = "", trusted: Signer | None = None) -> Releases:
        ring = Keyring((PublicKey.parse((trusted or self.signer).public),))
        chosen = UpgradeSettings(url=place or str(self.folder))
        return Releases(self._data, chosen, ring)


@pytest.fixture
def shelf(tmp_path: Path, data: DataDir, signer: Signer) -> Shelf:
    return Shelf(tmp_path / "shelf", data, signer)


def test_an_index_tells_what_can_be_had(shelf: Shelf) -> None:
    known = shelf.releases().look()
    assert (known.stable, known.latest, known.error) == ("1.1.0", "1.2.0-rc.1", None)
    found = shelf.releases().find("v1.1.0")
    assert found.version == Version.parse("1.1.0")
    assert found.url == f"file://{shelf.folder}/streamstead-1.1.0.tar.gz"
    assert shelf.releases().find("").version == Version.parse("1.1.0")
    assert shelf.releases().find(Channel.LATEST).version == Version.parse("1.2.0-rc.1")
    with pytest.raises(NotFound):
        shelf.releases().find("9.9.9")


def test_a_changed_index_is_refused_and_what_was_known_stays(shelf: Shelf) -> None:
    shelf.releases().look()
    path = shelf.folder / "index.json"
    path.write_text(path.read_text().replace("1.1.0", "6.6.6"))
    known = shelf.releases().look()
    assert known.error is not None
    assert known.error.key == "signature_wrong"
    assert known.stable == "1.1.0"


def test_an_index_of_a_stranger_is_refused(shelf: Shelf) -> None:
    known = shelf.releases(trusted=Signer()).look()
    assert known.error is not None
    assert known.error.key == "signature_key_unknown"
    assert known.stable is None


def test_an_older_index_than_before_is_refused(shelf: Shelf) -> None:
    shelf.releases().look()
    shelf.index["made_ms"] = 999
    shelf.publish()
    known = shelf.releases().look()
    assert known.error is not None
    assert known.error.key == "index_older"
    with pytest.raises(ReleaseRefused):
        shelf.releases().find("1.1.0")


def test_an_index_signed_by_a_new_key_is_taken_when_the_old_one_signed_that(shelf: Shelf) -> None:
    old, shelf.signer = shelf.signer, Signer()
    shelf.publish()
    refused = shelf.releases(trusted=old).look()
    assert refused.error is not None
    key = shelf.signer.public
    shelf.index["rotations"] = [{"key": key, "signature": old.sign(key.encode())}]
    shelf.publish()
    assert shelf.releases(trusted=old).look().error is None
    ring = shelf.releases(trusted=old).find("1.1.0").keyring
    assert PublicKey.parse(key) in ring.archives


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"stable": "newest"}, {"releases": [{"version": "1"}]}, {"made_ms": None}],
)
def test_a_signed_index_in_another_format_is_refused_in_words(
    shelf: Shelf, change: dict[str, Any]
) -> None:
    shelf.index |= change
    shelf.publish()
    error = shelf.releases().look().error
    assert error is not None
    assert error.key == "index_bad"


def test_a_source_that_is_away_is_told_and_one_that_is_not_set_too(shelf: Shelf) -> None:
    away = shelf.releases("/nonexistent/index.json").look()
    assert away.error is not None
    assert away.error.key == "upstream"
    unset = shelf.releases(" ")
    unset._chosen = UpgradeSettings()
    error = unset.look().error
    assert error is not None
    assert error.key == "upgrade_no_source"


@pytest.mark.parametrize(
    "text",
    ["http://example.com/i.json", "ftp://x/i", "file://host/x", "javascript:1"],
)
def test_ways_that_anybody_could_listen_on_are_refused(text: str) -> None:
    with pytest.raises(ReleaseRefused):
        address(text)


def test_an_index_from_afar_may_not_name_files_of_this_machine() -> None:
    with pytest.raises(ReleaseRefused):
        address("file:///etc/shadow", "https://example.com/index.json")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/index.json")
            self.end_headers()
            return
        super().do_GET()


@pytest.fixture
def served(shelf: Shelf) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shelf.folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_index_over_http_and_its_archive(shelf: Shelf, served: str, tmp_path: Path) -> None:
    releases = shelf.releases(f"{served}/index.json")
    assert releases.look().stable == "1.1.0"
    found = releases.find("1.1.0")
    told: list[int] = []
    digest = fetch_file(found.url, tmp_path / "got", found.bytes, told.append)
    assert digest == found.sha256
    assert told[-1] == found.bytes


def test_more_than_was_announced_is_not_fetched(shelf: Shelf, served: str, tmp_path: Path) -> None:
    with pytest.raises(ReleaseRefused) as refused:
        fetch_file(f"{served}/streamstead-1.1.0.tar.gz", tmp_path / "got", 3)
    assert refused.value.key == "release_size"


def test_what_is_missing_or_leads_elsewhere_is_told(served: str, tmp_path: Path) -> None:
    with pytest.raises(Upstream) as missing:
        fetch_file(f"{served}/none.tar.gz", tmp_path / "got", 100)
    assert "404" in missing.value.message
    with pytest.raises(ReleaseRefused):
        fetch_file(f"{served}/elsewhere", tmp_path / "got", 100)


def test_keys_of_the_release_and_of_the_operator_count(tmp_path: Path, signer: Signer) -> None:
    own = Signer()
    folder = tmp_path / PINNED
    folder.mkdir()
    (folder / "README.md").write_text("words")
    (folder / "us.pub").write_text(f"untrusted comment: us\n{signer.public}\n")
    (folder / "us.ssh").write_text("# ours\nssh-ed25519 AAAA us\n")
    ring = keyring(tmp_path, [own.public, "broken"])
    assert {key.key_id for key in ring.archives} == {signer.key_id, own.key_id}
    assert ring.tags == ("ssh-ed25519 AAAA",)


def run(*argv: str | Path, cwd: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(argv, cwd=cwd, env=env, check=True, capture_output=True)


class Repository:
    """A repository with tags that are signed by an SSH key, and one that is not."""

    def __init__(self, folder: Path) -> None:
        for program in ("git", "ssh-keygen"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed on this machine")
        folder.mkdir()
        self.folder, key = folder, folder.parent / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, cwd=folder)
        self.public = " ".join((folder.parent / "key.pub").read_text().split()[:2])
        run("git", "init", "-q", cwd=folder)
        for name, value in (
            ("user.name", "A"), ("user.email", "a@example.com"), ("gpg.format", "ssh"),
            ("user.signingkey", str(key)), ("commit.gpgsign", "false"),
        ):  # fmt: skip
            run("git", "config", name, value, cwd=folder)
        for version in ("1.0.0", "1.1.0-rc.1"):
            (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
            run("git", "add", ".", cwd=folder)
            run("git", "commit", "-qm", version, cwd=folder)
            run("git", "tag", "-s", f"v{version}", "-m", version, cwd=folder)
        run("git", "tag", "-a", "v0.9.0", "-m", "unsigned", cwd=folder)
        run("git", "tag", "nightly", cwd=folder)


def test_tags_of_a_repository_are_releases(tmp_path: Path, data: DataDir) -> None:
    repository = Repository(tmp_path / "repository")
    chosen = UpgradeSettings(source=Source.GIT, url=f"file://{repository.folder}")
    releases = Releases(data, chosen, Keyring(tags=(repository.public,)))
    known = releases.look()
    assert (known.stable, known.latest) == ("1.0.0", "1.1.0-rc.1")
    found = releases.find("latest")
    assert found.is_tag
    tree = tmp_path / "tree"
    git_tags.fetch_tag(found.url, found.version, tree)
    git_tags.verify_tag(tree, found.version, found.keyring.tags)
    assert "1.1.0-rc.1" in (tree / "pyproject.toml").read_text()
    with pytest.raises(NotFound):
        releases.find("7.0.0")


def test_a_tag_that_nobody_trusted_has_signed_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    url = f"file://{repository.folder}"
    unsigned, signed = Version.parse("0.9.0"), Version.parse("1.0.0")
    git_tags.fetch_tag(url, unsigned, tmp_path / "unsigned")
    with pytest.raises(ReleaseRefused):
        git_tags.verify_tag(tmp_path / "unsigned", unsigned, (repository.public,))
    git_tags.fetch_tag(url, signed, tmp_path / "signed")
    other = tmp_path / "other"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other, cwd=tmp_path)
    stranger = (tmp_path / "other.pub").read_text().strip()
    for keys in ((), (stranger,)):
        with pytest.raises(ReleaseRefused):
            git_tags.verify_tag(tmp_path / "signed", signed, keys)


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ext::sh -c id", "-upload-pack=x", "git://x"]
)
def test_other_ways_to_a_repository_are_refused(url: str) -> None:
    with pytest.raises(ReleaseRefused):
        git_tags.check_repository(url)


def test_a_name_on_github_or_gitee_becomes_an_address() -> None:
    assert UpgradeSettings(source=Source.GITHUB, url="o/n").repository == "https://github.com/o/n"
    assert UpgradeSettings(source=Source.GITEE, url="o/n").repository == "https://gitee.com/o/n"
    assert UpgradeSettings(source=Source.GIT, url="https://x/y").repository == "https://x/y"
