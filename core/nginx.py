"""What differs between the versions of nginx that distributions carry."""

import re
import shutil
import subprocess
from functools import cache


def early_log_options(target: str) -> tuple[str, ...]:
    """Return the options that send errors from before the configuration is read to ``target``.

    nginx 1.18 (Ubuntu 22.04) does not know them, and would not start with them.
    """
    return ("-e", target) if nginx_version() >= (1, 19, 5) else ()


def nginx_version() -> tuple[int, ...]:
    """Return the version of the installed nginx; nothing when there is none."""
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", build_options())
    return tuple(int(part) for part in found.groups()) if found else ()


@cache
def build_options() -> str:
    """Return what ``nginx -V`` says; empty when there is none."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
    if program is None:
        return ""
    done = subprocess.run((program, "-V"), check=False, capture_output=True, text=True, timeout=10)
    return done.stderr
