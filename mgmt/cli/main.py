"""The ``streamstead`` program. ``serve`` comes first: no service carries the CLI's libraries."""

import sys
from itertools import takewhile
from pathlib import Path

from ...core.errors import ConfigError
from ...core.settings import Settings

USAGE = "usage: streamstead serve NAME... [--data DIR]"
EX_USAGE = 2
EX_CONFIG = 78


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["serve"]:
        return _serve(words[1:])
    if words[:1] == ["template"]:
        return _template(words[1:])
    from .app import run

    return run(words)


def _template(words: list[str]) -> int:
    """The words are services; what follows them is for people who look at our processes."""
    try:
        from ...core.template import run_template

        order = run_template(list(takewhile(lambda word: not word.startswith("-"), words)))
    except ConfigError as exc:
        print(f"{exc.message}\n{exc.help}", file=sys.stderr)
        return EX_CONFIG
    # A new process comes back with what it is to be; the template itself only when it ends.
    return 0 if order is None else _serve(order.argv[2:])


def _serve(words: list[str]) -> int:
    names: list[str] = []
    data: Path | None = None
    rest = iter(words)
    for word in rest:
        if word == "--data":
            data = Path(next(rest, ""))
        elif word.startswith("--data="):
            data = Path(word.removeprefix("--data="))
        elif word in ("-h", "--help"):
            print(USAGE)
            return 0
        elif word.startswith("-"):
            print(f"unknown option {word}\n{USAGE}", file=sys.stderr)
            return EX_USAGE
        else:
            names.append(word)
    if not names or data == Path():
        print(USAGE, file=sys.stderr)
        return EX_USAGE
    try:
        settings = Settings.load(data)
        from ...core.runner import run

        return run(names, settings)
    except ConfigError as exc:
        print(f"{exc.message}\n{exc.help}", file=sys.stderr)
        return EX_CONFIG
