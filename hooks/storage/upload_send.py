"""Bring single files into a bucket and make sure that they are there. Blocks; for threads."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ...core.log import get_logger
from ..library.recording import PLAYLIST_FILE
from ..recorder.segments import sha256_of
from .errors import StorageFailed
from .object_store import ObjectFacts, ObjectStore
from .upload_db import BEGUN, DONE, NOT_SENT, Book, Item, Phase, UploadDb
from .upload_plan import content_type, growing_playlist

log = get_logger(__name__)

SINGLE_BYTES = 16 << 20
"""What is larger goes up in parts."""

PART_BYTES = 8 << 20
MAX_PARTS = 10_000
MIB = 1 << 20


class Changed(Exception):
    """The file is not what was planned any more: it must be looked at again."""


def part_bytes_of(size: int) -> int:
    """Return how large the parts of a file are: 8 MiB, more where there would be too many."""
    least = -(-size // MAX_PARTS)
    return max(PART_BYTES, -(-least // MIB) * MIB)


@dataclass(slots=True)
class InParts:
    """A large file on its way. ``todo``: numbers of the parts that are missing, last one first."""

    item: Item
    upload_id: str
    part_bytes: int
    todo: list[int]
    running: set[int] = field(default_factory=set)

    def size_of(self, number: int) -> int:
        return min(self.part_bytes, self.item.size - (number - 1) * self.part_bytes)


@dataclass(frozen=True, slots=True)
class Sender:
    """One recording's way into one bucket. ``sent`` is told bytes as they go, may wait, and raises
    Stopped when it is to end."""

    db: UploadDb
    store: ObjectStore
    book: Book
    directory: Path
    prefix: str
    sent: Callable[[int], None]

    def key(self, name: str) -> str:
        return "/".join(part for part in (self.prefix, self.book.recording, name) if part)

    def is_there(self, item: Item) -> bool:
        """Look for it in the bucket; note it when it is there. Raises StorageFailed."""
        facts = self.store.head(self.key(item.name))
        if facts is None or (facts.size, facts.sha256) != (item.size, item.sha256):
            return False
        self.db.done(self.book, item.name, facts.etag)
        return True

    def put(self, item: Item) -> None:
        """Send a small file and verify it. Raises StorageFailed, Changed, Stopped, OSError."""
        if item.progress == BEGUN and self.is_there(item):
            return
        path = self.directory / item.name
        try:
            self._check_file(item, path)
        except FileNotFoundError:
            if self.is_there(item):
                return
            raise
        self.db.begun(self.book, item.name)
        try:
            self.store.put_file(
                self.key(item.name),
                path,
                content_type=content_type(item.name),
                sha256=item.sha256,
                progress=self.sent,
            )
        except StorageFailed as exc:
            if exc.key == "storage_checksum":
                self._check_content(item, path)
            raise
        self._verify(item)

    def _check_file(self, item: Item, path: Path) -> None:
        """What lies on the disk must be what the books say. Raises Changed, OSError."""
        if item.phase is not Phase.SEGMENTS:
            facts = _facts(path)
            if (facts.st_size, facts.st_mtime_ns) != (item.size, item.mtime_ns):
                raise Changed
            return
        if path.stat().st_size != item.size:
            self._check_content(item, path)

    def _check_content(self, item: Item, path: Path) -> None:
        """What there is goes up, also when the disk has damaged it: the manifest tells. Raises
        Changed, OSError."""
        size, sha256 = path.stat().st_size, sha256_of(path)
        if (size, sha256) != (item.size, item.sha256):
            log.error("upload.file_changed", id=self.book.recording, name=item.name)
            self.db.add(self.book, [replace(item, size=size, sha256=sha256)])
            raise Changed

    def _verify(self, item: Item) -> None:
        facts = self.store.head(self.key(item.name))
        # Some storages do not keep what is told beside an object; they checked it on arrival.
        if facts is None or facts.size != item.size or facts.sha256 not in ("", item.sha256):
            self.db.lost(self.book, item.name)
            raise StorageFailed.of("storage_checksum", item.name)
        self.db.done(self.book, item.name, facts.etag)

    def begin(self, item: Item) -> InParts | None:
        """Begin a large file, or go on with what is there; None when all of it is.

        Raises StorageFailed, Changed, OSError.
        """
        if not item.upload_id and item.progress == BEGUN and self.is_there(item):
            return None
        self._check_file(item, self.directory / item.name)
        if item.upload_id and not item.part_bytes:
            self.give_up_parts(item.name, item.upload_id)
        elif item.upload_id:
            found = self._resumed(item)
            if found is not None:
                return found
            if self.is_there(item):
                return None  # it was put together, and we ended before we knew
        part_bytes = part_bytes_of(item.size)
        upload_id = self.store.begin_parts(
            self.key(item.name), content_type(item.name), item.sha256
        )
        self.db.in_parts(self.book, item.name, upload_id, part_bytes)
        self.db.begun(self.book, item.name)
        return InParts(item, upload_id, part_bytes, _numbers(item.size, part_bytes))

    def _resumed(self, item: Item) -> InParts | None:
        """Return what the bucket has of it; None when it does not know the upload any more."""
        try:
            there = self.store.parts(self.key(item.name), item.upload_id)
        except StorageFailed as exc:
            if exc.key != "storage_not_found":
                raise
            return None
        going = InParts(item, item.upload_id, item.part_bytes, _numbers(item.size, item.part_bytes))
        # A part is there as a whole or not at all, and was checked when it arrived.
        done = {part.number for part in there if part.size == going.size_of(part.number)}
        going.todo = [number for number in going.todo if number not in done]
        for part in there:
            if part.number in done:
                self.db.part_done(self.book, item.name, part)
        return going

    def put_part(self, going: InParts, number: int) -> None:
        """Send one part. Raises StorageFailed, Changed, Stopped, OSError."""
        item = going.item
        with _opened(self.directory / item.name) as file:
            facts = os.fstat(file.fileno())
            if facts.st_size != item.size or item.mtime_ns not in (0, facts.st_mtime_ns):
                raise Changed
            data = os.pread(file.fileno(), going.size_of(number), (number - 1) * going.part_bytes)
        part = self.store.put_part(
            self.key(item.name), going.upload_id, number, data, progress=self.sent
        )
        self.db.part_done(self.book, item.name, part)

    def finish(self, going: InParts) -> None:
        """Put the parts together and verify the whole. Raises StorageFailed, Changed."""
        name = going.item.name
        parts = self.db.parts(self.book, name)
        complete = sum(part.size for part in parts) == going.item.size
        if not complete:
            raise Changed
        try:
            self.store.finish_parts(self.key(name), going.upload_id, parts)
        except StorageFailed as exc:
            if exc.key != "storage_not_found" or not self.is_there(going.item):
                raise
        self._verify(going.item)

    def give_up_parts(self, name: str, upload_id: str) -> None:
        """Let the bucket forget parts that nobody will put together."""
        with suppress(StorageFailed):
            self.store.abort_parts(self.key(name), upload_id)
        self.db.in_parts(self.book, name, "", 0)

    def check(self, last: Phase) -> bool:
        """Compare the books with what the bucket has; True when all of it is there, byte for byte
        as far as the bucket tells. Raises StorageFailed, Stopped."""
        folder, after, whole = f"{self.key('')}/", "", True
        while True:
            self.sent(0)
            listed, more = self.store.list_objects(folder, f"{folder}{after}" if after else "")
            there = {one.key.removeprefix(folder): one for one in listed}
            upto = more.removeprefix(folder) if more is not None else None
            for item in self.db.named(self.book, last, after, upto):
                self.sent(0)
                whole = self._is_as_noted(item, there.get(item.name)) and whole
            if upto is None:
                return whole
            after = upto

    def _is_as_noted(self, item: Item, listed: ObjectFacts | None) -> bool:
        noted = (item.size, item.etag) if item.progress == DONE else None
        if listed is not None and noted == (listed.size, listed.etag):
            return True
        # Not every storage lists at once what it has taken.
        if (listed is not None or item.progress == DONE) and self.is_there(item):
            return True
        if item.progress != NOT_SENT:
            self.db.lost(self.book, item.name)
        return False

    def refresh_playlist(self) -> int:
        """Let the bucket's playlist list what is there by now; return its size in bytes."""
        try:
            data = growing_playlist(self.directory, self.db.first_missing(self.book))
        except FileNotFoundError:
            return 0
        if data:
            self.store.put_bytes(
                self.key(PLAYLIST_FILE), data, content_type=content_type(PLAYLIST_FILE)
            )
        return len(data)


def delete_all(store: ObjectStore, db: UploadDb, book: Book, prefix: str) -> None:
    """Delete everything that a bucket has of a recording, parts of files too. Raises
    StorageFailed."""
    folder = "/".join(part for part in (prefix, book.recording) if part) + "/"
    for target_id, name, upload_id in db.uploads_in_parts(book.recording):
        if target_id == book.target:
            store.abort_parts(f"{folder}{name}", upload_id)
    while True:
        found, _ = store.list_objects(folder)
        if not found:
            return
        store.delete([one.key for one in found])


def _facts(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise Changed from None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise Changed from None


def _numbers(size: int, part_bytes: int) -> list[int]:
    return list(range(-(-size // part_bytes), 0, -1))
