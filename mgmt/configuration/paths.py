"""Values deep in an item, named by a path such as ``source.programme``."""

from typing import Any


def look(item: dict[str, Any], path: str) -> Any:
    """Return the value; None when a step is missing."""
    value: Any = item
    for step in path.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def put(item: dict[str, Any], path: str, value: Any) -> None:
    """Set the value; a step that is missing is left alone."""
    *steps, last = path.split(".")
    for step in steps:
        item = item.get(step) or {}
    item[last] = value


def drop(item: dict[str, Any], path: str) -> None:
    *steps, last = path.split(".")
    for step in steps:
        item = item.get(step) or {}
    item.pop(last, None)
