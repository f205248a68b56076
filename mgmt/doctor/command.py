"""Short questions to programs of this machine."""

import subprocess

TIMEOUT_S = 5.0


def said_by(*argv: str) -> str:
    """Return what a program says, on both streams; empty when it fails to start or to end."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
