"""One bucket, by boto3. Everything here blocks and belongs into a thread.

boto3 is imported when a bucket is first used: it takes 30 MB that a house without one keeps.
"""

import base64
import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from .answers import of_answer, of_exception
from .bounded import bound_answers, check_address
from .errors import StorageFailed
from .presets import check_endpoint, endpoint_of
from .targets import StorageTarget

CONNECT_S = 30.0
"""Also how long a slow line may take no byte more while something is sent."""

READ_S = 30.0
BLOCK = 1 << 18
MAX_POOL = 16
DIGEST = "sha256"
"""Name of the object's metadata that holds its SHA-256."""

_UNKNOWN_HEADER = ("NotImplemented", "InvalidArgument", "InvalidRequest", "status 501")
"""How servers refuse a checksum of a kind that they do not know."""


_making = threading.Lock()
"""A session of boto3 makes one client at a time."""


@cache
def _session() -> Any:
    """One for all: it holds what boto3 knows of S3, which takes half a second to read."""
    from boto3.session import Session

    return Session()


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """``sha256``: hex, as it was sent with the object; "" when nobody knows."""

    key: str
    size: int
    sha256: str = ""
    etag: str = ""
    modified_ms: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an upload in parts."""

    number: int
    size: int
    etag: str


class ObjectStore:
    """The bucket of one target. May be used by several threads."""

    def __init__(self, target: StorageTarget, secret_key: str, *, read_s: float = READ_S) -> None:
        """Raises StorageFailed for an address that may not be a storage."""
        self.target = target
        self.endpoint = endpoint_of(target)
        check_endpoint(self.endpoint)
        self._secret = secret_key
        self._read_s = read_s
        self._made: Any = None
        self._takes_sha256 = True

    @property
    def _client(self) -> Any:
        with _making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> Any:
        from botocore.config import Config

        client = _session().client(
            "s3",
            endpoint_url=self.endpoint or None,
            region_name=self.target.region or "us-east-1",
            aws_access_key_id=self.target.access_key,
            aws_secret_access_key=self._secret,
            config=Config(
                connect_timeout=CONNECT_S,
                read_timeout=self._read_s,
                # Who calls decides when to try again.
                retries={"total_max_attempts": 1},
                max_pool_connections=MAX_POOL,
                signature_version="s3v4",
                # The SHA-256 of every body is part of its signature, which all servers check.
                s3={
                    "addressing_style": "path" if self.target.path_style else "virtual",
                    "payload_signing_enabled": True,
                },
                proxies={},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                user_agent_extra="streamstead",
            ),
        )
        events = client.meta.events
        events.register("before-call.s3", _stay_in_region)
        for name in ("DeleteObjects", "PutBucketCors", "PutBucketPolicy"):
            events.register(f"before-call.s3.{name}", _add_md5)
        events.register("before-send.s3", _begin_to_count)
        bound_answers(client)
        return client

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def call(self, name: str, **arguments: Any) -> Any:
        """Do one operation of S3 (its name in boto3) on the bucket. Raises StorageFailed."""
        from botocore import exceptions as known

        try:
            return getattr(self._client, name)(Bucket=self.target.bucket, **arguments)
        except known.ClientError as exc:
            raise of_answer(exc.response, self.target.region) from None
        except (known.BotoCoreError, OSError, ValueError) as exc:
            raise of_exception(exc, self.endpoint) from None

    def _kind(self, content_type: str) -> dict[str, Any]:
        found: dict[str, Any] = {"ContentType": content_type}
        if self.target.storage_class:
            found["StorageClass"] = self.target.storage_class
        if self.target.acl:
            found["ACL"] = self.target.acl
        return found

    def put_file(
        self,
        key: str,
        path: Path,
        *,
        content_type: str,
        sha256: str,
        progress: Callable[[int], None] | None = None,
    ) -> ObjectFacts:
        """Send a whole file. ``sha256``: what it must have (hex). ``progress`` gets the number of
        bytes as they go; it may block, and what it raises ends the sending.

        Raises StorageFailed, ``storage_checksum`` also when the file is another one meanwhile;
        OSError when it cannot be read.
        """
        with path.open("rb") as file:
            return self._put(key, file, sha256, content_type, progress)

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> ObjectFacts:
        """Send some bytes. Raises StorageFailed."""
        sha256 = hashlib.sha256(data).hexdigest()
        return self._put(key, io.BytesIO(data), sha256, content_type, None)

    def _put(
        self,
        key: str,
        file: BinaryIO,
        sha256: str,
        content_type: str,
        progress: Callable[[int], None] | None,
    ) -> ObjectFacts:
        md5 = hashlib.md5(usedforsecurity=False)
        size = 0
        while block := file.read(BLOCK):
            md5.update(block)
            size += len(block)
        arguments: dict[str, Any] = {
            "Key": key,
            "ContentLength": size,
            "ContentMD5": base64.b64encode(md5.digest()).decode(),
            "Metadata": {DIGEST: sha256},
            **self._kind(content_type),
        }

        def send(**more: str) -> Any:
            file.seek(0)
            body = file if progress is None else _Watched(file, progress)
            return self.call("put_object", Body=body, **arguments, **more)

        if self._takes_sha256:
            try:
                reply = send(ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode())
                return ObjectFacts(key, size, sha256, _etag(reply))
            except StorageFailed as exc:
                if exc.key != "storage_failed" or not any(
                    word in exc.message for word in _UNKNOWN_HEADER
                ):
                    raise
        facts = ObjectFacts(key, size, sha256, _etag(send()))
        # It was this header that the server did not like.
        self._takes_sha256 = False
        return facts

    def head(self, key: str) -> ObjectFacts | None:
        """Look at an object; None when there is none. Raises StorageFailed."""
        try:
            reply = self.call("head_object", Key=key)
        except StorageFailed as exc:
            if exc.key == "storage_not_found":
                return None
            raise
        return ObjectFacts(
            key,
            reply["ContentLength"],
            reply.get("Metadata", {}).get(DIGEST, ""),
            _etag(reply),
            _ms(reply.get("LastModified")),
        )

    def check_bucket(self) -> None:
        """Raises StorageFailed, ``storage_no_bucket`` when it is not there."""
        # Not by HEAD: its answers have no words.
        self.list_objects(self.target.key_of(""), limit=1)

    def read(
        self, key: str, start: int = 0, end: int | None = None, most: int | None = None
    ) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end`` (included); no more than ``most``, whatever
        the server sends.

        Raises StorageFailed, ``storage_range`` when the server gives other ones.
        """
        from botocore import exceptions as known

        wanted = {} if start == 0 and end is None else {"Range": f"bytes={start}-{_text(end)}"}
        reply = self.call("get_object", Key=key, **wanted)
        body = reply["Body"]
        try:
            if start > 0 and "ContentRange" not in reply:
                raise StorageFailed.of("storage_range")
            seen = 0
            while block := body.read(BLOCK):
                seen += len(block)
                if most is not None and seen > most:
                    raise StorageFailed.of("storage_failed", f"more than {most} bytes came")
                yield block
        except (known.ReadTimeoutError, TimeoutError):
            raise StorageFailed.of("storage_timeout") from None
        except (known.BotoCoreError, OSError, ValueError):
            raise StorageFailed.of("storage_unreachable", "the connection broke off") from None
        finally:
            body.close()

    def get_bytes(self, key: str, limit: int) -> bytes:
        """Return a small object. Raises StorageFailed, also when it is larger."""
        found = bytearray()
        for block in self.read(key):
            found += block
            if len(found) > limit:
                raise StorageFailed.of("storage_failed", f"{key} is larger than {limit} bytes")
        return bytes(found)

    def delete(self, keys: list[str]) -> None:
        """Delete objects, 1000 at most; those that are not there are no fault. Raises
        StorageFailed."""
        if not keys:
            return
        listed = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        try:
            reply = self.call("delete_objects", Delete=listed)
        except StorageFailed as exc:
            if exc.key != "storage_failed":
                raise
            # Not every server can delete several at once.
            for key in keys:
                self.call("delete_object", Key=key)
            return
        for fault in reply.get("Errors", []):
            failed = of_answer({"Error": fault}, self.target.region)
            if failed.key != "storage_not_found":
                raise failed

    def list_objects(
        self, prefix: str, after: str = "", limit: int = 1000
    ) -> tuple[list[ObjectFacts], str | None]:
        """Return (objects by name, where to go on or None). Raises StorageFailed."""
        more = {"StartAfter": after} if after else {}
        reply = self.call("list_objects_v2", Prefix=prefix, MaxKeys=limit, **more)
        found = [
            ObjectFacts(one["Key"], one["Size"], "", _etag(one), _ms(one.get("LastModified")))
            for one in reply.get("Contents", [])
        ]
        return found, found[-1].key if reply.get("IsTruncated") and found else None

    def begin_parts(self, key: str, content_type: str, sha256: str) -> str:
        """Begin an upload in parts; return its id. Raises StorageFailed."""
        reply = self.call(
            "create_multipart_upload",
            Key=key,
            Metadata={DIGEST: sha256},
            **self._kind(content_type),
        )
        return str(reply["UploadId"])

    def put_part(
        self,
        key: str,
        upload_id: str,
        number: int,
        data: bytes,
        progress: Callable[[int], None] | None = None,
    ) -> Part:
        """Send one part; ``number`` begins at 1. Raises StorageFailed."""
        body: Any = data if progress is None else _Watched(io.BytesIO(data), progress)
        reply = self.call(
            "upload_part",
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            Body=body,
            ContentLength=len(data),
            ContentMD5=_md5(data),
        )
        return Part(number, len(data), _etag(reply))

    def parts(self, key: str, upload_id: str) -> list[Part]:
        """Return the parts that are there. Raises StorageFailed, ``storage_not_found`` when the
        upload is unknown."""
        found: list[Part] = []
        marker = 0
        while True:
            reply = self.call("list_parts", Key=key, UploadId=upload_id, PartNumberMarker=marker)
            found += [
                Part(one["PartNumber"], one["Size"], _etag(one)) for one in reply.get("Parts", [])
            ]
            if not reply.get("IsTruncated"):
                return found
            marker = reply["NextPartNumberMarker"]

    def finish_parts(self, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make one object of the parts. Raises StorageFailed."""
        listed = [{"PartNumber": one.number, "ETag": f'"{one.etag}"'} for one in parts]
        self.call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
        )

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Give up an upload in parts; one that is gone is no fault. Raises StorageFailed."""
        try:
            self.call("abort_multipart_upload", Key=key, UploadId=upload_id)
        except StorageFailed as exc:
            if exc.key != "storage_not_found":
                raise

    def presign(
        self,
        key: str,
        seconds: int,
        *,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> str:
        """Return an address by which anybody may read the object for a while. Asks no storage.
        Raises StorageFailed for an address that may not be one."""
        arguments: dict[str, Any] = {"Bucket": self.target.bucket, "Key": key}
        if filename is not None:
            name = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
            arguments["ResponseContentDisposition"] = name
        if content_type is not None:
            arguments["ResponseContentType"] = content_type
        signed: str = self._client.generate_presigned_url(
            "get_object", Params=arguments, ExpiresIn=seconds
        )
        check_address(signed)
        return signed

    def public_url(self, key: str) -> str | None:
        """Return the object's public address; None when the bucket has none."""
        base = self.target.public_url.rstrip("/")
        return f"{base}/{quote(key)}" if base else None


class _Watched:
    """A file that tells how much of it was read, so that sending can be slowed and shown. Nothing
    is told before ``begin``: it is read for its signature first."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, BLOCK) if size > 0 else size)
        if data and self._begun:
            self._progress(len(data))
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()


def _stay_in_region(params: dict[str, Any], **_: Any) -> None:
    """Keep botocore from asking in another region by itself: the operator is to be told."""
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _add_md5(params: dict[str, Any], **_: Any) -> None:
    """Many servers want the older checksum here, which botocore sends no more."""
    params["headers"]["Content-MD5"] = _md5(params["body"])


def _begin_to_count(request: Any, **_: Any) -> None:
    if isinstance(request.body, _Watched):
        request.body.begin()


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _etag(reply: Any) -> str:
    return str(reply.get("ETag", "")).strip('"')


def _ms(moment: Any) -> int:
    return round(moment.timestamp() * 1000) if isinstance(moment, datetime) else 0


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
