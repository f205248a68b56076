"""What can be asked of the library, and how that is said in SQL: keyset pages, no offsets."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from ...core.errors import Invalid
from .recording import Recording

Sort = Literal["started", "duration", "size", "title"]
Order = Literal["asc", "desc"]

_SORTS = {
    "started": "started_ms",
    "duration": "duration_ms",
    "size": "size_bytes",
    "title": "name COLLATE NOCASE",
}


@dataclass(frozen=True, slots=True)
class Query:
    """None means any. ``search``: every word of it is in title, stream, tags or id. ``where``:
    ``local`` or ``bucket``. ``from_ms``, ``to_ms``: when it began, ``to_ms`` not included."""

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
    from_ms: int | None = None
    to_ms: int | None = None
    sort: Sort = "started"
    order: Order = "desc"

    def cursor_after(self, last: Recording) -> str:
        """Return the cursor of what follows a recording."""
        value: object = {
            "started": last.started_ms,
            "duration": last.duration_ms,
            "size": last.size_bytes,
            "title": last.title or last.stream,
        }[self.sort]
        raw = orjson.dumps([self.sort, self.order, value, last.id])
        return base64.urlsafe_b64encode(raw).decode()

    def position(self) -> tuple[Any, str] | None:
        """Return (value, id) of the cursor. Raises Invalid when it belongs to another order."""
        if self.cursor is None:
            return None
        try:
            sort, order, value, id_ = orjson.loads(base64.urlsafe_b64decode(self.cursor))
        except (ValueError, TypeError):
            raise _bad_cursor() from None
        kind = str if self.sort == "title" else int
        if (sort, order) != (self.sort, self.order) or not isinstance(id_, str):
            raise _bad_cursor()
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _bad_cursor()
        return value, id_


@dataclass(frozen=True, slots=True)
class Page:
    """``total``: of all pages."""

    items: tuple[Recording, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class PageSql:
    select: str
    select_values: list[Any]
    count: str
    count_values: list[Any]


def page_sql(query: Query) -> PageSql:
    """Return the statements of one page. Raises Invalid."""
    wheres, values = _filters(query)
    count = f"SELECT COUNT(*) FROM recordings WHERE {' AND '.join(wheres)}"  # noqa: S608
    count_values = list(values)
    column, sign = _SORTS[query.sort], "<" if query.order == "desc" else ">"
    position = query.position()
    if position is not None:
        wheres.append(f"({column}, id) {sign} (?, ?)")
        values += position
    select = (
        f"SELECT data FROM recordings WHERE {' AND '.join(wheres)}"  # noqa: S608
        f" ORDER BY {column} {query.order}, id {query.order} LIMIT ?"
    )
    return PageSql(select, [*values, query.limit + 1], count, count_values)


def _filters(query: Query) -> tuple[list[str], list[Any]]:
    wheres: list[str] = ["1"]
    values: list[Any] = []
    equals = {"app": query.app, "stream": query.stream, "state": query.state, "kind": query.kind}
    for name, wanted in equals.items():
        if wanted is not None:
            wheres.append(f"{name} = ?")
            values.append(wanted)
    if query.state is None:
        wheres.append("state <> 'deleting'")
    if query.keep is not None:
        wheres.append("keep = ?")
        values.append(int(query.keep))
    if query.where is not None:
        wheres.append("local = 1" if query.where == "local" else "upload = 'verified'")
    for column, part in (("tags", query.tag), ("wants", query.want)):
        if part is not None:
            wheres.append(f"instr({column}, ?) > 0")
            values.append(f"|{part}|")
    for bound, sign in ((query.from_ms, ">="), (query.to_ms, "<")):
        if bound is not None:
            wheres.append(f"started_ms {sign} ?")
            values.append(bound)
    for word in query.search.casefold().split():
        wheres.append("instr(search, ?) > 0")
        values.append(word)
    return wheres, values


def _bad_cursor() -> Invalid:
    return Invalid("the cursor is of another list", "Begin at the first page again.", key="cursor")
