"""The ``streamstead`` program. ``serve`` comes first: no service carries the CLI's libraries."""

import sys
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
        return _template()
    from .app import run

    return run(words)


def _template() -> int:
    try:
        from ...core.template import run_template

        order = run_template()
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
        from ...core.runner import find_service, run

        if names == ["mgmt"]:
            from ...core.template import split_off

            find_service("mgmt")  # what is loaded now is shared
            if split_off():
                return _template()
        return run(names, Settings.load(data))
    except ConfigError as exc:
        print(f"{exc.message}\n{exc.help}", file=sys.stderr)
        return EX_CONFIG
