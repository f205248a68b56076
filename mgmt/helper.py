"""Who knows more of the machine than one program's keeper does."""

from typing import Protocol

from .runtime.spec import ServiceSpec
from .status import LastExit


class Helper(Protocol):
    """Who knows more of the machine than one program's keeper."""

    async def explain(self, spec: ServiceSpec) -> str:
        """Return what may be the cause that it does not run, in words; empty when none is seen."""
        ...

    def image_missing(self, spec: ServiceSpec) -> None:
        """Begin to fetch its image; the program is asked for again when it is there."""
        ...

    def ended(self, name: str, how: LastExit) -> None:
        """Take note of an end that nobody asked for."""
        ...

    def failing(self, spec: ServiceSpec, reason: str, times: int) -> None:
        """Take note that it has failed so many times in a row."""
        ...


class NoHelp:
    """Nobody knows more."""

    async def explain(self, spec: ServiceSpec) -> str:
        return ""

    def image_missing(self, spec: ServiceSpec) -> None: ...

    def ended(self, name: str, how: LastExit) -> None: ...

    def failing(self, spec: ServiceSpec, reason: str, times: int) -> None: ...
