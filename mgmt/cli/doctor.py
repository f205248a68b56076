"""``streamstead doctor``: what an operator would check by hand, looked at in this process."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console

from ...core.settings import Settings
from ..doctor.examine import examine
from ..doctor.item import Item, Level

_MARKS = {
    Level.OK: "[green]ok[/]  ",
    Level.WARN: "[yellow]warn[/]",
    Level.FAIL: "[red]fail[/]",
}


def show(console: Console, settings: Settings, as_json: bool) -> bool:
    """Print every finding as it comes; return whether nothing failed."""
    found: list[Item] = []
    for item in _seen(settings, found):
        if not as_json:
            console.print(f"{_MARKS[item.level]} {item.title}: ", end="")
            console.print(item.message, markup=False)
            if item.help:
                console.print(f"     {item.help}", markup=False, style="dim")
    if as_json:
        console.print_json(json.dumps([asdict(item) for item in found]))
    return not any(item.level is Level.FAIL for item in found)


def _seen(settings: Settings, found: list[Item]) -> Iterator[Item]:
    for item in examine(settings):
        found.append(item)
        yield item
