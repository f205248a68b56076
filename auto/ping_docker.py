"""Say whether a Docker Engine answers: exit 0, or one line of reason and exit 1.

Standard library only: it runs before anything of ours is installed.
"""

import argparse
import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from unix_http import UnixConnection

DEFAULT_HOST = "unix:///var/run/docker.sock"
TIMEOUT_S = 5.0


def ping(host: str) -> str:
    """Return "" when the engine at ``host`` answers, else why it does not."""
    address = urlsplit(host)
    connection: http.client.HTTPConnection
    if address.scheme == "unix":
        connection = UnixConnection(Path(address.path), TIMEOUT_S)
    else:
        connection = http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/_ping")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as exc:
        why = (exc.strerror if isinstance(exc, OSError) else None) or str(exc) or "no answer"
        return f"no Docker Engine answers at {host}: {why.lower()}."
    finally:
        connection.close()
    return "" if status == 200 else f"the Docker Engine at {host} refuses with status {status}."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to go on trying")
    wait_s = parser.parse_args().wait
    host = (
        os.environ.get("STREAMSTEAD_DOCKER_HOST") or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    )
    until = time.monotonic() + wait_s
    while (problem := ping(host)) and time.monotonic() < until:
        time.sleep(0.5)
    if problem:
        print(problem)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
