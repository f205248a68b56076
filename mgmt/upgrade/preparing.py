"""The first half of a run: everything up to a built and verified release beside the others.

Nothing that runs is touched, so all of it may be begun again at any time.
"""

import os
import secrets
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ...core.errors import Conflict, NotFound
from ...core.log import get_logger
from . import git_tags
from .build import build_release, spec_hashes
from .errors import ReleaseRefused, UpgradeFailed
from .fetch import fetch_file, fetch_text
from .guard import go_mark
from .job import Job
from .journal import Origin
from .keys import Keyring
from .known import Candidate
from .minisign import SIGNATURE_MAX_BYTES, verify
from .place import chosen_file, releases_of, trusted, version_of
from .settings import Channel
from .unpack import unpack
from .version import Version

log = get_logger(__name__)

NEED_MB = 300
LOOK_EVERY_S = 5.0
WAIT_LIMIT_S = 7 * 86_400.0
LIVE = ("media", "front")
"""Programs whose restart is noticed by who publishes or watches."""


class NothingToDo(Exception):
    """What is wanted runs already."""


class Manifest(BaseModel):
    """``release.json`` at the top of an archive; it is under the same signature."""

    model_config = ConfigDict(extra="ignore")

    version: str
    minimum_from: str = "0.0.0"


class Preparing:
    """The steps, in their order. ``target`` is the name of the built release afterwards."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._wish = job.run.wish
        self._candidate: Candidate | None = None
        self._tree = Path()
        self._keyring = Keyring()

    def run(self) -> None:
        """Raises NothingToDo, StreamsteadError and OSError."""
        job, wish = self._job, self._wish
        shutil.rmtree(job.work, ignore_errors=True)
        job.work.mkdir(parents=True, mode=0o700)
        job.do("check", self._check)
        job.do("preflight", self._preflight)
        if wish.origin in (Origin.TREE, Origin.RELEASE):
            job.skip("fetch", "verify", "unpack")
        else:
            job.do("fetch", self._fetch)
            job.do("verify", self._verify)
            job.do("unpack", self._unpack)
        if wish.origin is Origin.RELEASE:
            job.skip("build")
        else:
            job.do("build", self._build)
        job.do("wait", self._wait)

    def _check(self) -> str:
        job, wish = self._job, self._wish
        if wish.origin is Origin.RELEASE:
            release = job.installed.find(Path(wish.path).name)
            return self._found(release, version_of(release))
        if wish.origin is Origin.TREE:
            self._tree = Path(wish.path)
            job.run.to = str(_version_of_tree(self._tree))
            return f"{job.run.to} from {self._tree}"
        self._keyring = trusted(job.data)
        if wish.origin is Origin.ARCHIVE:
            return f"the archive {wish.path}"
        candidate = self._candidate = releases_of(job.settings).find(wish.version)
        self._keyring = candidate.keyring
        job.run.to = str(candidate.version)
        running = Version.parse(job.run.from_)
        if candidate.version == running and not wish.force:
            raise NothingToDo(f"{running} runs already")
        if candidate.version < running and wish.version in ("", *Channel):
            raise NothingToDo(f"{running} runs, which is newer than {candidate.version}")
        self._check_older(candidate.version)
        _check_minimum(running, candidate.minimum_from)
        return f"{candidate.version} can be had"

    def _check_older(self, version: Version) -> None:
        """Refuse what somebody could offer us for the faults it still has: its signature is good
        for ever. Going back to what is installed is another matter."""
        running, why = Version.parse(self._job.run.from_), self._wish.allow_older
        if version >= running:
            return
        if not why:
            raise ReleaseRefused(
                f"{version} is older than {running}, which runs",
                "Go back to an installed release: streamstead rollback. On the server, with words"
                f' why: streamstead upgrade --version {version} --allow-older "..."',
                key="release_older",
            )
        log.warning("upgrade.older", version=str(version), running=str(running), why=why)

    def _found(self, release: str, version: str) -> str:
        job = self._job
        job.run.target, job.run.to = release, version
        if release == job.run.before:
            raise NothingToDo(f"{release} runs already")
        return f"{release} is installed"

    def _preflight(self) -> str:
        job = self._job
        job.keep_reserve()
        need_mb = NEED_MB
        if self._candidate is not None:
            need_mb += 3 * self._candidate.bytes >> 20
        if self._wish.origin is not Origin.RELEASE:
            need_mb += _size_mb(job.installed.folder(job.run.before))
        free_mb = shutil.disk_usage(job.data.releases).free >> 20
        if free_mb < need_mb:
            raise UpgradeFailed(
                f"the disk of {job.data.root} has {free_mb} MB free, and {need_mb} MB are needed",
                "Free some space, for example by removing recordings, then try again.",
                key="upgrade_disk",
            )
        _check_executable(job.data.releases)
        wrong = job.checkup.complaints()
        if wrong and not self._wish.force:
            raise Conflict(
                f"not everything is well before the upgrade: {'; '.join(wrong)}",
                "Mend that first, or it could not be told whether the new release works; or go"
                " on all the same with force.",
                key="upgrade_not_well_before",
            )
        live = job.checkup.live()
        streams = "nobody is live" if not live else f"{len(live)} live"
        return f"{free_mb} MB free; {streams}"

    def _fetch(self) -> str:
        job, wish = self._job, self._wish
        if wish.origin is Origin.ARCHIVE:
            source = Path(wish.path)
            _copy(source, job.work / "archive")
            signature = source.with_name(f"{source.name}.minisig")
            if not signature.exists():
                raise ReleaseRefused(
                    f"{signature} is missing, the signature of the archive",
                    "Put it beside the archive; its publisher has both.",
                    key="signature_missing",
                )
            _copy(signature, job.work / "signature")
            return f"copied {source.name}"
        candidate = self._candidate
        assert candidate is not None
        if candidate.is_tag:
            git_tags.fetch_tag(candidate.url, candidate.version, job.work / "tree")
            return f"the tag v{candidate.version}"
        signature_text = fetch_text(f"{candidate.url}.minisig", SIGNATURE_MAX_BYTES)
        (job.work / "signature").write_bytes(signature_text)

        def progress(done: int) -> None:
            job.tell(f"{done >> 20} of {candidate.bytes >> 20} MB")

        found = fetch_file(candidate.url, job.work / "archive", candidate.bytes, progress)
        if not secrets.compare_digest(found, candidate.sha256):
            raise ReleaseRefused(
                "the archive is not the one that the index names",
                "Nothing of it was used. Try again; if it stays so, tell its publisher.",
                key="release_digest",
            )
        return f"{candidate.bytes >> 20} MB"

    def _verify(self) -> str:
        job, candidate = self._job, self._candidate
        if candidate is not None and candidate.is_tag:
            git_tags.verify_tag(job.work / "tree", candidate.version, candidate.keyring.tags)
            return "the tag is signed by a trusted key"
        signature = (job.work / "signature").read_text(errors="replace")
        comment = verify(job.work / "archive", signature, list(self._keyring.archives))
        return f"signed by a trusted key ({comment[:200]})"

    def _unpack(self) -> str:
        job, candidate = self._job, self._candidate
        if candidate is not None and candidate.is_tag:
            self._tree = job.work / "tree"
            if _version_of_tree(self._tree) != candidate.version:
                raise _other_version(str(_version_of_tree(self._tree)), str(candidate.version))
            return ""
        self._tree = unpack(job.work / "archive", job.work / "unpacked")
        (job.work / "archive").unlink()
        manifest = _read_manifest(self._tree)
        version = Version.parse(manifest.version)
        if candidate is not None and version != candidate.version:
            raise _other_version(manifest.version, str(candidate.version))
        job.run.to = str(version)
        self._check_older(version)
        _check_minimum(Version.parse(job.run.from_), Version.parse(manifest.minimum_from))
        return f"release {version}"

    def _build(self) -> str:
        job = self._job
        release = build_release(self._tree, job.data, job.tell)
        self._found(release, version_of(release))
        return release

    def _wait(self) -> str:
        """Let the new release read the settings; wait when it would restart what is live."""
        job, wish = self._job, self._wish
        before = job.link.ask("/v1/upgrade/specs")
        after = spec_hashes(job.installed.python(job.run.target), job.data)
        changed = [name for name in LIVE if before.get(name) != after.get(name)]
        if not changed:
            return "the media server goes on as it is"
        job.run.media_changes = "media" in changed
        named = " and ".join(changed)
        if wish.force:
            return f"{named} will be restarted, as forced"
        if wish.dry_run:
            return f"{named} will be restarted: inside the window and with nobody live"
        until = time.monotonic() + WAIT_LIMIT_S
        go = go_mark(job.data)
        go.unlink(missing_ok=True)
        while (waits_for := self._waits_for()) and not go.exists():
            if waits_for != job.run.waits_for:
                job.run.waits_for = waits_for
                job.tell(f"{named} will be restarted, so it waits for {_words(waits_for)}")
                job.journal.write(job.run)
            if time.monotonic() > until:
                raise UpgradeFailed(
                    f"for a week it was never possible to restart {named}: {_words(waits_for)}",
                    "Make the window longer, or begin the upgrade with force.",
                    key="upgrade_never_quiet",
                )
            job.lock.renew(job.run.id)
            time.sleep(LOOK_EVERY_S)
        go.unlink(missing_ok=True)
        job.run.waits_for = []
        return f"{named} may be restarted now"

    def _waits_for(self) -> list[str]:
        window = chosen_file(self._job.data).read().window
        found = [] if window.is_open(datetime.now(UTC)) else ["window"]
        live = self._job.checkup.live()
        # A media server that does not answer carries nobody.
        return found + (["live_streams"] if live else [])


def _words(waits_for: list[str]) -> str:
    words = {"window": "the maintenance window", "live_streams": "the end of all live streams"}
    return " and ".join(words[one] for one in waits_for)


def _check_minimum(running: Version, minimum: Version) -> None:
    if running < minimum:
        raise ReleaseRefused(
            f"this release can only be reached from {minimum} or newer, and {running} runs",
            f"Upgrade to {minimum} first: streamstead upgrade --version {minimum}",
            key="release_minimum",
        )


def _other_version(found: str, wanted: str) -> ReleaseRefused:
    return ReleaseRefused(
        f"it says it is {found}, and {wanted} was asked for",
        "Nothing of it was used; tell its publisher.",
        key="release_version",
    )


def _read_manifest(tree: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((tree / "release.json").read_bytes())
    except (OSError, ValidationError):
        raise ReleaseRefused(
            "the archive holds no release.json of ours",
            "Archives are made by auto/make-release.",
            key="archive_bad",
        ) from None


def _version_of_tree(tree: Path) -> Version:
    import tomllib

    try:
        found: dict[str, Any] = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))
        return Version.parse(str(found["project"]["version"]))
    except (OSError, KeyError, ValueError):
        raise NotFound(f"{tree} is no checkout of Streamstead", "Name its top folder.") from None


def _check_executable(folder: Path) -> None:
    probe = folder / f".probe.{os.getpid()}"
    try:
        probe.write_text("#!/bin/sh\nexit 0\n")
        probe.chmod(0o700)
        runs = os.access(probe, os.X_OK)
    finally:
        probe.unlink(missing_ok=True)
    if not runs:
        raise UpgradeFailed(
            f"programs in {folder} cannot be started (mounted noexec?)",
            "Mount that disk without noexec.",
            key="upgrade_disk",
        )


def _size_mb(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            total += os.lstat(os.path.join(root, name)).st_size
    return total >> 20


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise NotFound(f"{source} does not exist", "Check the name.") from None
