"""No answer of a storage may fill the memory: boto3 alone keeps whatever a server sends. And no
request goes to an address that may not be a storage, though its name led elsewhere when it was set.
"""

import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from .errors import StorageFailed
from .presets import check_endpoint

MAX_ANSWER = 8_000_000
"""Far more than a list of a thousand objects with the longest names takes."""

_BLOCK = 1 << 16
_LOOKED_UP_S = 30


def check_address(address: str) -> None:
    """Raise StorageFailed for an address that we may not ask. Looks names up now and then."""
    parts = urlsplit(address)
    _check(f"{parts.scheme}://{parts.netloc}", int(time.monotonic() / _LOOKED_UP_S))


@lru_cache(maxsize=64)
def _check(server: str, _: int) -> None:
    check_endpoint(server)


def bound_answers(client: Any) -> None:
    """Let a client of boto3 read at most 8 MB of what it does not hand out as a stream, and ask
    storages only."""
    session = client._endpoint.http_session
    send = session.send

    def sent(request: Any) -> Any:
        check_address(request.url)
        streams, request.stream_output = request.stream_output, True
        answer = send(request)
        if not streams or answer.status_code >= 300:
            answer._content = _read(answer.raw, request)
        return answer

    session.send = sent


def _read(raw: Any, request: Any) -> bytes:
    from botocore import exceptions as known
    from urllib3 import exceptions as lower

    found = bytearray()
    try:
        for block in raw.stream(_BLOCK):
            found += block
            if len(found) > MAX_ANSWER:
                raise known.HTTPClientError(
                    error=StorageFailed.of("storage_failed", "its answer has no end")
                )
    except lower.ReadTimeoutError as exc:
        raise known.ReadTimeoutError(endpoint_url=request.url, error=exc) from None
    except lower.HTTPError as exc:
        raise known.ConnectionClosedError(
            error=exc, request=request, endpoint_url=request.url
        ) from None
    finally:
        if raw.status >= 300 or len(found) > MAX_ANSWER:
            raw.close()
    return bytes(found)
