"""``streamstead record``: what is recorded, and what was."""

import typer

from . import recording_library, recording_rules
from .common import Data

app = typer.Typer(no_args_is_help=True, help="Recordings: what is recorded, and what was.")
recording_library.add_to(app)
recording_rules.add_to(app)


@app.callback()
def record(ctx: typer.Context, data: Data = None) -> None:
    """Recordings: what is recorded, and what was."""
    ctx.obj = data
