"""Print what an operator needs to know: where the page is, which key, how to stop.

Run by bootstrap with the Python of a release.
"""

import argparse
import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from unix_http import ask

from streamstead.core.files import read_plain
from streamstead.core.settings import DEFAULT_DATA_DIR, Settings
from streamstead.mgmt.cli.addresses import public_host

RTMP_PORT = 1935
WAIT_S = 5.0


def call(settings: Settings, path: str, method: str = "POST") -> Any:
    """Return ``data`` of our own API, asked through the front as an operator would."""
    secret = settings.api_secret.get_secret_value()
    request = urllib.request.Request(
        f"http://127.0.0.1:{settings.http_port}/terraform/v1/{path}",
        method=method,
        data=b"{}" if method == "POST" else None,
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    # A proxy that the machine uses must not see this.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=WAIT_S) as reply:
        return json.load(reply)["data"]


def page_url(settings: Settings, base: str) -> tuple[str, str]:
    """Return the address of the page, and a word on what to do there."""
    if call(settings, "mgmt/init", "GET")["init"]:
        return f"{base}/mgmt/", ""
    code = read_plain(settings.data.setup_code).decode("ascii").strip()
    return f"{base}/mgmt/setup#code={code}", "   (set your password there; the code works once)"


def compose(settings: Settings, command: str, unit: str) -> str:
    """Return the text. Raises OSError when a service does not answer after all."""
    data = settings.data_dir
    host = public_host(settings)
    base = f"http://{host}:{settings.http_port}"
    page, page_hint = page_url(settings, base)
    secret = call(settings, "hooks/srs/secret/query")["publish"]
    status = ask(settings.data.mgmt_socket, "GET", "/v1/status")
    port = "" if settings.rtmp_port == RTMP_PORT else f":{settings.rtmp_port}"
    server, key = f"rtmp://{host}{port}/live", f"livestream?secret={secret}"
    media = "the embedded engine" if status["media_server"] == "embedded" else "SRS"
    picture = "testsrc2=size=1280x720:rate=30"
    line = (
        f"ffmpeg -re -f lavfi -i {picture} -f lavfi -i sine=frequency=440 -c:v libx264"
        " -preset veryfast -pix_fmt yuv420p -g 60 -b:v 2M -c:a aac"
        f' -f flv "{server}/{key}"'
    )
    runtime = f"{status['runtime']}, media server: {media}"
    reason = status["runtime_reason"]
    logs = f"journalctl -u {unit}, and {data}/logs" if unit else f"{data}/logs"
    return f"""
Streamstead runs.

  Page          {page}{page_hint}
  RTMP server   {server}
  RTMP key      {key}
  ffmpeg line   {line}
  Watch         {base}/watch/live/livestream

  Data          {data}   (settings: config/.env)
  Logs          {logs}
  Runtime       {runtime}{f" ({reason.rstrip('.')})" if reason else ""}
{ending(settings, command)}"""


def ending(settings: Settings, command: str) -> str:
    """Return how to stop it; and of a container, what it cannot know of itself."""
    if settings.in_image:
        return (
            "  From outside  take the address of this machine and the ports that you published\n"
            "  Stop          docker stop NAME-OF-THE-CONTAINER\n"
            "  Start again   docker start NAME-OF-THE-CONTAINER\n"
        )
    where = "" if settings.data_dir == DEFAULT_DATA_DIR else f" --data {settings.data_dir}"
    return f"  Stop          {command} stop{where}\n  Start again   {command} start{where}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--unit", default="")
    options = parser.parse_args()
    settings = Settings.load(options.data)
    command = str(options.data / "current" / "venv" / "bin" / "streamstead")
    if options.data == DEFAULT_DATA_DIR and shutil.which("streamstead"):
        command = "streamstead"
    until = time.monotonic() + WAIT_S
    while True:
        try:
            print(compose(settings, command, options.unit))
            return 0
        except (OSError, urllib.error.URLError) as exc:
            # A worker of the front may take a moment to read its new configuration.
            if time.monotonic() >= until:
                print(f"everything runs, but the page does not answer: {exc}.")
                print(f"read {options.data}/logs/front.log, then run ./bootstrap again.")
                return 1
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
