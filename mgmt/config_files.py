"""The generated files of one program, and whether what runs has read them."""

import os
from pathlib import Path

from ..core.files import read_plain, write_atomic
from ..core.paths import DataDir
from .runtime.account import Account
from .runtime.spec import ServiceSpec


class ConfigFiles:
    """Writes ``spec.files`` and remembers in ``run/<name>.applied`` which process read which."""

    def __init__(self, spec: ServiceSpec, data: DataDir, account: Account) -> None:
        self._spec = spec
        self._data = data
        self._account = account
        self._mark = data.run / f"{spec.name}.applied"

    def of(self, spec: ServiceSpec) -> "ConfigFiles":
        """Return the same for another spec of this program."""
        return ConfigFiles(spec, self._data, self._account)

    def write(self) -> "Undo":
        """Bring the files up to date; an unchanged one is not touched. Raises OSError.

        Returns what brings the old ones back, for files that turn out to be bad.
        """
        undo = Undo()
        try:
            for file in self._spec.files:
                if _holds(file.path, file.text):
                    continue
                undo.note(file.path, file.mode)
                self._put(file.path, file.text, file.mode)
        except OSError:
            undo()
            raise
        return undo

    def _put(self, path: Path, text: str, mode: int) -> None:
        write_atomic(path, text, mode)
        if self._account.drops:
            # Root writes, the service user may read: no service changes what root starts.
            os.chown(path, 0, self._account.gid, follow_symlinks=False)

    def applied(self, pid: int) -> bool:
        """Tell whether the process ``pid`` has read the files as they should be now."""
        return _holds(self._mark, self._application(pid))

    def mark_applied(self, pid: int) -> None:
        write_atomic(self._mark, self._application(pid), 0o644, keep_owner=False)

    def _application(self, pid: int) -> str:
        return f"{pid} {self._spec.files_digest}\n"


class Undo:
    """Call it to have the files as they were before."""

    def __init__(self) -> None:
        self._before: list[tuple[Path, int, bytes | None]] = []

    def note(self, path: Path, mode: int) -> None:
        try:
            self._before.append((path, mode, path.read_bytes()))
        except FileNotFoundError:
            self._before.append((path, mode, None))

    def __call__(self) -> None:
        for path, mode, before in self._before:
            if before is None:
                path.unlink(missing_ok=True)
            else:
                write_atomic(path, before, mode)
        self._before.clear()


def _holds(path: Path, text: str) -> bool:
    wanted = text.encode()
    try:
        return read_plain(path, len(wanted) + 1, ours=True) == wanted
    except OSError:
        return False
