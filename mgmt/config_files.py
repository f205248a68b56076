"""The generated files of one program, and whether what runs has read them."""

import os

from ..core.files import write_atomic
from ..core.paths import DataDir
from .runtime.account import Account
from .runtime.spec import ServiceSpec


class ConfigFiles:
    """Writes ``spec.files`` and remembers in ``run/<name>.applied`` which process read which."""

    def __init__(self, spec: ServiceSpec, data: DataDir, account: Account) -> None:
        self._spec = spec
        self._account = account
        self._mark = data.run / f"{spec.name}.applied"

    def write(self) -> None:
        """Bring the files up to date; an unchanged one is not touched. Raises OSError."""
        for file in self._spec.files:
            if _holds(file.path, file.text):
                continue
            write_atomic(file.path, file.text, file.mode)
            if self._account.drops:
                # Root writes, the service user may read: no service changes what root starts.
                os.chown(file.path, 0, self._account.gid)

    def applied(self, pid: int) -> bool:
        """Tell whether the process ``pid`` has read the files as they should be now."""
        return _holds(self._mark, self._application(pid))

    def mark_applied(self, pid: int) -> None:
        write_atomic(self._mark, self._application(pid), 0o644)

    def _application(self, pid: int) -> str:
        return f"{pid} {self._spec.files_digest}\n"


def _holds(path: os.PathLike[str], text: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() == text
    except (FileNotFoundError, UnicodeDecodeError):
        return False
