"""The HTTP request around one callback."""

from urllib.parse import parse_qs

import httptools

from ..core.errors import BodyTooLarge, MalformedJson

MAX_BODY_BYTES = 64 * 1024
MAX_PARAMETERS = 20


class CallbackRequest:
    """The head of a callback, and its body when it comes in chunks. httptools calls ``on_*``."""

    def __init__(self, head: bytes) -> None:
        self.length = 0
        self.chunked = False
        self.awaits_go = False
        self.complete = False
        self.body = bytearray()
        self._chunk_bytes = 0
        self._parser = httptools.HttpRequestParser(self)
        self._feed(head)
        self.method = self._parser.get_method()
        new = self._parser.get_http_version() == "1.1"
        self.keep_alive = new and self._parser.should_keep_alive() and not self.chunked

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise MalformedJson(
                "the request cannot be read", "Is this really SRS?", key="malformed_http"
            ) from None

    def read_chunks(self, data: bytes) -> None:
        """Raises MalformedJson or BodyTooLarge."""
        self._chunk_bytes += len(data)
        self._feed(data)
        if len(self.body) > MAX_BODY_BYTES or self._chunk_bytes > 8 * MAX_BODY_BYTES:
            raise BodyTooLarge("the callback is too large", "Is this really SRS?")

    @property
    def hook(self) -> bytes:
        """The one ``hook`` parameter, empty when there is none or several."""
        query = self._url.partition(b"?")[2].decode("latin-1")
        try:
            found = parse_qs(query, max_num_fields=MAX_PARAMETERS).get("hook", [])
        except ValueError:
            return b""
        return found[0].encode() if len(found) == 1 else b""

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        match name.lower():
            case b"content-length":
                self.length = int(value)
            case b"transfer-encoding":
                self.chunked = True
            case b"expect":
                self.awaits_go = value.lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        if not self.complete:  # or it is of a request behind this one
            self.body += body

    def on_message_complete(self) -> None:
        self.complete = True
