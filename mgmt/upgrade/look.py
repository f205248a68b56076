"""``python -m streamstead.mgmt.upgrade.look --data DIR``: look for releases, and end.

A process of its own: what speaks TLS and reads signatures would stay in the manager's memory.
"""

import argparse
import sys
from pathlib import Path

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from .place import releases_of


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(argv)
    try:
        releases_of(Settings.load(given.data)).look()
    except StreamsteadError as exc:
        print(f"{exc.message}\n{exc.help}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
