"""What can be asked of the library, and how that is said in SQL."""

import base64
import re
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ...core.errors import Invalid
from .recording import Recording

Sort = Literal["started", "duration", "size", "title"]
Order = Literal["asc", "desc"]

SORTS = {
    "started": "started_ms",
    "duration": "duration_ms",
    "size": "size_bytes",
    "title": "name COLLATE NOCASE",
}
TRIGRAM = 3
"""Words of so many letters can be looked up; shorter ones are found by reading."""


@dataclass(frozen=True, slots=True)
class Query:
    """None means any. ``search``: every word of it is in title, stream, tags or id. ``where``:
    ``local`` or ``bucket``. ``want``: which switch asked for it. ``uploads``: any of these states
    of its upload. ``from_ms``, ``to_ms``: when it began, ``to_ms`` not included. Those being
    deleted are found only when that has a problem, or when their state is asked for."""

    limit: int = 50
    cursor: str | None = None
    search: str = ""
    app: str | None = None
    stream: str | None = None
    state: str | None = None
    kind: str | None = None
    tag: str | None = None
    where: str | None = None
    keep: bool | None = None
    want: str | None = None
    uploads: tuple[str, ...] | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    sort: Sort = "started"
    order: Order = "desc"

    @property
    def words(self) -> list[str]:
        return self.search.casefold().split()

    def looked_up(self) -> str:
        """Return what to ask the table ``words`` for; empty when all words are too short."""
        long = [word for word in self.words if len(word) >= TRIGRAM]
        return " AND ".join('"' + word.replace('"', '""') + '"' for word in long)

    def cursor_after(self, last: Recording, total: int) -> str:
        """Return the cursor of what follows a recording; it remembers how many there are."""
        value: object = {
            "started": last.started_ms,
            "duration": last.duration_ms,
            "size": last.size_bytes,
            "title": last.title or last.stream,
        }[self.sort]
        raw = orjson.dumps([self.sort, self.order, value, last.id, total])
        return base64.urlsafe_b64encode(raw).decode()

    def position(self) -> tuple[Any, str, int] | None:
        """Return (value, id, total) of the cursor. Raises Invalid when it is of another order."""
        if self.cursor is None:
            return None
        try:
            sort, order, value, id_, total = orjson.loads(base64.urlsafe_b64decode(self.cursor))
        except (ValueError, TypeError):
            raise _bad_cursor() from None
        kind = str if self.sort == "title" else int
        if (sort, order) != (self.sort, self.order) or not isinstance(id_, str):
            raise _bad_cursor()
        if not isinstance(value, kind) or not isinstance(total, int) or isinstance(value, bool):
            raise _bad_cursor()
        return value, id_, total

    def filters(self) -> tuple[list[str], list[Any]]:
        """Return conditions and their values; the cursor is not among them."""
        wheres: list[str] = ["1"]
        values: list[Any] = []
        equals = {"app": self.app, "stream": self.stream, "state": self.state, "kind": self.kind}
        for name, wanted in equals.items():
            if wanted is not None:
                wheres.append(f"{name} = ?")
                values.append(wanted)
        if self.state is None:
            wheres.append("(state <> 'deleting' OR problem <> '')")
        if self.uploads is not None:
            wheres.append(f"upload IN ({', '.join('?' * len(self.uploads))})")
            values += self.uploads
        if self.keep is not None:
            wheres.append("keep = ?")
            values.append(int(self.keep))
        if self.where is not None:
            wheres.append("local = 1" if self.where == "local" else "upload = 'verified'")
        for column, part in (("tags", self.tag), ("wants", self.want)):
            if part is not None:
                wheres.append(f"instr({column}, ?) > 0")
                values.append(f"|{part}|")
        for bound, sign in ((self.from_ms, ">="), (self.to_ms, "<")):
            if bound is not None:
                wheres.append(f"started_ms {sign} ?")
                values.append(bound)
        for word in self.words:
            # LIKE is faster than instr(); both sides are folded already.
            wheres.append("search LIKE ? ESCAPE '\\'")
            values.append("%" + re.sub(r"([%_\\])", r"\\\1", word) + "%")
        return wheres, values


@dataclass(frozen=True, slots=True)
class Page:
    """``total``: of all pages, when the first was read."""

    items: tuple[Recording, ...]
    cursor: str | None
    total: int


def _bad_cursor() -> Invalid:
    return Invalid("the cursor is of another list", "Begin at the first page again.", key="cursor")
