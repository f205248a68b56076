"""``python -m streamstead.mgmt.upgrade.specs --data DIR``: how this release would run each program,
as one line of JSON ``{name: hash}``. It starts nothing.

Asked of a new release before it becomes the current one: it must be able to read the settings, and
what differs in its answer is what it would restart.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from ..main import build, open_runtimes
from ..runtime.account import house_account
from ..runtime.choose import decide
from ..services.plan import build_specs


async def hashes(settings: Settings) -> dict[str, str]:
    """Raises StreamsteadError for settings that this release cannot work with."""
    account = house_account(settings)
    decision = await asyncio.to_thread(decide, settings)
    runtimes = await open_runtimes(settings, account, decision)
    try:
        plan, _ = await build(settings, account, decision, runtimes)
    finally:
        for runtime in runtimes.values():
            await runtime.close()
    return {spec.name: spec.hash for spec in build_specs(plan)}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args(argv)
    try:
        print(json.dumps(asyncio.run(hashes(Settings.load(given.data)))))
    except StreamsteadError as exc:
        print(f"{exc.message} {exc.help}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
