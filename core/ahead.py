"""What a process can make before it is known what the process will be."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class MadeAhead(Generic[T]):
    """Makes a new one at each call; one that was prepared is given away first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._prepared: list[T] = []

    def prepare(self) -> None:
        """Make one now, so that processes that are forked afterwards share its memory."""
        self._prepared.append(self._make())

    def __call__(self) -> T:
        return self._prepared.pop() if self._prepared else self._make()
