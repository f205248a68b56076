"""Which source should be shown: by priority, by hand, or as before."""

from collections.abc import Mapping, Sequence

RETURN_AFTER_MS = 2_000
"""A better source must have been well for so long before it is gone back to."""

SLATE = "slate"


class Selector:
    """Remembers whom it chose and since when each source is well."""

    def __init__(self, return_after_ms: int = RETURN_AFTER_MS) -> None:
        self._return_after_ms = return_after_ms
        self._current: str | None = None
        self._taken = ""
        self._taken_is_over = False
        self._well_since: dict[str, int] = {}

    @property
    def lost_take(self) -> str:
        """What was taken by hand and has been lost: priorities count again. Empty for none."""
        return self._taken if self._taken_is_over else ""

    def choose(
        self,
        order: Sequence[str],
        alive: Mapping[str, bool],
        now_ms: int,
        *,
        taken: str = "",
        hold: bool = False,
    ) -> str | None:
        """Return a source of ``order`` (best first), ``slate``, or None when there is no source.

        ``taken`` stays until it is lost, with ``hold`` longer than that. ``hold`` without it: no
        way back to a better source as long as this one is well. While nobody is well, the last
        choice stands, for that one is likely to come back.
        """
        self._note(order, alive, now_ms)
        if taken != self._taken:
            self._taken, self._taken_is_over = taken, False
        if taken == SLATE:
            self._current = None
            return SLATE
        if taken in order and not self._taken_is_over:
            was_on = self._current == taken
            if hold or alive.get(taken) or not was_on:
                self._current = taken
                return taken
            self._taken_is_over = True
        self._current = self._by_priority(order, now_ms, hold)
        return self._current

    def _note(self, order: Sequence[str], alive: Mapping[str, bool], now_ms: int) -> None:
        for source in order:
            if alive.get(source):
                self._well_since.setdefault(source, now_ms)
            else:
                self._well_since.pop(source, None)
        for source in self._well_since.keys() - set(order):
            del self._well_since[source]
        if self._current not in order:
            self._current = None

    def _by_priority(self, order: Sequence[str], now_ms: int, hold: bool) -> str | None:
        well = [source for source in order if source in self._well_since]
        current = self._current
        if not well:
            return current or (order[0] if order else None)
        if current not in well:
            return well[0]
        if hold:
            return current
        for source in well:
            settled = now_ms - self._well_since[source] >= self._return_after_ms
            if source == current or settled:
                return source
        return current
