"""Recordings: one FLV a publish session, announced once it is whole (on_dvr).

nginx writes below ``<data>/dvr/.recording/``; at the end of the session the file gets the name that
SRS would give it, ``<data>/dvr/<app>/<stream>.<start in ms>.flv``. nginx's own call, record_done,
is not used: it is sent after publish_done, and never when nginx is killed. The file is found by
the stream's checked name instead, so nothing that a client sends can become a path; and it is
whole by then, because nginx closes it in the same turn in which it begins the call publish_done.
"""

import os
import re
from pathlib import Path
from urllib.parse import quote

from ..core.log import get_logger
from .callbacks import Action
from .clients import Client
from .events import Events
from .hooks_client import HooksClient

EMPTY_BYTES = 13
"""The head of a FLV file, which nginx writes even when no picture and no sound follow."""

log = get_logger(__name__)


def parts_folder(dvr: Path) -> Path:
    """Return below what nginx writes, by application; none can be called like it."""
    return dvr / ".recording"


class Dvr:
    """``on``: whether new streams are recorded; what was begun is finished in any case."""

    def __init__(self, folder: Path, hooks: HooksClient, events: Events, *, on: bool) -> None:
        self._folder = folder
        self._hooks = hooks
        self._events = events
        self._on = on

    def announce(self, publisher: Client) -> None:
        """Name and tell what was recorded of a publisher that ended; right before on_unpublish."""
        try:
            parts = self._parts(publisher)
            if self._on and not parts:
                self._events.add("not_recorded", f"{publisher.url}: nginx wrote no file")
            for part in parts:
                self._finish(part, publisher)
        except OSError as exc:
            self._events.add("not_recorded", f"{publisher.url}: {exc}", client=publisher.id)

    def _parts(self, publisher: Client) -> list[Path]:
        """Return the files of a stream, which nginx names ``<stream>-<seconds>.flv``."""
        name = re.compile(re.escape(quote(publisher.stream, safe="")) + r"-\d+\.flv")
        folder = parts_folder(self._folder) / publisher.app
        if not folder.is_dir():
            return []
        return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))

    def _finish(self, part: Path, publisher: Client) -> None:
        if part.stat().st_size <= EMPTY_BYTES:
            # Also what a second publisher leaves, whom nginx refuses after it has opened the file.
            part.unlink()
            return
        start_ms = publisher.since_ms
        while (file := self._file(publisher, start_ms)).exists():
            start_ms += 1
        os.rename(part, file)
        log.info("engine.recorded", client=publisher.id, file=str(file))
        self._hooks.tell(Action.DVR, publisher, cwd=str(self._folder), file=str(file))

    def _file(self, publisher: Client, start_ms: int) -> Path:
        return self._folder / publisher.app / f"{publisher.stream}.{start_ms}.flv"
