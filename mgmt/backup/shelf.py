"""The backups there are, on this machine and in the bucket."""

import asyncio
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .bucket import Bucket
from .faults import BackupBroken, UnknownBackup
from .info import Info
from .sealed_file import SUFFIX, read_header

ASK_AGAIN_S = 60.0
MAX_LISTED = 1000

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")


@dataclass(slots=True)
class InBucket:
    """What the bucket answered last. ``problem``: why it could not be asked, in words."""

    there: bool = False
    found: tuple[Info, ...] = ()
    problem: str | None = None
    at_s: float = -ASK_AGAIN_S


class Shelf:
    """Both places of one house."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data.backups
        self._bucket = Bucket(settings)
        self._known = InBucket()
        self._asking = asyncio.Lock()

    def path(self, id_: str) -> Path:
        """Return where a backup of this id lies, or would. Raises UnknownBackup for no id."""
        if not _ID.fullmatch(id_):
            raise UnknownBackup
        return self._folder / f"{id_}{SUFFIX}"

    async def here(self) -> list[Info]:
        return await asyncio.to_thread(list_folder, self._folder)

    async def in_bucket(self) -> InBucket:
        """Ask the bucket, but not more often than once a minute."""
        async with self._asking:
            if time.monotonic() - self._known.at_s >= ASK_AGAIN_S:
                self._known = await asyncio.to_thread(self._ask)
            return self._known

    def forget(self) -> None:
        """Something was changed in the bucket."""
        self._known.at_s = -ASK_AGAIN_S

    async def find(self, id_: str) -> tuple[Info, str]:
        """Return (a backup, file or bucket). Raises UnknownBackup."""
        self.path(id_)
        for one in await self.here():
            if one.id == id_:
                return one, "file"
        for one in (await self.in_bucket()).found:
            if one.id == id_:
                return one, "bucket"
        raise UnknownBackup

    async def remove(self, id_: str) -> None:
        """Raises UnknownBackup, StreamsteadError when the bucket refuses, OSError."""
        _, where = await self.find(id_)
        if where == "bucket":
            await asyncio.to_thread(self._bucket.remove, [id_])
            self.forget()
            return
        path = self.path(id_)
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)

    async def prune(self, where: str, keep: int) -> list[str]:
        """Remove the oldest of those that the schedule made; return their ids."""
        known = await self.here() if where == "file" else (await self.in_bucket()).found
        mine = sorted((one for one in known if one.by == "schedule"), key=lambda one: one.at_ms)
        gone = [one.id for one in mine[: max(0, len(mine) - keep)]]
        for id_ in gone:
            await self.remove(id_)
        return gone

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._folder).free

    def _ask(self) -> InBucket:
        now_s = time.monotonic()
        try:
            said = self._bucket.contents()
            found = tuple(Info.model_validate(one) for one in said["backups"][:MAX_LISTED])
        except StreamsteadError as exc:
            return InBucket(True, (), exc.message, now_s)
        except (ValidationError, KeyError, TypeError):
            return InBucket(True, (), "the storage's list cannot be read", now_s)
        return InBucket(bool(said["target"]), found, None, now_s)


def list_folder(folder: Path) -> list[Info]:
    """Return the backups of a folder, youngest first. One that somebody put there has not been
    verified by us."""
    found: list[Info] = []
    for path in folder.glob(f"*{SUFFIX}"):
        info = _info(path)
        if info is not None and _ID.fullmatch(info.id):
            found.append(info)
    return sorted(found, key=lambda one: one.at_ms, reverse=True)


def _info(path: Path) -> Info | None:
    try:
        size = path.stat().st_size
        beside = Info.model_validate_json(path.with_suffix(".json").read_bytes())
        if (beside.id, beside.bytes) == (path.stem, size):
            return beside
    except (OSError, ValidationError):
        pass
    try:
        with path.open("rb") as file:
            header, _ = read_header(file)
    except (OSError, BackupBroken):
        return None
    return Info(
        id=path.stem,
        at_ms=header.at_ms,
        bytes=path.stat().st_size,
        version=header.version,
        encrypted=header.encrypted,
        recordings=header.recordings,
        by="elsewhere",
        verified=False,
    )


def entry(info: Info, where: str) -> dict[str, Any]:
    """Return one as the page shows it."""
    shown = info.model_dump(exclude={"by", "sha256"})
    return shown | {"where": where, "name": f"{info.id}{SUFFIX}"}
