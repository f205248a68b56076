"""Read one page and its total from the index, in few milliseconds out of 100 000 recordings.

No plan is good for all questions, so it is chosen by how many recordings are found. They are
collected by reading the narrow table once, or from an index that is known to be good. Few are
sorted then. Many are only counted, and the page is near the beginning of the index of its order.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

import orjson

from .catalogue_query import SORTS, Page, Query
from .recording import Recording

FEW = 20_000
HITS = 5_000
"""More hits of a search are dearer to go through than the whole table."""

_AMONG = "n IN (SELECT value FROM json_each(?))"


def read_page(connection: sqlite3.Connection, query: Query, lookup: bool) -> Page:
    """Return a page; ``lookup``: there is a table of words. Raises Invalid, sqlite3.Error."""
    position = query.position()
    connection.execute("BEGIN")  # all of it sees the same state
    try:
        return _read(connection, query, lookup, position)
    finally:
        connection.rollback()


@dataclass(frozen=True, slots=True)
class _Found:
    """``numbers``: None when there are too many."""

    total: int
    numbers: list[int] | None = None


def _read(
    connection: sqlite3.Connection,
    query: Query,
    lookup: bool,
    position: tuple[Any, str, int] | None,
) -> Page:
    if position is not None and position[2] > FEW:
        found = _Found(position[2])
    else:
        found = _find(connection, query, lookup)
    table, column, plus = "recordings", SORTS[query.sort], "+"
    if found.numbers is None:
        wheres, values = query.filters()
        # SQLite would rather take the index of a filter, and sort all that it finds.
        table, plus = f"recordings INDEXED BY {_order_index(query)}", ""
    else:
        # The plus keeps SQLite from walking the index of the order past all that is not among.
        wheres, values = [_AMONG], [_json(found.numbers)]
    if position is not None:
        wheres.append(f"({column}, id) {'<' if query.order == 'desc' else '>'} (?, ?)")
        values += position[:2]
    rows = connection.execute(
        f"SELECT n FROM {table} WHERE {' AND '.join(wheres)}"  # noqa: S608
        f" ORDER BY {plus}{column} {query.order}, {plus}id {query.order} LIMIT ?",
        [*values, query.limit + 1],
    ).fetchall()
    items = _bodies(connection, [n for (n,) in rows[: query.limit]])
    total = found.total if position is None else position[2]
    more = len(rows) > query.limit
    return Page(items, query.cursor_after(items[-1], total) if more else None, total)


def _find(connection: sqlite3.Connection, query: Query, lookup: bool) -> _Found:
    wheres, values = query.filters()
    condition = " AND ".join(wheres)
    if not values and query.where is None and (total := _all(connection)) > FEW:
        return _Found(total)
    hits = _hits(connection, query) if lookup else None
    if hits is not None:
        numbers = _numbers(connection, f"WHERE {_AMONG} AND {condition}", [_json(hits), *values])
        return _Found(len(numbers), numbers)
    indexed = query.state is not None or query.uploads is not None
    if indexed or (query.app is not None and query.stream is not None):
        numbers = _numbers(connection, f"WHERE {condition} LIMIT {FEW + 1}", values)
        if len(numbers) <= FEW:
            return _Found(len(numbers), numbers)
        return _Found(_count(connection, condition, values))
    ordered = f"NOT INDEXED WHERE {condition} ORDER BY n LIMIT {FEW + 1}"
    numbers = _numbers(connection, ordered, values)
    if len(numbers) <= FEW:
        return _Found(len(numbers), numbers)
    more = _count(connection, f"n > ? AND {condition}", [numbers[-1], *values])
    return _Found(len(numbers) + more)


def _all(connection: sqlite3.Connection) -> int:
    """Return how many a query without conditions finds."""
    asked = (
        "SELECT COUNT(*) FROM recordings",
        "SELECT COUNT(*) FROM recordings WHERE state = 'deleting' AND problem = ''",
    )
    whole, hidden = (connection.execute(one).fetchone()[0] for one in asked)
    return int(whole - hidden)


def _hits(connection: sqlite3.Connection, query: Query) -> list[int] | None:
    """Return the numbers in which the words of the search may be, None when they do not help."""
    looked_up = query.looked_up()
    if not looked_up:
        return None
    asked = f"SELECT rowid FROM words WHERE words MATCH ? LIMIT {HITS + 1}"  # noqa: S608
    hits = [n for (n,) in connection.execute(asked, (looked_up,))]
    return hits if len(hits) <= HITS else None


def _numbers(connection: sqlite3.Connection, rest: str, values: list[Any]) -> list[int]:
    found = connection.execute(f"SELECT n FROM recordings {rest}", values)  # noqa: S608
    return [n for (n,) in found]


def _count(connection: sqlite3.Connection, condition: str, values: list[Any]) -> int:
    asked = f"SELECT COUNT(*) FROM recordings NOT INDEXED WHERE {condition}"  # noqa: S608
    (total,) = connection.execute(asked, values).fetchone()
    return int(total)


def _order_index(query: Query) -> str:
    if query.sort == "started" and query.app is not None and query.stream is not None:
        return "by_stream"
    return f"by_{query.sort}"


def _bodies(connection: sqlite3.Connection, numbers: list[int]) -> tuple[Recording, ...]:
    asked = f"SELECT n, data FROM bodies WHERE {_AMONG}"  # noqa: S608
    found = dict(connection.execute(asked, (_json(numbers),)).fetchall())
    return tuple(Recording.from_json(found[n]) for n in numbers)


def _json(numbers: list[int]) -> str:
    return orjson.dumps(numbers).decode()
