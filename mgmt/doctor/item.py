"""What one look found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Item:
    """``id`` never changes: the page and scripts know it. ``help`` is empty when all is well."""

    id: str
    level: Level
    title: str
    message: str
    help: str = ""


def ok(id_: str, title: str, message: str) -> Item:
    return Item(id_, Level.OK, title, message)


def warn(id_: str, title: str, message: str, help_: str) -> Item:
    return Item(id_, Level.WARN, title, message, help_)


def fail(id_: str, title: str, message: str, help_: str) -> Item:
    return Item(id_, Level.FAIL, title, message, help_)
