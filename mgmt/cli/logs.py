"""``streamstead logs`` and ``streamstead support-bundle``: both work while nothing runs."""

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from ...core.errors import Invalid, NotFound
from ...core.settings import Settings
from ..services.plan import SERVICE_NAMES
from .client import follow_manager
from .common import AsJson, Data, out

QUIET_S = 40.0
"""The manager says something at least every 15 s."""

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Programs; none: all together.")
]
Services = Annotated[list[str] | None, typer.Option("--service", "-s", help="The same.")]


def logs(
    names: Names = None,
    data: Data = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000)] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    service: Services = None,
    level: Annotated[str, typer.Option(help="debug, info, warning or error: this and worse.")] = "",
    grep: Annotated[str, typer.Option(help="Only lines with this in them, in any case.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what programs wrote, merged by time; secrets are hidden."""
    from ..logs.bundle import logs_of
    from ..logs.query import Wanted

    settings = Settings.load(data)
    chosen = [*(names or []), *(service or [])]
    wanted = Wanted.of(chosen, level, grep)
    page = logs_of(settings).page(wanted, lines)
    known = {*page.services, *SERVICE_NAMES, "mgmt"}
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise NotFound(
            f"no program is called {unknown[0]!r}", f"They are: {', '.join(sorted(known))}."
        )
    for note in page.notes:
        typer.echo(note, err=True)
    for line in page.lines:
        _print(line.as_dict(), line.plain(), as_json)
    if follow:
        _follow(settings, chosen, level, grep, as_json)


def _follow(settings: Settings, names: list[str], level: str, grep: str, as_json: bool) -> None:
    from ..logs.line import Line

    asked = urlencode({"services": ",".join(names), "level": level, "text": grep})
    for told in follow_manager(settings, QUIET_S, f"/v1/logs/live?{asked}"):
        if told["skipped"]:
            typer.echo(f"({told['skipped']} lines were too many)", err=True)
        for one in told["lines"]:
            facts = {name: value for name, value in one.items() if name != "id"}
            _print(one, Line(**facts).plain(), as_json)
    raise Invalid("the manager ended", "Look at: streamstead status")


def _print(facts: object, text: str, as_json: bool) -> None:
    out.print(json.dumps(facts, default=str) if as_json else text, markup=False)


def support_bundle(
    data: Data = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path(
        "streamstead-support.tar.gz"
    ),
) -> None:
    """Gather versions, states, findings of the doctor and logs for who helps; no secret is in it.

    Look into it before you send it: names of streams, addresses of viewers and of servers are.
    """
    from ..logs.bundle import make_bundle

    make_bundle(Settings.load(data), output.absolute())
    out.print(str(output.absolute()), markup=False)
