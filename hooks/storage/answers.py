"""What a storage's errors mean: from boto3's exceptions to StorageFailed, and no secret in it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ...core.errors import StreamsteadError
from .errors import StorageFailed

MAX_SKEW_S = 300
"""Clocks that differ more are why a request was refused, whatever else is said."""

_BUSY = ("500", "502", "503", "504", "429")
_CODES = {
    "AccessDenied": "storage_forbidden",
    "AllAccessDisabled": "storage_forbidden",
    "AccountProblem": "storage_forbidden",
    "UserDisable": "storage_forbidden",
    "Forbidden": "storage_forbidden",
    "403": "storage_forbidden",
    "InvalidAccessKeyId": "storage_wrong_key",
    "SignatureDoesNotMatch": "storage_wrong_key",
    "InvalidSecurity": "storage_wrong_key",
    "Unauthorized": "storage_wrong_key",
    "401": "storage_wrong_key",
    "RequestTimeTooSkewed": "storage_clock",
    "RequestExpired": "storage_clock",
    "AuthorizationHeaderMalformed": "storage_wrong_region",
    "PermanentRedirect": "storage_wrong_region",
    "TemporaryRedirect": "storage_wrong_region",
    "IllegalLocationConstraintException": "storage_wrong_region",
    "301": "storage_wrong_region",
    "307": "storage_wrong_region",
    "NoSuchBucket": "storage_no_bucket",
    "NoSuchKey": "storage_not_found",
    "NoSuchUpload": "storage_not_found",
    "NotFound": "storage_not_found",
    "404": "storage_not_found",
    "SlowDown": "storage_busy",
    "ServiceUnavailable": "storage_busy",
    "InternalError": "storage_busy",
    "TooManyRequests": "storage_busy",
    "RequestTimeout": "storage_timeout",
    "QuotaExceeded": "storage_full",
    "InsufficientStorage": "storage_full",
    "XMinioStorageFull": "storage_full",
    "XMinioAdminBucketQuotaExceeded": "storage_full",
    "storage_cap_exceeded": "storage_full",
    "507": "storage_full",
    "BadDigest": "storage_checksum",
    "InvalidDigest": "storage_checksum",
    "XAmzContentSHA256Mismatch": "storage_checksum",
    "XAmzContentChecksumMismatch": "storage_checksum",
    "InvalidRange": "storage_range",
    "416": "storage_range",
} | dict.fromkeys(_BUSY, "storage_busy")


def of_answer(response: Any, own_region: str) -> StorageFailed:
    """Say what an error answer means."""
    error, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = meta.get("HTTPHeaders", {})
    code, status = str(error.get("Code", "")), str(meta.get("HTTPStatusCode", ""))
    region = str(error.get("Region") or headers.get("x-amz-bucket-region") or "")
    key = _CODES.get(code) or _CODES.get(status, "storage_failed")
    if key == "storage_failed" and region not in ("", own_region):
        key = "storage_wrong_region"
    if key == "storage_forbidden":
        # An answer to HEAD has no words, and one storage names the right address in this way.
        if abs(skew_s(headers.get("date", ""))) > MAX_SKEW_S:
            key = "storage_clock"
        elif error.get("Endpoint"):
            key = "storage_wrong_region"
    detail = ""
    if key == "storage_clock":
        detail = skew_words(skew_s(headers.get("date", "")))
    elif key == "storage_wrong_region":
        place = region or str(error.get("Endpoint", ""))
        detail = f"it is in {place[:100]}" if place else ""
    elif key == "storage_failed":
        detail = code[:60] or f"status {status}"
    return StorageFailed.of(key, detail)


def skew_s(date: str) -> float:
    """Return how many seconds this machine is ahead of a server's ``Date``; 0 when unknown."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return (datetime.now(UTC) - theirs).total_seconds()


def skew_words(seconds: float) -> str:
    """Say it; "" when it is less than a second."""
    if abs(seconds) < 1:
        return ""
    return f"this machine is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"


def of_exception(exc: Exception, endpoint: str) -> StreamsteadError:
    """Say what another failure of boto3 means; what a callback of ours raised comes out as it
    was."""
    from botocore import exceptions as known

    inner = getattr(exc, "kwargs", {}).get("error")
    if isinstance(inner, StreamsteadError):
        return inner
    host = urlsplit(endpoint).hostname or ""
    if isinstance(exc, (known.ConnectTimeoutError, known.ReadTimeoutError)):
        return StorageFailed.of("storage_timeout")
    if isinstance(exc, known.SSLError):
        return StorageFailed.of("storage_tls")
    said = f"{type(inner).__name__} {inner} {exc}".lower()
    if isinstance(exc, (known.ConnectionError, known.HTTPClientError, OSError)):
        if "nameresolution" in said or "resolve" in said or "name or service" in said:
            return StorageFailed.of("storage_dns", host)
        if "refused" in said:
            return StorageFailed.of("storage_refused")
        if "timed out" in said or "timeout" in said:
            return StorageFailed.of("storage_timeout")
        return StorageFailed.of("storage_unreachable")
    return StorageFailed.of("storage_failed", type(exc).__name__)
