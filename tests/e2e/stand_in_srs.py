"""``./objs/srs -c FILE`` played by the embedded engine, inside the stand-in image.

Reads from the SRS configuration what the engine needs to know, so that mgmt starts this image with
the very specification it has for the real one.
"""

import re
import sys
from pathlib import Path

from streamstead.core.paths import DataDir
from streamstead.core.runner import run
from streamstead.core.settings import Settings

STATE = Path("/tmp/engine")


def find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"the configuration has nothing like {pattern}")
    return found[1]


def main() -> int:
    conf = Path(sys.argv[sys.argv.index("-c") + 1]).read_text()
    html = Path(find(r"hls_path\s+([^;]+);", conf))
    hook = find(r"on_publish\s+(\S+);", conf)
    api_port = int(find(r"http_api\s*\{[^}]*listen\s+127\.0\.0\.1:(\d+)", conf))
    if "-t" in sys.argv:
        return 0
    STATE.mkdir(exist_ok=True)
    # The callbacks must name files where everyone else sees them.
    DataDir.html = property(lambda _: html)  # type: ignore[assignment,method-assign]
    settings = Settings.model_validate(
        {
            "data_dir": STATE,
            "api_secret": "unused",
            "redis_password": "unused",
            "hook_secret": find(r"hook=(\w+)", hook),
            "hooks_port": find(r"127\.0\.0\.1:(\d+)", hook),
            "rtmp_port": find(r"(?m)^listen\s+(\d+);", conf),
            "srs_api_port": api_port,
            "srs_http_port": find(r"http_server\s*\{[^}]*listen\s+127\.0\.0\.1:(\d+)", conf),
            # Two more that no one else on this machine uses; SRS needs none like them.
            "engine_notify_port": find(r"exporter\s*\{[^}]*:(\d+)", conf),
            "engine_stat_port": find(r"rtc_server\s*\{[^}]*listen\s+(\d+)", conf),
            "hls_fragment_s": find(r"hls_fragment\s+(\d+)", conf),
            "hls_window_s": find(r"hls_window\s+(\d+)", conf),
        }
    )
    return run(["engine"], settings)


if __name__ == "__main__":
    sys.exit(main())
