"""One bucket, by boto3. Everything here blocks and belongs into a thread.

boto3 is imported when a bucket is first used: it takes 30 MB that a house without one keeps.
"""

import base64
import hashlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import StorageFailed
from .presets import endpoint_of
from .targets import StorageTarget

CONNECT_S = 8.0
READ_S = 30.0
BLOCK = 1 << 18
MAX_POOL = 16
DIGEST = "sha256"
"""Name of the object's metadata that holds its SHA-256."""

_CODES = {
    "AccessDenied": "storage_forbidden",
    "AllAccessDisabled": "storage_forbidden",
    "Forbidden": "storage_forbidden",
    "403": "storage_forbidden",
    "InvalidAccessKeyId": "storage_wrong_key",
    "SignatureDoesNotMatch": "storage_wrong_key",
    "InvalidSecurity": "storage_wrong_key",
    "RequestTimeTooSkewed": "storage_clock",
    "RequestExpired": "storage_clock",
    "AuthorizationHeaderMalformed": "storage_wrong_region",
    "PermanentRedirect": "storage_wrong_region",
    "IllegalLocationConstraintException": "storage_wrong_region",
    "301": "storage_wrong_region",
    "NoSuchBucket": "storage_no_bucket",
    "NoSuchKey": "storage_not_found",
    "NoSuchUpload": "storage_not_found",
    "NotFound": "storage_not_found",
    "404": "storage_not_found",
    "SlowDown": "storage_busy",
    "ServiceUnavailable": "storage_busy",
    "InternalError": "storage_busy",
    "RequestTimeout": "storage_timeout",
    "500": "storage_busy",
    "502": "storage_busy",
    "503": "storage_busy",
    "504": "storage_busy",
    "429": "storage_busy",
    "QuotaExceeded": "storage_full",
    "InsufficientStorage": "storage_full",
    "XMinioStorageFull": "storage_full",
    "507": "storage_full",
    "BadDigest": "storage_checksum",
    "InvalidDigest": "storage_checksum",
    "XAmzContentSHA256Mismatch": "storage_checksum",
    "XAmzContentChecksumMismatch": "storage_checksum",
    "InvalidRange": "storage_range",
}


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

    @property
    def _client(self) -> Any:
        if self._made is None:
            from boto3.session import Session
            from botocore.config import Config

            self._made = Session().client(
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
                    s3={"addressing_style": "path" if self.target.path_style else "auto"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    user_agent_extra="streamstead",
                ),
            )
        return self._made

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def _call(self, name: str, **arguments: Any) -> Any:
        from botocore import exceptions as known

        try:
            return getattr(self._client, name)(Bucket=self.target.bucket, **arguments)
        except known.ClientError as exc:
            raise _of_answer(exc.response) from None
        except (known.ConnectTimeoutError, known.ReadTimeoutError):
            raise StorageFailed.of("storage_timeout") from None
        except known.SSLError:
            raise StorageFailed.of("storage_tls") from None
        except known.ConnectionError as exc:
            raise _of_connection(exc) from None
        except (known.HTTPClientError, known.IncompleteReadError, OSError):
            raise StorageFailed.of("storage_unreachable") from None
        except (known.BotoCoreError, ValueError) as exc:
            raise StorageFailed.of("storage_failed", type(exc).__name__) from None

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
        """Send a whole file. ``progress`` gets the number of bytes as they go, and may block.

        Raises StorageFailed; OSError when the file cannot be read.
        """
        with path.open("rb") as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
            file.seek(0)
            body = file if progress is None else _Watched(file, progress)
            reply = self._call(
                "put_object",
                Key=key,
                Body=body,
                ContentLength=path.stat().st_size,
                ContentMD5=base64.b64encode(md5.digest()).decode(),
                Metadata={DIGEST: sha256},
                **self._kind(content_type),
            )
        return ObjectFacts(key, path.stat().st_size, sha256, _etag(reply))

    def put_bytes(self, key: str, data: bytes, *, content_type: str) -> ObjectFacts:
        """Send some bytes. Raises StorageFailed."""
        sha256 = hashlib.sha256(data).hexdigest()
        reply = self._call(
            "put_object",
            Key=key,
            Body=data,
            ContentMD5=_md5(data),
            Metadata={DIGEST: sha256},
            **self._kind(content_type),
        )
        return ObjectFacts(key, len(data), sha256, _etag(reply))

    def head(self, key: str) -> ObjectFacts | None:
        """Look at an object; None when there is none. Raises StorageFailed."""
        try:
            reply = self._call("head_object", Key=key)
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
        try:
            self._call("head_bucket")
        except StorageFailed as exc:
            if exc.key == "storage_not_found":
                raise StorageFailed.of("storage_no_bucket") from None
            raise

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end`` (included). Raises StorageFailed."""
        from botocore import exceptions as known

        wanted = {} if start == 0 and end is None else {"Range": f"bytes={start}-{_text(end)}"}
        reply = self._call("get_object", Key=key, **wanted)
        body = reply["Body"]
        try:
            while block := body.read(BLOCK):
                yield block
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
        reply = self._call("delete_objects", Delete=listed)
        for fault in reply.get("Errors", []):
            raise _of_answer({"Error": fault, "ResponseMetadata": {}})

    def list_objects(
        self, prefix: str, after: str = "", limit: int = 1000
    ) -> tuple[list[ObjectFacts], str | None]:
        """Return (objects by name, where to go on or None). Raises StorageFailed."""
        more = {"StartAfter": after} if after else {}
        reply = self._call("list_objects_v2", Prefix=prefix, MaxKeys=limit, **more)
        found = [
            ObjectFacts(one["Key"], one["Size"], "", _etag(one), _ms(one.get("LastModified")))
            for one in reply.get("Contents", [])
        ]
        return found, found[-1].key if reply.get("IsTruncated") and found else None

    def begin_parts(self, key: str, content_type: str, sha256: str) -> str:
        """Begin an upload in parts; return its id. Raises StorageFailed."""
        reply = self._call(
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
        body: Any = data
        if progress is not None:
            import io

            body = _Watched(io.BytesIO(data), progress)
        reply = self._call(
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
            reply = self._call("list_parts", Key=key, UploadId=upload_id, PartNumberMarker=marker)
            found += [
                Part(one["PartNumber"], one["Size"], _etag(one)) for one in reply.get("Parts", [])
            ]
            if not reply.get("IsTruncated"):
                return found
            marker = reply["NextPartNumberMarker"]

    def finish_parts(self, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make one object of the parts. Raises StorageFailed."""
        listed = [{"PartNumber": one.number, "ETag": f'"{one.etag}"'} for one in parts]
        self._call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
        )

    def abort_parts(self, key: str, upload_id: str) -> None:
        """Give up an upload in parts; one that is gone is no fault. Raises StorageFailed."""
        try:
            self._call("abort_multipart_upload", Key=key, UploadId=upload_id)
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
        """Return an address by which anybody may read the object for a while. Asks nobody."""
        arguments: dict[str, Any] = {"Bucket": self.target.bucket, "Key": key}
        if filename is not None:
            name = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
            arguments["ResponseContentDisposition"] = name
        if content_type is not None:
            arguments["ResponseContentType"] = content_type
        signed: str = self._client.generate_presigned_url(
            "get_object", Params=arguments, ExpiresIn=seconds
        )
        return signed

    def public_url(self, key: str) -> str | None:
        """Return the object's public address; None when the bucket has none."""
        base = self.target.public_url.rstrip("/")
        return f"{base}/{quote(key)}" if base else None


class _Watched:
    """A file that tells how much of it was read, so that sending can be slowed and shown."""

    def __init__(self, file: Any, progress: Callable[[int], None]) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(min(size, BLOCK) if size > 0 else size)
        if data:
            self._progress(len(data))
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        found: int = self._file.seek(position, whence)
        return found

    def tell(self) -> int:
        found: int = self._file.tell()
        return found


def check_endpoint(endpoint: str) -> None:
    """Raise StorageFailed for what is no http(s) address of a server, or one of the machine's own
    metadata. Loopback and private networks are fine: storages often stand beside us."""
    if not endpoint:
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise StorageFailed.of("storage_address", "it must begin with https:// or http://")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # told when it is used
    for one in found:
        address = ipaddress.ip_address(str(one[4][0]).partition("%")[0])
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            raise StorageFailed.of("storage_address")


def _of_answer(response: Any) -> StorageFailed:
    """Say what an error answer means."""
    error, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    code = str(error.get("Code", ""))
    status = str(meta.get("HTTPStatusCode", ""))
    key = _CODES.get(code) or _CODES.get(status, "storage_failed")
    detail = ""
    if key == "storage_clock":
        detail = _skew(meta.get("HTTPHeaders", {}))
    elif key == "storage_wrong_region":
        region = error.get("Region") or meta.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
        detail = f"it is in {region}" if region else ""
    elif key == "storage_failed":
        detail = code[:60] or f"status {status}"
    return StorageFailed.of(key, detail)


def _skew(headers: dict[str, str]) -> str:
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return ""
    seconds = round((datetime.now(UTC) - theirs).total_seconds())
    way = "ahead" if seconds > 0 else "behind"
    return f"this machine is {abs(seconds)} s {way}"


def _of_connection(exc: Exception) -> StorageFailed:
    text = str(exc).lower()
    if "name or service" in text or "resolve" in text or "nodename" in text:
        return StorageFailed.of("storage_dns")
    if "refused" in text:
        return StorageFailed.of("storage_refused")
    if "timed out" in text:
        return StorageFailed.of("storage_timeout")
    return StorageFailed.of("storage_unreachable")


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _etag(reply: Any) -> str:
    return str(reply.get("ETag", "")).strip('"')


def _ms(moment: Any) -> int:
    return round(moment.timestamp() * 1000) if isinstance(moment, datetime) else 0


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
