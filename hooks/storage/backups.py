"""Backups of the house in a bucket: brought there and verified, listed, read, removed. Blocks."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ...core.errors import Invalid, NotFound
from .errors import StorageFailed
from .object_store import ObjectStore, Part
from .upload_send import SINGLE_BYTES, part_bytes_of

FOLDER = "backups/"
SUFFIX = ".ssbackup"
BESIDE = ".json"
CONTENT_TYPE = "application/octet-stream"
MAX_LISTED = 1000
MAX_BESIDE = 8192
ATTEMPTS = 3


class BucketBackups:
    """``<prefix>/backups/<id>.ssbackup``, and ``<id>.json`` beside each, which says what it is; a
    file without one is not whole and is not listed."""

    def __init__(self, store: ObjectStore, known: dict[str, dict[str, Any]]) -> None:
        """``known``: what was read beside files before, by name and tag; kept by the caller."""
        self._store = store
        self._known = known

    def upload(self, folder: Path, id_: str) -> None:
        """Bring ``<folder>/<id>.ssbackup`` there, and look whether it has arrived. Raises
        StorageFailed, Invalid, OSError."""
        path = folder / f"{id_}{SUFFIX}"
        beside = path.with_suffix(BESIDE).read_bytes()
        size, sha256 = path.stat().st_size, orjson.loads(beside).get("sha256", "")
        key = self._key(id_, SUFFIX)
        if size <= SINGLE_BYTES:
            self._store.put_file(key, path, content_type=CONTENT_TYPE, sha256=sha256)
        else:
            self._upload_parts(key, path, size, sha256)
        facts = self._store.head(key)
        if facts is None or (facts.size, facts.sha256) != (size, sha256):
            raise StorageFailed.of("storage_checksum")
        # Last: it says that the other is whole.
        self._store.put_bytes(self._key(id_, BESIDE), beside, content_type="application/json")

    def contents(self) -> list[dict[str, Any]]:
        """Return what lies beside each backup. Raises StorageFailed."""
        prefix = self._store.target.key_of(FOLDER)
        tags: dict[str, str] = {}
        sizes: dict[str, int] = {}
        after: str | None = ""
        while after is not None and len(sizes) < MAX_LISTED:
            found, after = self._store.list_objects(prefix, after)
            for one in found:
                name = one.key.removeprefix(prefix)
                if name.endswith(SUFFIX):
                    sizes[name.removesuffix(SUFFIX)] = one.size
                elif name.endswith(BESIDE):
                    tags[name.removesuffix(BESIDE)] = one.etag
        listed = [self._beside(id_, tags[id_]) for id_ in sorted(sizes) if id_ in tags]
        return [one for one in listed if one and one.get("bytes") == sizes.get(str(one.get("id")))]

    def remove(self, ids: list[str]) -> None:
        """Raises StorageFailed. The small file first: what has none is no backup."""
        self._store.delete([self._key(id_, BESIDE) for id_ in ids])
        self._store.delete([self._key(id_, SUFFIX) for id_ in ids])

    def read(self, id_: str) -> Iterator[bytes]:
        """Yield its bytes. Raises NotFound at once, StorageFailed."""
        key = self._key(id_, SUFFIX)
        facts = self._store.head(key)
        if facts is None:
            raise NotFound(
                "there is no such backup", "Look at the list again.", key="backup_unknown"
            )
        return self._store.read(key, most=facts.size)

    def _key(self, id_: str, suffix: str) -> str:
        return self._store.target.key_of(f"{FOLDER}{id_}{suffix}")

    def _beside(self, id_: str, tag: str) -> dict[str, Any]:
        name = f"{id_} {tag}"
        if name not in self._known:
            raw = self._store.get_bytes(self._key(id_, BESIDE), MAX_BESIDE)
            try:
                said = orjson.loads(raw)
            except orjson.JSONDecodeError:
                said = {}
            self._known[name] = said if isinstance(said, dict) and said.get("id") == id_ else {}
        return self._known[name]

    def _upload_parts(self, key: str, path: Path, size: int, sha256: str) -> None:
        upload_id = self._store.begin_parts(key, CONTENT_TYPE, sha256)
        part_bytes = part_bytes_of(size)
        digest = hashlib.sha256()
        parts: list[Part] = []
        try:
            with path.open("rb") as file:
                while data := file.read(part_bytes):
                    digest.update(data)
                    parts.append(self._put_part(key, upload_id, len(parts) + 1, data))
            if digest.hexdigest() != sha256:
                raise Invalid("the file of the backup was changed", "Make another one.")
            self._store.finish_parts(key, upload_id, parts)
        except BaseException:
            self._store.abort_parts(key, upload_id)
            raise

    def _put_part(self, key: str, upload_id: str, number: int, data: bytes) -> Part:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._store.put_part(key, upload_id, number, data)
            except StorageFailed:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")
