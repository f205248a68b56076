"""Exchanging the files of a house for those of a backup, and back: any moment of it may be the last
one before the power fails.

``<data>/.restore/`` (0700): ``new/`` what the backup held, ``old/`` what was here, ``state.json``.
The manager stops everything, notes ``swap`` and begins anew; before it does anything else it finds
the note, exchanges the files, and begins anew with them. When the house is healthy the note says
``done``, else ``back`` and the same is done in the other direction.
"""

import os
import shutil
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

from ...core.files import sync_directory, write_atomic
from ...core.log import get_logger
from ...core.paths import DataDir
from ..state_file import StateFile
from .contents import PARTS, Way, carried, of_config

log = get_logger(__name__)

MAX_STARTS = 3
"""So often the manager may begin with restored files before they count as bad."""


class Phase(StrEnum):
    """``trying``: the new files are in place and nobody knows yet whether they are good."""

    NONE = "none"
    SWAP = "swap"
    TRYING = "trying"
    BACK = "back"
    WENT_BACK = "went_back"


class RestoreState(BaseModel):
    """``id``: of the backup. ``why``: reason of going back, in words."""

    phase: Phase = Phase.NONE
    id: str = ""
    job_id: str = ""
    started_ms: int = 0
    starts: int = 0
    names: list[str] = []
    why: str = ""


def folder_of(data: DataDir) -> Path:
    return data.root / ".restore"


def state_file(data: DataDir) -> StateFile[RestoreState]:
    return StateFile(folder_of(data), "state", RestoreState)


def new_stage(data: DataDir) -> Path:
    """Return an empty folder for the files of a backup. Raises OSError."""
    folder = folder_of(data)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    stage = folder / "new"
    stage.mkdir(mode=0o700)
    return stage


def exchanged_names(data: DataDir) -> list[str]:
    """Return what ``put_in_place`` will exchange: files of ``config`` that are here or staged, the
    settings last, and whole folders."""
    files = {path.name for path in data.config.glob("*") if of_config(path)}
    files |= {path.name for path in (folder_of(data) / "new" / "config").glob("*")}
    names = [name for name, way in PARTS.items() if way is Way.REPLACE and name != "config"]
    names += [f"config/{name}" for name in sorted(files - {".env"})]
    return [*names, "config/.env"]


def on_start(data: DataDir) -> bool:
    """Finish what an earlier manager began; True when files were exchanged and the manager must
    begin anew with them."""
    kept = state_file(data)
    if not kept.path.exists():
        return False
    state = kept.read()
    if state.phase is Phase.TRYING:
        state.starts += 1
        if state.starts > MAX_STARTS:
            state.phase = Phase.BACK
            state.why = state.why or "the manager did not stay up with the restored files"
        kept.write(state)
    if state.phase is Phase.SWAP:
        put_in_place(data, state.names)
        state.phase = Phase.TRYING
        kept.write(state)
        log.info("restore.files_in_place", id=state.id)
        return True
    if state.phase is Phase.BACK:
        put_back(data, state.names)
        state.phase = Phase.WENT_BACK
        kept.write(state)
        log.warning("restore.went_back", id=state.id, why=state.why)
        return True
    return False


def put_in_place(data: DataDir, names: list[str]) -> None:
    """Exchange; safe to do again. What is only added is never taken back: it harms nobody."""
    folder = folder_of(data)
    _carry(data.mgmt, folder / "new" / "mgmt")
    for name in names:
        here, new = data.root / name, folder / "new" / name
        _move_away(here, folder / "old" / name, folder / "marks" / "old" / name)
        if _exists(new):
            here.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            os.rename(new, here)
    for name, way in PARTS.items():
        if way is Way.ADD:
            _add(folder / "new" / name, data.root / name)
    _sync(data, names)


def put_back(data: DataDir, names: list[str]) -> None:
    """The other direction; safe to do again."""
    folder = folder_of(data)
    _carry(data.mgmt, folder / "old" / "mgmt")
    for name in reversed(names):
        here, old = data.root / name, folder / "old" / name
        _move_away(here, folder / "away" / name, folder / "marks" / "away" / name)
        if _exists(old):
            os.rename(old, here)
    _sync(data, names)


def clean(data: DataDir) -> None:
    """Forget everything of a restore that is over."""
    shutil.rmtree(folder_of(data), ignore_errors=True)


def _carry(here: Path, other: Path) -> None:
    """Files that number their lines go on from now in whichever state is to come."""
    if not other.is_dir() or not here.is_dir():
        return
    for path in here.iterdir():
        if carried(path.name):
            write_atomic(other / path.name, path.read_bytes(), 0o600)


def _add(source: Path, target: Path) -> None:
    """Give ``target`` the files it lacks."""
    if not source.is_dir():
        return
    for root, folders, files in os.walk(source):
        place = target / Path(root).relative_to(source)
        if place.is_symlink() and place != target:
            # A service made it, and nothing of ours goes where it chooses.
            folders.clear()
            continue
        if not place.exists():
            facts = os.stat(root)
            place.mkdir(parents=True)
            place.chmod(facts.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(place, facts.st_uid, facts.st_gid)
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in files + links:
            if not _exists(place / name):
                os.rename(os.path.join(root, name), place / name)


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _move_away(here: Path, there: Path, mark: Path) -> None:
    """Once, however often it is asked: what lies there afterwards is the other state."""
    if mark.exists():
        return
    if _exists(here):
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.rename(here, there)
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()


def _sync(data: DataDir, names: list[str]) -> None:
    for parent in {(data.root / name).parent for name in names} | {data.root, folder_of(data)}:
        if parent.is_dir():
            sync_directory(parent)


def failed_to_start(data: DataDir, why: str) -> bool:
    """Take note that the manager cannot begin; True when files on trial are the likely cause and
    the next start will take them back."""
    kept = state_file(data)
    if not kept.path.exists():
        return False
    state = kept.read()
    if state.phase is not Phase.TRYING:
        return False
    state.phase, state.why = Phase.BACK, why
    kept.write(state)
    return True
