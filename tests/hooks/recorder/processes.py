"""Real hooks and recorder processes, and a media server that the test plays."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ...alone import Alone
from ...conftest import wait_until
from .media_server import FakeServer

REQUEST_S = 30
LIMIT_S = 60


@dataclass
class Show:
    """A stream that is on, and the recorder's API."""

    house: Alone
    server: FakeServer

    @classmethod
    def on(cls, house: Alone, pieces: list[Path]) -> "Show":
        html = house.settings.data.html
        return cls(house, FakeServer(html, pieces, now_ms=time.time_ns() // 1_000_000))

    def segment(self) -> dict[str, Any]:
        """Finish a segment and tell of it; return the callback, which was answered with yes."""
        callback = self.server.write()
        self.tell(callback)
        return callback

    def tell(self, callback: dict[str, Any]) -> None:
        address = f"http://127.0.0.1:{self.house.settings.hooks_port}/terraform/v1/hooks/srs/verify"
        reply = httpx.post(
            address,
            params={"hook": self.house.hook},
            json=callback,
            timeout=REQUEST_S,
            trust_env=False,
        )
        assert (reply.status_code, reply.json()["code"]) == (200, 0), reply.text

    def call(self, path: str, **body: Any) -> Any:
        secret = self.house.settings.api_secret.get_secret_value()
        reply = httpx.post(
            f"http://127.0.0.1:{self.house.settings.recorder_port}/terraform/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=REQUEST_S,
            trust_env=False,
        )
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    def begin(self) -> None:
        """Switch recording on, and go on until a segment is kept."""
        data = self.house.settings.data
        before = set(data.record.glob("*/*.ts"))
        self.call("recordings/rules/update", record_all=True, grace_s=3600)

        def begun() -> bool:
            self.segment()
            return any(data.spool.rglob("*.ts")) or set(data.record.glob("*/*.ts")) > before

        wait_until(begun, "recording begins", LIMIT_S)

    def stop(self) -> None:
        """Switch recording off."""
        self.call("recordings/rules/update", record_all=False)

    def recordings(self) -> list[dict[str, Any]]:
        """Return those of the stream, oldest first."""
        found = self.call("recordings/query", order="asc", stream=self.server.stream)
        return list(found["recordings"])
