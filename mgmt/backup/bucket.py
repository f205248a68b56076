"""Backups in a bucket: the recorder knows buckets, so it is asked, on loopback. Blocks."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson

from ...core.errors import StreamsteadError, Upstream
from ...core.settings import Settings

ANSWER_S = 25.0
SEND_S = 12 * 3600.0
BLOCK = 1 << 18
HEADER = "X-Streamstead-Hook"


class AwayBucket(StreamsteadError):
    """An error of the recorder, handed on as it is."""

    def __init__(self, code: int, status: int, data: dict[str, str]) -> None:
        super().__init__(data.get("message", ""), data.get("help", ""), key=data.get("key"))
        self.code, self.status = code, status  # type: ignore[misc]


class Bucket:
    """The default storage of the house."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def contents(self) -> dict[str, Any]:
        """Return ``{target, backups: [Info]}``; ``target`` "" where no storage is set up."""
        found: dict[str, Any] = self._ask("list", {}, ANSWER_S)
        return found

    def upload(self, id_: str) -> None:
        """Bring a backup of the backups' folder into the bucket, verified there."""
        self._ask("upload", {"id": id_}, SEND_S)

    def remove(self, ids: list[str]) -> None:
        self._ask("remove", {"ids": ids}, ANSWER_S)

    def download(self, id_: str) -> Iterator[bytes]:
        """Yield the bytes of one. Raises as the recorder says."""
        connection = self._connection(60.0)
        try:
            path = f"/internal/backups/file?id={quote(id_)}"
            connection.request("GET", path, headers=self._headers())
            reply = connection.getresponse()
            if reply.status != 200:
                raise _error(reply.status, reply.read(64 * 1024))
            while block := reply.read(BLOCK):
                yield block
        except (OSError, http.client.HTTPException) as exc:
            raise _silent(exc) from None
        finally:
            connection.close()

    def _ask(self, what: str, body: dict[str, Any], timeout_s: float) -> Any:
        connection = self._connection(timeout_s)
        try:
            raw = orjson.dumps(body)
            connection.request("POST", f"/internal/backups/{what}", raw, self._headers())
            reply = connection.getresponse()
            answer = reply.read()
        except (OSError, http.client.HTTPException) as exc:
            raise _silent(exc) from None
        finally:
            connection.close()
        if reply.status != 200:
            raise _error(reply.status, answer)
        return orjson.loads(answer)["data"]

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        port = self._settings.recorder_port
        return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def _headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            HEADER: self._settings.hook_secret.get_secret_value(),
        }


def _error(status: int, answer: bytes) -> StreamsteadError:
    try:
        said = orjson.loads(answer)
        return AwayBucket(int(said["code"]), status, said["data"])
    except (ValueError, KeyError, TypeError):
        return Upstream(f"the recorder answered {status}", "Look at: streamstead logs recorder")


def _silent(exc: Exception) -> Upstream:
    return Upstream(
        f"the recorder, which knows the storage, does not answer ({type(exc).__name__})",
        "Look at: streamstead logs recorder",
    )
