"""What programs in containers wrote: Docker keeps it, we ask.

Docker's own files are not ours to write into, so a secret that a program wrote stays in them; it is
hidden whenever we read (line.py).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from docker.errors import DockerException
from requests.exceptions import RequestException

from ...core.errors import Upstream
from ..runtime import docker_engine
from ..runtime.docker import INSTANCE_LABEL, SERVICE_LABEL
from .line import Line, parse
from .query import Containers

ASK_S = 5
PIECE = 2000
"""Lines asked for at a time while going backwards."""

MAX_LINES = 40_000
FOLLOW_S = 3600


class DockerLogs(Containers):
    """The containers of one house. Blocking; may be used by several threads."""

    def __init__(self, address: str, instance: str) -> None:
        self._address = address
        self._instance = instance

    def names(self) -> list[str]:
        with self._client() as client:
            return sorted(self._containers(client))

    def backwards(self, name: str, before_ms: int | None) -> Iterator[Line]:
        with self._client() as client:
            container = self._containers(client).get(name)
            if container is None:
                return
            until = {} if before_ms is None else {"until": before_ms / 1000 + 0.001}
            tail, seen = PIECE, 0
            while True:
                raw: bytes = container.logs(timestamps=True, tail=tail, **until)
                lines = _numbered([entry(one, name) for one in raw.splitlines()])
                yield from reversed(lines[: len(lines) - seen])
                if len(lines) < tail or tail >= MAX_LINES:
                    return
                seen, tail = len(lines), min(MAX_LINES, tail * 4)

    @contextmanager
    def follow(self, give: Callable[[Line], None]) -> Iterator[None]:
        """Give what is written from now on, from threads, until the block ends."""
        opened: list[Any] = []
        try:
            with suppress(Upstream), self._client(FOLLOW_S) as client:
                for name, container in self._containers(client).items():
                    stream = container.logs(stream=True, follow=True, timestamps=True, tail=0)
                    opened.append(stream)
                    pump = threading.Thread(target=_pump, args=(stream, name, give), daemon=True)
                    pump.start()
                yield
                return
            yield
        finally:
            for stream in opened:
                stream.close()

    @contextmanager
    def _client(self, timeout_s: int = ASK_S) -> Iterator[Any]:
        client = None
        try:
            client = docker_engine.connect(self._address, timeout_s)
            yield client
        except (DockerException, RequestException) as exc:
            raise Upstream(
                f"the logs of containers cannot be had: {str(exc)[:200]}",
                "Look at the engine with `docker info`.",
            ) from None
        finally:
            if client is not None:
                client.close()

    def _containers(self, client: Any) -> dict[str, Any]:
        wanted = {"label": [f"{INSTANCE_LABEL}={self._instance}", SERVICE_LABEL]}
        found = client.containers.list(all=True, filters=wanted)
        return {one.labels[SERVICE_LABEL]: one for one in found}


def entry(raw: bytes, name: str) -> Line:
    """Parse one line of Docker's, which begins with its own time."""
    stamp, _, words = raw.partition(b" ")
    try:
        at = datetime.fromisoformat(stamp[:26].decode().rstrip("Z") + "+00:00")
        at_ms = int(at.timestamp() * 1000)
    except ValueError:
        words, at_ms = raw, 0
    line = parse(words, name, at_ms)
    # The time of a container may be of another zone than the machine's.
    line.at_ms = at_ms or line.at_ms
    return line


def _numbered(lines: list[Line]) -> list[Line]:
    """Lines of one moment get numbers, which stay the same however many are asked for."""
    number = at_ms = 0
    for line in lines:
        number = number + 1 if line.at_ms == at_ms else 0
        at_ms, line.offset = line.at_ms, number
    return lines


def _pump(stream: Any, name: str, give: Callable[[Line], None]) -> None:
    carry = b""
    with suppress(DockerException, RequestException, OSError, ValueError):
        for piece in stream:
            *whole, carry = (carry + piece).split(b"\n")
            for raw in whole:
                if raw:
                    give(entry(raw, name))
