"""What the manager itself must remember: one small file for each matter, readable by root alone.

It lies on disk and not in Redis, because the manager must know it before Redis runs and after Redis
has lost its data.
"""

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from ..core.files import write_atomic
from ..core.log import get_logger

log = get_logger(__name__)

M = TypeVar("M", bound=BaseModel)


class StateFile(Generic[M]):
    """``<data>/mgmt/<name>.json``. The model's defaults stand for a file that is not there."""

    def __init__(self, folder: Path, name: str, model: type[M]) -> None:
        self.path = folder / f"{name}.json"
        self._model = model

    def read(self) -> M:
        """Return what is kept. A broken file is set aside as ``*.broken`` and counts as absent."""
        try:
            return self._model.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return self._model()
        except ValidationError as exc:
            log.error("state.broken", path=str(self.path), errors=exc.error_count())
            self.path.replace(self.path.with_suffix(".broken"))
            return self._model()

    def write(self, value: M) -> None:
        """Keep ``value``, durably. Raises OSError when the disk does not take it."""
        write_atomic(self.path, value.model_dump_json(indent=2) + "\n", 0o600)
