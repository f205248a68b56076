"""Commands of the configuration as one text."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import Invalid
from .common import AsJson, Data, load, out, print_json

app = typer.Typer(no_args_is_help=True, help="All that is set in the page, as one YAML text.")


@app.command()
def export(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; the terminal without.")] = None,
    data: Data = None,
) -> None:
    """Write what is in force. Secrets are in it by reference only."""
    import yaml

    from ..configuration.calls import Calls
    from ..configuration.document import current

    found = current(Calls(load(ctx, data)))
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, default_flow_style=False)
    if file is None:
        sys.stdout.write(text)
        return
    file.write_text(text, encoding="utf-8")
    out.print(f"written to {file}", markup=False)


@app.command()
def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A text as `export` writes it; - for the input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would change.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove from lists that are given what they leave out.")
    ] = False,
    no_secrets: Annotated[
        bool, typer.Option("--no-secrets", help="Resolve no reference to a secret.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Bring the house to what the text says; what it does not mention stays.

    A secret is given by the variable that its `env` names, or by `file: PATH` instead.
    """
    from ..configuration.apply import Applier, parse
    from ..configuration.calls import Calls

    settings = load(ctx, data)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise Invalid(f"{file} cannot be read: {exc}", "Correct the path.") from None
    applier = Applier(
        Calls(settings),
        {} if no_secrets else os.environ,
        dry_run=dry_run,
        prune=prune,
        files=not no_secrets,
    )
    outcome = applier.apply(parse(text))
    if as_json:
        print_json(outcome.as_dict())
    else:
        for change in outcome.changes:
            out.print(f"{change.section}: {change.what}", markup=False)
            for name, value in change.after.items() if isinstance(change.after, dict) else ():
                before = change.before.get(name) if isinstance(change.before, dict) else None
                out.print(f"    {name}: {_short(before)} -> {_short(value)}", markup=False)
        for problem in outcome.problems:
            out.print(f"problem: {problem}", markup=False)
        if not outcome.changes and not outcome.problems:
            out.print("everything is so already")
    if outcome.problems:
        raise typer.Exit(1)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 70 else f"{text[:67]}..."
