"""What several commands need: options, names of streams, times of expiry, tables."""

import json
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .client import ask_service

HOOKS = "/terraform/v1/hooks/"
RECORDINGS = "/terraform/v1/recordings/"

out = Console(highlight=False, soft_wrap=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory.", envvar="STREAMSTEAD_DATA_DIR"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StreamName = Annotated[
    str, typer.Argument(metavar="APP/STREAM", help="For example live/livestream.")
]
Expires = Annotated[
    str, typer.Option(help="30m, 12h or 7d from now; or a UTC time like 2030-01-31 or ...T18:00.")
]

_SPAN = re.compile(r"(\d{1,6})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}


def load(ctx: typer.Context, data: Path | None) -> Settings:
    """Read the settings; ``--data`` may stand before or after the name of a subcommand."""
    return Settings.load(data or ctx.obj)


def names_of(stream: str) -> dict[str, str]:
    """Return ``{app, stream}`` of ``APP/STREAM``. Raises StreamsteadError."""
    app, slash, name = stream.partition("/")
    if not slash or not app or not name:
        raise StreamsteadError(f"{stream!r} is not APP/STREAM", "Say for example: live/livestream")
    return {"app": app, "stream": name}


def expiry_ms(text: str) -> int | None:
    """Return ms since the epoch, None for no text. Raises StreamsteadError."""
    if not text:
        return None
    span = _SPAN.fullmatch(text)
    if span:
        return int(time.time() + int(span[1]) * _MINUTES[span[2]] * 60) * 1000
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise StreamsteadError(
            f"{text!r} is no time", "Say for example: 12h, 7d, 2030-01-31 or 2030-01-31T18:00"
        ) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def ask_hooks(settings: Settings, path: str, body: dict[str, Any]) -> Any:
    """Call the gatekeeper; ``path`` is below ``hooks/``. Returns ``data``."""
    return ask_service(settings, settings.hooks_port, HOOKS + path, body)


def ask_recorder(settings: Settings, path: str, body: dict[str, Any]) -> Any:
    """Call the recorder; ``path`` is below ``recordings/``. Returns ``data``."""
    return ask_service(settings, settings.recorder_port, RECORDINGS + path, body)


def print_json(found: Any) -> None:
    out.print_json(json.dumps(found))


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> None:
    """Print a table as plain text, or ``empty`` when it has no rows."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        # An id is there to be copied.
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    if table.row_count:
        out.print(table)
    else:
        out.print(empty)


def print_pairs(found: dict[str, Any]) -> None:
    """Print names and values, one a line."""
    width = max(12, *(len(name) + 2 for name in found))
    for name, value in found.items():
        out.print(f"{name + ':':{width}}{value}", markup=False)


def utc(at_ms: int | None, never: str = "-") -> str:
    """Return a time as ``2026-01-02 03:04 UTC``."""
    if at_ms is None:
        return never
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
