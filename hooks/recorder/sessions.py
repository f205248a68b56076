"""Which publish sessions of a stream are to be recorded, and since when.

A media server that is killed in the first segment of a session tells nobody of it: only that the
session was wanted says whose the file is that it left behind.
"""

MAX_SESSIONS = 16


class WantedSessions:
    """Sessions by their tag (``run_tag``), in the order of their beginning; the newest few."""

    def __init__(self) -> None:
        self._since_ms: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._since_ms)

    def note(self, run: str, since_ms: int) -> None:
        """Enter a session whose segments are wanted from a time on; the first word counts."""
        self._since_ms.setdefault(run, since_ms)
        while len(self._since_ms) > MAX_SESSIONS:
            del self._since_ms[next(iter(self._since_ms))]

    def clear(self) -> None:
        self._since_ms.clear()

    def first_ms(self) -> int:
        """Return since when anything is wanted. Raises ValueError when nothing is."""
        return min(self._since_ms.values())

    def at(self, ms: int) -> str | None:
        """Return the session that published at a time; None when it is older than all."""
        begun = [(since_ms, run) for run, since_ms in self._since_ms.items() if since_ms <= ms]
        return max(begun)[1] if begun else None
