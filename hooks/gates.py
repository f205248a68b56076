"""Gate files: an HLS session may go on as long as its file exists.

nginx looks for ``<gates>/<app>/<stream>/<sid>`` at every request, so taking a viewer out is one
``unlink`` that needs neither Python nor Redis to be obeyed. For every rendition that the viewer may
switch to there is a symbolic link to that file: with the file it leads nowhere, and nginx refuses.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from ..core.errors import Invalid
from ..core.names import check_name

_SID = re.compile(r"[0-9a-f]{32}")
_MODE = stat.S_IFREG | 0o644
_TRIES = 100


def is_sid(text: str) -> bool:
    """Tell whether a text is a session id: 32 hex digits."""
    return _SID.fullmatch(text) is not None


def _ignore(_: str) -> None:
    return


class Gates:
    """``on_close`` is called with the session id whenever a gate is closed, whoever does it."""

    def __init__(self, root: Path, on_close: Callable[[str], None] = _ignore) -> None:
        self._root = root
        self.on_close = on_close

    def open(self, app: str, stream: str, sid: str) -> None:
        """Make the gate; one that is open stays so. Raises Invalid for names, OSError."""
        path = self._path(app, stream, sid)
        for _ in range(_TRIES):
            try:
                os.mknod(path, _MODE)
            except FileExistsError:
                return
            except FileNotFoundError:
                # The first of its stream, or ``prune`` was quicker; it may be so again.
                with suppress(FileNotFoundError):
                    os.makedirs(path.parent, exist_ok=True)
            else:
                return
        raise FileNotFoundError(f"{path.parent} vanishes again and again")

    def link(self, app: str, stream: str, sid: str, source: str) -> None:
        """Let the gate of ``source``, a stream of the same app, count for another one as well.
        Raises Invalid for names, OSError."""
        path = self._path(app, stream, sid)
        target = Path("..") / self._path(app, source, sid).relative_to(self._root / app)
        for _ in range(_TRIES):
            try:
                os.symlink(target, path)
            except FileExistsError:
                return
            except FileNotFoundError:
                with suppress(FileNotFoundError):
                    os.makedirs(path.parent, exist_ok=True)
            else:
                return
        raise FileNotFoundError(f"{path.parent} vanishes again and again")

    def unlink(self, app: str, stream: str, sid: str) -> None:
        """Remove such a link."""
        path = self._path(app, stream, sid)
        if path.is_symlink():
            path.unlink(missing_ok=True)

    def unlink_all(self, app: str, stream: str) -> None:
        """Remove all links to a stream: only gates of its own open it from now on."""
        for link in _links(self._stream(app, stream)):
            link.unlink(missing_ok=True)

    def streams(self) -> Iterator[tuple[str, str]]:
        """Give (app, stream) of everything that has gates or links."""
        for app in _names(self._root):
            for stream in _names(self._root / app):
                yield app, stream

    def close(self, app: str, stream: str, sid: str) -> bool:
        """Shut the gate; False when it was not open."""
        path = self._path(app, stream, sid)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        finally:
            # Also when it is not there: it may be about to be opened.
            self.on_close(sid)
        return True

    def close_stream(self, app: str, stream: str) -> list[str]:
        """Shut all gates of a stream and return their session ids."""
        return [sid for sid in self.sids(app, stream) if self.close(app, stream, sid)]

    def is_open(self, app: str, stream: str, sid: str) -> bool:
        return self._path(app, stream, sid).is_file()

    def sids(self, app: str, stream: str) -> list[str]:
        """Return the session ids of a stream whose gates are open."""
        return [name for name in _files(self._stream(app, stream)) if is_sid(name)]

    def all(self) -> Iterator[tuple[str, str, str]]:
        """Give (app, stream, session id) of every open gate."""
        for app in _names(self._root):
            for stream in _names(self._root / app):
                for sid in _files(self._root / app / stream):
                    if is_sid(sid):
                        yield app, stream, sid

    def prune(self) -> None:
        """Remove links that lead nowhere and the directories of streams that have no gate."""
        for app in _names(self._root):
            for stream in _names(self._root / app):
                for link in _links(self._root / app / stream):
                    if not link.exists():
                        link.unlink(missing_ok=True)
                # Not empty, or made use of at this moment: then it stays.
                with suppress(OSError):
                    os.rmdir(self._root / app / stream)
            with suppress(OSError):
                os.rmdir(self._root / app)

    def _stream(self, app: str, stream: str) -> Path:
        check_name(app, "app")
        check_name(stream, "stream")
        if max(len(os.fsencode(app)), len(os.fsencode(stream))) > 255:
            raise Invalid("the name is too long for a file", "Use a shorter one.")
        return self._root / app / stream

    def _path(self, app: str, stream: str, sid: str) -> Path:
        if not is_sid(sid):
            raise Invalid("this is not a session id", "It has 32 hex digits.")
        return self._stream(app, stream) / sid


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _files(folder: Path) -> list[str]:
    """Return the names of what is no link; the kind comes with the name, nothing is looked at."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _links(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
