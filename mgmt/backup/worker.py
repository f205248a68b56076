"""A program of its own for the heavy work, so that the manager stays small and answers.

``python -m streamstead.mgmt.backup.worker``: a ``Job`` as JSON on standard input, for a passphrase
must stand on no command line; on standard output a line of JSON for each step, the last one with
``result`` or ``error``.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ...core.errors import StreamsteadError, Upstream
from ...core.log import configure_logging
from ...core.settings import Settings
from ..runtime.account import service_account
from .bucket import Bucket
from .contents import PARTS
from .create import RESERVE, create
from .faults import NoRoom
from .restore import stage
from .sealed_file import SUFFIX
from .swap import folder_of

_EVERY_S = 0.3


class Job(BaseModel):
    """``kind`` create: with ``media``, ``by``, ``to``; stage: what restores a house that runs.
    ``to``, or ``where``: file or bucket."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["create", "stage"]
    data: Path
    id: str
    passphrase: str | None = None
    media: bool = False
    by: str = "operator"
    where: Literal["file", "bucket"] = "file"


class _Teller:
    """Prints steps: each at once, progress within one now and then."""

    def __init__(self) -> None:
        self._step = ""
        self._told_s = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if step != self._step or now - self._told_s > _EVERY_S:
            self._step, self._told_s = step, now
            say({"step": step, "done": done, "total": total})


def say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def main() -> int:
    os.nice(10)  # live streams come first
    job = Job.model_validate_json(sys.stdin.buffer.read())
    settings = Settings.load(job.data)
    configure_logging(settings.log_level, "backup")
    try:
        say({"result": _create(settings, job) if job.kind == "create" else _stage(settings, job)})
    except StreamsteadError as exc:
        error = {"message": exc.message, "help": exc.help, "key": exc.key}
        say({"error": error})
        return 1
    except OSError as exc:
        where = f" ({exc.filename})" if exc.filename else ""
        message = f"the disk does not take it: {exc.strerror or exc}{where}"
        say({"error": {"message": message, "help": "Look at the disk.", "key": "backup_failed"}})
        return 1
    return 0


def _create(settings: Settings, job: Job) -> dict[str, Any]:
    tell = _Teller()
    info = create(settings, job.id, job.passphrase, job.media, job.by, tell)
    if job.where == "bucket":
        tell("uploading", 0, info.bytes)
        local = settings.data.backups / f"{job.id}{SUFFIX}"
        try:
            Bucket(settings).upload(job.id)
        finally:
            local.unlink(missing_ok=True)
            local.with_suffix(".json").unlink(missing_ok=True)
    return info.model_dump()


def _stage(settings: Settings, job: Job) -> dict[str, Any]:
    tell = _Teller()
    path = settings.data.backups / f"{job.id}{SUFFIX}"
    fetched = settings.data.backups / f".{job.id}.part"
    if job.where == "bucket":
        _fetch(settings, job.id, fetched, tell)
        path = fetched
    try:
        account = service_account(settings.user)
        header, left = stage(settings.data, account, path, job.passphrase, True, tell)
    finally:
        fetched.unlink(missing_ok=True)
    return {"id": header.id, "left_out": left, "parts": sorted(_staged(settings))}


def _staged(settings: Settings) -> list[str]:
    return [name for name in PARTS if (folder_of(settings.data) / "new" / name).exists()]


def _fetch(settings: Settings, id_: str, path: Path, tell: _Teller) -> None:
    free = shutil.disk_usage(path.parent).free
    done = 0
    with path.open("wb") as file:
        for block in Bucket(settings).download(id_):
            done += len(block)
            if done + RESERVE > free:
                raise NoRoom(done + RESERVE, free)
            file.write(block)
            tell("fetching", done, 0)
    if done == 0:
        raise Upstream("the storage gave nothing", "Look at the storage.", key="backup_failed")


if __name__ == "__main__":
    sys.exit(main())
