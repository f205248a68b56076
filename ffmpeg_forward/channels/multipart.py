"""The one file of a ``multipart/form-data`` body, as it comes (RFC 7578)."""

import re

from ...core.errors import Invalid

MAX_HEAD = 16 * 1024
MAX_OTHER = 64 * 1024
"""Bytes of parts that are no file."""

_BOUNDARY = re.compile(r'\bboundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_FILE_NAME = re.compile(r'\bfilename="((?:[^"\\\r\n]|\\.)*)"', re.IGNORECASE)
_END = b"\r\n\r\n"


class FilePart:
    """Feed it the body: it gives back the bytes of the first part that has a file name; of others
    nothing is kept. ``filename`` is known from then on; ``complete``: the part has ended."""

    def __init__(self, content_type: str) -> None:
        """Raises Invalid (``upload_malformed``)."""
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise malformed()
        self._mark = b"\r\n--" + (found[1] or found[2]).encode()
        # The first mark has no line before it.
        self._waiting = bytearray(b"\r\n")
        self._in_file = self._in_head = False
        self._skipped = self._lead = 0
        self.filename = ""
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """Return what belongs to the file. Raises Invalid for what is no such body."""
        if self.complete:
            return b""
        self._waiting += data
        while not self._in_file:
            if not (self._read_head() if self._in_head else self._skip_part()):
                return b""
        return self._read_file()

    def _skip_part(self) -> bool:
        """Pass over what comes before the next mark; False when it is not here yet."""
        at = self._waiting.find(self._mark)
        gone = at + len(self._mark) if at >= 0 else max(0, len(self._waiting) - len(self._mark))
        del self._waiting[:gone]
        self._skipped += gone
        if self._skipped > MAX_OTHER:
            raise malformed()
        self._in_head = at >= 0
        return at >= 0

    def _read_head(self) -> bool:
        at = self._waiting.find(_END)
        if at < 0:
            if len(self._waiting) > MAX_HEAD or self._waiting.startswith(b"--"):
                raise malformed()
            return False
        head = bytes(self._waiting[:at]).decode("utf-8", errors="replace")
        # What follows may be a mark at once.
        del self._waiting[: at + len(_END) - 2]
        self._in_head = False
        self._skipped += at
        name = _FILE_NAME.search(head)
        if name is not None:
            self.filename = re.sub(r"\\(.)", r"\1", name[1])
            self._in_file = True
            self._lead = 2
        return True

    def _read_file(self) -> bytes:
        at = self._waiting.find(self._mark)
        self.complete = at >= 0
        end = at if at >= 0 else max(0, len(self._waiting) - len(self._mark))
        if end < self._lead and not self.complete:
            return b""
        found = bytes(self._waiting[self._lead : end])
        del self._waiting[:end]
        self._lead = 0
        return found


def malformed() -> Invalid:
    return Invalid(
        "the body is no form with one file",
        "Send it as multipart/form-data, with the file as its only part.",
        key="upload_malformed",
    )
