"""Which releases there are: looked up at their source, remembered on disk."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ...core.errors import Invalid, NotFound, StreamsteadError
from ...core.files import write_atomic
from ...core.log import get_logger
from ...core.paths import DataDir
from . import git_tags
from .errors import ReleaseRefused
from .fetch import address, fetch_text
from .index import MAX_BYTES, Index, read_index
from .journal import Problem, now_ms
from .keys import Keyring, readable, revoked_file
from .minisign import SIGNATURE_MAX_BYTES, verify_bytes
from .settings import Source, UpgradeSettings
from .version import Version

log = get_logger(__name__)


class Known(BaseModel):
    """``<data>/upgrade/known.json``. ``made_ms``: of the newest index that was ever seen here."""

    model_config = ConfigDict(extra="ignore")

    stable: str | None = None
    latest: str | None = None
    at_ms: int | None = None
    error: Problem | None = None
    source: str = ""
    made_ms: int = 0
    versions: list[str] = []


_ANY = Version((0, 0, 0))
_NOBODY = Keyring()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that can be had. ``index_url`` is empty for a tag; else ``url`` is an archive."""

    version: Version
    url: str
    bytes: int = 0
    sha256: str = ""
    minimum_from: Version = _ANY
    keyring: Keyring = _NOBODY
    is_tag: bool = False


class Releases:
    """Where releases come from, by the operator's choice."""

    def __init__(
        self, data: DataDir, chosen: UpgradeSettings, keyring: Keyring, local_release: str = ""
    ) -> None:
        self._file = data.upgrade / "known.json"
        self._revoked = revoked_file(data)
        self._chosen = chosen
        self._keyring = keyring
        self._local = local_release

    @property
    def _index_url(self) -> str:
        return self._local or (self._chosen.url if self._chosen.source is Source.INDEX else "")

    @property
    def _place(self) -> str:
        return self._index_url or self._chosen.repository

    def known(self) -> Known:
        """Return what was found last; nothing of another source."""
        try:
            found = Known.model_validate_json(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return Known()
        return found if found.source == self._place else Known()

    def look(self) -> Known:
        """Ask the source now; a failure is part of what is returned, with what was known before."""
        before = self.known()
        try:
            found = self._ask(before)
        except (StreamsteadError, OSError) as exc:
            found = before.model_copy(update={"error": Problem.of(exc)})
        found = found.model_copy(update={"at_ms": now_ms(), "source": self._place})
        write_atomic(self._file, found.model_dump_json(indent=1) + "\n", 0o600)
        return found

    def find(self, wanted: str) -> Candidate:
        """Return the release that is meant by a version, ``stable``, ``latest`` or nothing.

        Raises Upstream, NotFound, ReleaseRefused.
        """
        wanted = wanted or self._chosen.channel
        if not self._index_url:
            return self._find_tag(wanted)
        index, keyring = self._read_index(self.known().made_ms)
        entry = index.find(wanted)
        return Candidate(
            version=Version.parse(entry.version),
            url=address(entry.url, self._index_address()),
            bytes=entry.bytes,
            sha256=entry.sha256,
            minimum_from=Version.parse(entry.minimum_from),
            keyring=keyring,
        )

    def _ask(self, before: Known) -> Known:
        if self._index_url:
            index, _ = self._read_index(before.made_ms)
            versions = sorted(Version.parse(entry.version) for entry in index.releases)
            return Known(
                stable=str(Version.parse(index.stable)),
                latest=str(Version.parse(index.latest)),
                made_ms=index.made_ms,
                versions=[str(version) for version in versions],
            )
        versions = self._tags()
        final = [version for version in versions if version.final]
        return Known(
            stable=str(final[-1]) if final else None,
            latest=str(versions[-1]),
            versions=[str(version) for version in versions],
        )

    def _index_address(self) -> str:
        url = address(self._index_url)
        return url if not Path(url.removeprefix("file://")).is_dir() else f"{url}/index.json"

    def _read_index(self, newest_ms: int) -> tuple[Index, Keyring]:
        """Return the index, and the keys that count with what it says of new ones."""
        url = self._index_address()
        raw = fetch_text(url, MAX_BYTES)
        signature = fetch_text(f"{url}.minisig", SIGNATURE_MAX_BYTES).decode(errors="replace")
        # Only the rotations are read before the signature is verified, and each has its own.
        keyring = self._keyring.with_rotations(_rotations(raw))
        verify_bytes(raw, signature, list(keyring.archives))
        index = read_index(raw)
        if index.revoked_keys:
            keyring = self._revoke(index, keyring, raw, signature)
        if index.made_ms < newest_ms:
            raise ReleaseRefused(
                "the index of releases is older than one that was seen here before",
                "Somebody may be holding newer releases back; look at the address, or try later.",
                key="index_older",
            )
        return index, keyring

    def _revoke(self, index: Index, keyring: Keyring, raw: bytes, signature: str) -> Keyring:
        """Note what an index revokes, and return the ring without it.

        Raises ReleaseRefused when the index itself is signed by such a key alone: then it counts
        for nothing else, or whoever stole the key could name the next one.
        """
        kept = self._revoked.read()
        wanted = readable(index.revoked_keys)
        left = keyring.without(wanted)
        now = kept.model_copy(update={"keys": list(dict.fromkeys([*kept.keys, *wanted]))})
        try:
            verify_bytes(raw, signature, list(left.archives))
            named = [str(key) for key in left.archives if key not in self._keyring.archives]
            now.successors = list(dict.fromkeys([*kept.successors, *named]))
        finally:
            if now != kept:
                log.warning("upgrade.keys_revoked", keys=len(now.keys) - len(kept.keys))
                self._revoked.write(now)
        return left

    def _tags(self) -> list[Version]:
        if not self._chosen.repository:
            raise NotFound(
                "it is not set where releases come from",
                "Give the address of an index or a repository: the Upgrade page, or"
                " `streamstead upgrade --from DIR` with a checkout.",
                key="upgrade_no_source",
            )
        versions = git_tags.list_versions(self._chosen.repository)
        if not versions:
            raise NotFound("the repository has no tag like v1.2.3", "Look at its address.")
        return versions

    def _find_tag(self, wanted: str) -> Candidate:
        versions = self._tags()
        if wanted == "latest":
            version = versions[-1]
        elif wanted == "stable":
            final = [one for one in versions if one.final]
            if not final:
                raise NotFound("the repository has no stable release yet", "Take latest.")
            version = final[-1]
        else:
            version = Version.parse(wanted)
            if version not in versions:
                raise NotFound(f"the repository has no tag v{version}", "Look at its tags.")
        url = git_tags.check_repository(self._chosen.repository)
        return Candidate(version, url, keyring=self._keyring, is_tag=True)


def _rotations(raw: bytes) -> list[tuple[str, str]]:
    try:
        return [(one.key, one.signature) for one in read_index(raw).rotations]
    except (ReleaseRefused, Invalid):
        return []
