"""Print how long what the house does to itself takes: certificate, HLS switch, backup.

    python -m tests.bench.keeping        (from the root of the checkout, as root)

Builds and starts one in a scratch directory with the embedded engine, measures and removes it; the
HLS switch also with the SRS that STREAMSTEAD_SRS_BIN names, which reads its settings anew.
"""

import json
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import free_port, wait_until
from tests.e2e.conftest import _free_ports, srs_binary
from tests.e2e.house import Api, House, publishing, random_name

EVERY_S = 0.02
AFTER_S = 3.0


def main() -> None:
    https = free_port()
    house = House("keeping", _free_ports(), {"STREAMSTEAD_WEB_HTTPS_PORT": str(https)})
    houses = [house]
    try:
        _begin(house)
        with house.api() as api:
            certificate(api, https)
            hls_switch(house, api, "embedded engine")
            backup(house)
        if binary := srs_binary():
            house = House("keeping-srs", _free_ports(), {"STREAMSTEAD_SRS_BIN": binary})
            house.reuse_release(houses[0])
            houses.append(house)
            _begin(house)
            with house.api() as api:
                hls_switch(house, api, "SRS")
    finally:
        for one in reversed(houses):
            one.stop()


def _begin(house: House) -> None:
    if house.bootstrap().returncode != 0:
        sys.exit(house.output)


def row(what: str, found: str) -> None:
    print(f"{what:<58} {found}", flush=True)


def seconds_of(call: Callable[[], Any]) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


class Handshakes(threading.Thread):
    """Connects every 20 ms. ``seen``: when, and which certificate; ``failed``: how often none."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ends = threading.Event()
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self.seen: list[tuple[float, bytes | None]] = []
        self.failed = 0

    def run(self) -> None:
        while not self._ends.wait(EVERY_S):
            at = time.monotonic()
            try:
                with (
                    socket.create_connection(("127.0.0.1", self._port), timeout=10) as plain,
                    self._context.wrap_socket(plain) as tls,
                ):
                    self.seen.append((at, tls.getpeercert(binary_form=True)))
            except OSError:
                self.failed += 1

    def stop(self) -> None:
        self._ends.set()
        self.join()


def certificate(api: Api, port: int) -> None:
    """Let another one be served while somebody connects all the time."""
    shaking = Handshakes(port)
    shaking.start()
    wait_until(lambda: bool(shaking.seen), "a first handshake")
    old = shaking.seen[0][1]
    begun = time.monotonic()
    took_s = seconds_of(lambda: api.call("/mgmt/auto-self-signed-certificate"))
    wait_until(lambda: shaking.seen[-1][1] != old, "the new certificate is served")
    time.sleep(AFTER_S)
    shaking.stop()
    first_new = next(at for at, one in shaking.seen if one != old)
    last_old = max(at for at, one in shaking.seen if one == old)
    row("certificate: asked for -> first new handshake", f"{first_new - begun:.2f} s")
    row("certificate: asked for -> last old handshake", f"{max(0.0, last_old - begun):.2f} s")
    row("certificate: asked for -> answered, tested and served", f"{took_s:.2f} s")
    row("certificate: handshakes, failed", f"{len(shaking.seen)}, {shaking.failed}")


def hls_switch(house: House, api: Api, server: str) -> None:
    """Change the length of segments while somebody publishes, without waiting for the end."""
    name = random_name()
    url = f"{house.rtmp}/{name}?secret={api.secret()}"
    with publishing(url) as encoder:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is live")
        took_s = seconds_of(lambda: api.call("/mgmt/hlsll/update", hlsLowLatency=False, now=True))
        time.sleep(AFTER_S)
        cut = not encoder.alive
    row(f"HLS switch, {server}: asked for -> in effect, read back", f"{took_s:.2f} s")
    row(f"HLS switch, {server}: the encoder was cut off", "yes" if cut else "no")
    if cut:
        begun = time.monotonic()
        with publishing(url):
            wait_until(lambda: f"live/{name}" in api.streams(), "it is live again")
            row(f"HLS switch, {server}: connects again", f"{time.monotonic() - begun:.2f} s")
    api.call("/mgmt/hlsll/update", hlsLowLatency=True, now=True)


def backup(house: House) -> None:
    """Make one, which is read again in whole, and put the running house back to it."""
    with tempfile.TemporaryDirectory() as folder:
        passphrase = Path(folder) / "passphrase"
        passphrase.write_text("several words that nobody guesses\n")
        options = ("--passphrase-file", str(passphrase))
        made: dict[str, Any] = {}
        took_s = seconds_of(lambda: made.update(_cli(house, "create", "--json", *options)))
        file = house.data / f"backups/{made['id']}.ssbackup"
        row("backup: made and verified", f"{took_s:.1f} s, {file.stat().st_size / 1000:.0f} kB")
        took_s = seconds_of(lambda: _cli(house, "restore", made["id"], "-y", *options))
        row("backup: restored, the house healthy again", f"{took_s:.1f} s")


def _cli(house: House, *words: str) -> dict[str, Any]:
    done = house.cli("backup", *words, timeout_s=600)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return dict(json.loads(done.stdout)) if "--json" in words else {}


if __name__ == "__main__":
    main()
