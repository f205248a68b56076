"""One installation: its releases on disk, which one is current, and what it trusts."""

import os
import shutil
from pathlib import Path

from ...core.errors import NotFound
from ...core.files import sync_directory, write_atomic
from ...core.paths import DataDir, share_dir
from ...core.settings import Settings
from ..state_file import StateFile
from .keys import Keyring, keyring, revoked_file
from .known import Releases
from .settings import UpgradeSettings

KEEP_RELEASES = 3
BUILDING = ".building"


def release_here() -> str:
    """Name of the release this process runs from; of its folder when it is a checkout."""
    return share_dir().name


def chosen_file(data: DataDir) -> StateFile[UpgradeSettings]:
    return StateFile(data.mgmt, "upgrade", UpgradeSettings)


def releases_of(settings: Settings) -> Releases:
    """Return where releases come from, by what is chosen now."""
    chosen = chosen_file(settings.data).read()
    return Releases(settings.data, chosen, trusted(settings.data), settings.local_release)


def trusted(data: DataDir) -> Keyring:
    """Return whose signatures count in this house."""
    kept = revoked_file(data).read()
    own = [*chosen_file(data).read().keys, *kept.successors]
    return keyring(share_dir(), own).without(kept.keys)


class Installed:
    """``<data>/releases/<version>-<hash>/``, and ``current`` that points to one."""

    def __init__(self, data: DataDir) -> None:
        self.data = data

    @property
    def current(self) -> str:
        """Name of the current release; empty when nothing is installed."""
        link = self.data.root / "current"
        return os.path.basename(os.readlink(link)) if link.is_symlink() else ""

    def folder(self, release: str) -> Path:
        return self.data.releases / release

    def python(self, release: str) -> Path:
        return self.folder(release) / "venv" / "bin" / "python"

    def names(self) -> list[str]:
        """Return the complete releases, newest first."""
        found = [path.parent for path in self.data.releases.glob("*/complete")]
        found.sort(key=lambda path: (path / "complete").stat().st_mtime, reverse=True)
        return [path.name for path in found]

    def find(self, wanted: str) -> str:
        """Return the release with that name or version, newest first. Raises NotFound."""
        plain = wanted.removeprefix("v")
        for name in self.names():
            if plain in (name, version_of(name)):
                return name
        raise NotFound(
            f"{wanted} is not installed",
            "See which are: streamstead releases.",
            key="not_installed",
        )

    @property
    def _previous_file(self) -> Path:
        return self.data.upgrade / "previous"

    def previous(self) -> str | None:
        """Return the release to go back to, when it is still there."""
        try:
            name = self._previous_file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        usable = name and name != self.current and (self.folder(name) / "complete").exists()
        return name if usable else None

    def remember_previous(self, release: str) -> None:
        write_atomic(self._previous_file, f"{release}\n", 0o600)

    def switch(self, release: str) -> None:
        """Make a release the current one, in one rename that survives a loss of power."""
        link, fresh = self.data.root / "current", self.data.root / ".current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(f"releases/{release}")
        os.replace(fresh, link)
        sync_directory(self.data.root)

    def prune(self, keep: set[str]) -> list[str]:
        """Remove old releases but those in ``keep``, the newest ones, and every one that a process
        runs from: a media server goes on with the code it began with. Return what was removed."""
        used = _used(self.data.releases)
        gone: list[str] = []
        for name in self.names()[KEEP_RELEASES:]:
            if name not in keep | used:
                shutil.rmtree(self.folder(name), ignore_errors=True)
                gone.append(name)
        return gone


def version_of(release: str) -> str:
    """``1.2.3-0a1b2c3d`` is a build of 1.2.3."""
    return release.rpartition("-")[0] or release


def _used(releases: Path) -> set[str]:
    found: set[str] = set()
    # Programs are started by the real path, whatever links lead there.
    marks = {f"{path}/".encode() for path in (releases, releases.resolve())}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:  # it has just ended
            continue
        for mark in marks:
            for piece in line.split(mark)[1:]:
                found.add(piece.partition(b"/")[0].decode(errors="replace"))
    return found
