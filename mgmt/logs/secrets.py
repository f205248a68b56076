"""Every secret this house knows, so that none of them leaves it in a support bundle.

What is told is redacted by its form already; this is for the secret that stands where no form tells
it. Keys of streams and of the API are kept as digests alone, and cannot be known here.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import orjson

from ...core import sealed as seals
from ...core.files import read_plain
from ...core.sealed import SealBroken, Sealer
from ...core.settings import Settings, read_env_file

MIN_LENGTH = 6
"""What is shorter would hide half of every word."""

_NAMES = re.compile(r"(?i)(secret|passw|pass$|phrase|token|key$|keys$|credential|hash|digest|seal)")
_TALK = {"STREAMSTEAD_EVENTS"}
"""Without secrets, and too much to look through."""


class Secrets:
    """A set of words that must not be seen."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, word: str) -> None:
        for line in word.splitlines():
            if len(line.strip()) >= MIN_LENGTH and not line.strip().isdigit():
                self._known.add(line.strip())

    def add_in(self, value: Any, secret: bool = False) -> None:
        """Add what is secret by its name in a structure, or all of it."""
        if isinstance(value, dict):
            for name, one in value.items():
                self.add_in(one, secret or _NAMES.search(str(name)) is not None)
        elif isinstance(value, list):
            for one in value:
                self.add_in(one, secret)
        elif isinstance(value, str) and secret:
            self.add(value)

    def hide(self, data: bytes) -> bytes:
        """Put stars in place of each of them, as it is or as it stands in an address or JSON."""
        for word in sorted(self._known, key=len, reverse=True):
            for form in {word, quote(word, safe=""), orjson.dumps(word).decode()[1:-1]}:
                data = data.replace(form.encode(), b"***")
        return data


def gather(settings: Settings, client: Any) -> Secrets:
    """Return all of the settings, of the files beside them and of Redis. ``client``: None where
    Redis cannot be asked. Raises RedisError, OSError."""
    found = Secrets()
    for name, value in read_env_file(settings.data.env_file).items():
        if _NAMES.search(name):
            found.add(value)
    for _, value in settings:
        if hasattr(value, "get_secret_value"):
            found.add(value.get_secret_value())
    data = settings.data
    for path in (data.setup_code, data.store_id):
        with suppress(OSError):
            found.add(read_plain(path).decode(errors="replace"))
    master_key = data.master_key.read_bytes()
    found.add(master_key.hex())
    if client is not None:
        sealers = [
            Sealer(master_key, purpose)
            for name, purpose in vars(seals).items()
            if name.isupper() and not name.startswith("_") and isinstance(purpose, str)
        ]
        for name, value in _values(client):
            _add_stored(found, name, value, sealers)
    for path in data.mgmt.glob("*.json"):
        _add_stored(found, path.name, path.read_text(errors="replace"), [])
    return found


def _values(client: Any) -> Iterator[tuple[str, str]]:
    for key in client.scan_iter(count=500):
        if key in _TALK:
            continue
        kind = client.type(key)
        if kind == "string":
            yield key, client.get(key) or ""
        elif kind == "hash":
            for name, value in client.hscan_iter(key, count=500):
                yield f"{key} {name}", value
        elif kind == "list":
            for value in client.lrange(key, 0, 999):
                yield key, value


def _add_stored(found: Secrets, name: str, value: str, sealers: list[Sealer]) -> None:
    secret = _NAMES.search(name) is not None or name.startswith(("SRS_AUTH", "SRS_SECRET"))
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError:
        said = value
    found.add_in(said, secret and not isinstance(said, dict))
    for text in _texts(said):
        for sealer in sealers if text.startswith("1.") else ():
            try:
                opened = sealer.open(text)
            except SealBroken:
                continue
            found.add(opened)
            with suppress(orjson.JSONDecodeError):
                found.add_in(orjson.loads(opened), secret=True)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
