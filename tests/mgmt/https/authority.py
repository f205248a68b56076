"""A real CA for tests: pebble, which asks our name server and comes to our port 80."""

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path
from ssl import create_default_context

from streamstead.mgmt.certificate import self_signed

from ...conftest import free_port, need


class Authority:
    """``directory`` is its address; what it signs its own address with is in ``bundle``.

    It refuses one nonce in twenty, as pebble does by itself, and proves every domain anew.
    """

    def __init__(self, folder: Path, http_port: int, dns: str) -> None:
        self._port, self._management = free_port(), free_port()
        self.bundle = folder / "ca.pem"
        self.directory = f"https://localhost:{self._port}/dir"
        chain, key = self_signed(("localhost", "127.0.0.1"))
        self.bundle.write_text(chain)
        (folder / "ca.key").write_text(key)
        config = {
            "listenAddress": f"127.0.0.1:{self._port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(self.bundle),
            "privateKey": str(folder / "ca.key"),
            "httpPort": http_port,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": 90 * 86400,
        }
        (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        program = need("pebble")
        self._argv = [program, "-config", str(folder / "pebble.json"), "-dnsserver", dns]
        self._log = folder / "pebble.log"
        self._child: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self, nonces_refused_percent: int = 5) -> None:
        """Begin with nothing remembered; return once it answers."""
        env = {
            **os.environ,
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_AUTHZREUSE": "0",
            "PEBBLE_WFE_NONCEREJECT": str(nonces_refused_percent),
        }
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._argv, env=env, stdout=log, stderr=log)
        context = create_default_context(cafile=str(self.bundle))
        end = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(  # noqa: S310 - our own
                    self.directory, context=context, timeout=5
                ):
                    return
            except OSError:
                assert time.monotonic() < end, self._log.read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    @property
    def log(self) -> str:
        return self._log.read_text()
