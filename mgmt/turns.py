"""Whose turn it is: programs that another release or another setting replaces go one by one."""

from typing import Protocol

LONGEST_S = 15.0
"""A program that has not become healthy by then keeps the others waiting no longer."""


class Taker(Protocol):
    """Who waits for a turn."""

    @property
    def rank(self) -> int:
        """The lowest goes first."""
        ...

    def look(self) -> None:
        """It may be your turn now."""
        ...


class Turns:
    """One at a time. Nobody blocks: who may not yet is told to look again."""

    def __init__(self) -> None:
        self._holder: Taker | None = None
        self._waiting: list[Taker] = []

    def take(self, who: Taker) -> bool:
        """Return whether it is the turn of ``who``, who keeps it until ``leave``."""
        if self._holder is None or self._holder is who:
            self._holder = who
            if who in self._waiting:
                self._waiting.remove(who)
            return True
        if who not in self._waiting:
            self._waiting.append(who)
        return False

    def leave(self, who: Taker) -> None:
        """Let the next one have its turn; harmless for one that had none."""
        if who in self._waiting:
            self._waiting.remove(who)
        if self._holder is who:
            self._holder = None
        if self._holder is None and self._waiting:
            min(self._waiting, key=lambda one: one.rank).look()
