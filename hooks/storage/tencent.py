"""Set up a bucket at Tencent Cloud with nothing but a key of the account."""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from redis.asyncio import Redis

from ...core.errors import NotFound
from ...core.log import get_logger
from .errors import StorageFailed
from .object_store import ObjectStore
from .targets import StorageTarget, StorageTargetStore

log = get_logger(__name__)

TARGET_ID = "tencent"
REGION = "ap-guangzhou"
"""Where the bucket is made when nobody says where this machine stands."""

MAX_ANSWER = 65_536
_TIMES = httpx.Timeout(connect=8, read=20, write=10, pool=5)
_FORM = "application/json; charset=utf-8"
_CODES = (
    ("AuthFailure.SignatureExpire", "storage_clock"),
    ("AuthFailure.UnauthorizedOperation", "storage_forbidden"),
    ("UnauthorizedOperation", "storage_forbidden"),
    ("AuthFailure", "storage_wrong_key"),
    ("RequestLimitExceeded", "storage_busy"),
    ("InternalError", "storage_busy"),
)
_READ_WITHOUT_LIST = "read-without-list-files"
_READ = ("HeadBucket", "ListMultipartUploads", "ListParts", "GetObject", "HeadObject",
         "OptionsObject")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """``app_id`` ends the names of its buckets."""

    app_id: str
    uin: str


class TencentApi:
    """The accounts' API (CAM). ``url`` is a parameter for tests."""

    def __init__(self, url: str = "https://cam.tencentcloudapi.com/") -> None:
        self._url = url

    async def account(self, secret_id: str, secret_key: str) -> Account:
        """Return whose key this is. Raises StorageFailed."""
        found = await self._ask("GetUserAppId", "2019-01-16", secret_id, secret_key)
        app_id, uin = found.get("AppId"), found.get("OwnerUin") or found.get("Uin")
        if not app_id:
            raise StorageFailed.of("tencent_no_account")
        return Account(str(app_id), str(uin or ""))

    async def _ask(
        self, action: str, version: str, secret_id: str, secret_key: str
    ) -> dict[str, Any]:
        body, at_s = b"{}", int(time.time())
        headers = {
            "Content-Type": _FORM,
            "X-TC-Action": action,
            "X-TC-Version": version,
            "X-TC-Timestamp": str(at_s),
            "Authorization": authorization(
                urlsplit(self._url).netloc, body, at_s, secret_id, secret_key
            ),
        }
        try:
            async with (
                httpx.AsyncClient(timeout=_TIMES, trust_env=False) as client,
                asyncio.timeout(30),
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                read = bytearray()
                async for block in answer.aiter_bytes():
                    read += block
                    if len(read) > MAX_ANSWER:
                        raise StorageFailed.of("storage_failed", "the answer is too long")
                found = orjson.loads(bytes(read))["Response"]
                status = answer.status_code
        except (httpx.TimeoutException, TimeoutError):
            raise StorageFailed.of("storage_timeout") from None
        except httpx.HTTPError as exc:
            key = "storage_tls" if "CERTIFICATE" in str(exc).upper() else "storage_unreachable"
            raise StorageFailed.of(key, urlsplit(self._url).hostname or "") from None
        except (ValueError, TypeError, KeyError):
            raise StorageFailed.of("storage_failed", "the answer is no JSON of theirs") from None
        if not isinstance(found, dict) or status >= 500:
            raise StorageFailed.of("storage_busy")
        if isinstance(found.get("Error"), dict):
            raise _refused(str(found["Error"].get("Code", "")))
        return found


def authorization(host: str, body: bytes, at_s: int, secret_id: str, secret_key: str) -> str:
    """Return the header that signs a call of the accounts' API (TC3-HMAC-SHA256)."""
    date = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/cam/tc3_request"
    signed = "content-type;host"
    lines = ("POST", "/", "", f"content-type:{_FORM}", f"host:{host}", "", signed, _hex(body))
    said = "\n".join(("TC3-HMAC-SHA256", str(at_s), scope, _hex("\n".join(lines).encode())))
    key = f"TC3{secret_key}".encode()
    for word in (date, "cam", "tc3_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, said.encode(), "sha256").hex()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={signed}, "
        f"Signature={signature}"
    )


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _refused(code: str) -> StorageFailed:
    for begin, key in _CODES:
        if code.startswith(begin):
            return StorageFailed.of(key)
    return StorageFailed.of("storage_failed", code[:60])


class TencentSetup:
    """- ``SRS_TENCENT_CAM`` hash: ``appId`` and ``uin`` of the account. The keys are sealed, in the
      target of the id "tencent".
    - ``SRS_TENCENT_COS`` hash: ``bucket``, ``location`` (its host), ``cors`` ("true"), ``policy``
      (only of a bucket that anybody may read from); ``planned``: a bucket that is being made.
    - ``SRS_TENCENT_LH`` hash: ``region`` of the machine, when something wrote it.

    Every step is done once; after a failure the next call goes on where this one ended.
    """

    CAM = "SRS_TENCENT_CAM"
    COS = "SRS_TENCENT_COS"
    LH = "SRS_TENCENT_LH"

    def __init__(
        self,
        redis: Redis,
        targets: StorageTargetStore,
        clock: Callable[[], int],
        api: TencentApi | None = None,
        endpoint_form: str = "https://cos.{region}.myqcloud.com",
    ) -> None:
        self._redis = redis
        self._targets = targets
        self._clock = clock
        self._api = api or TencentApi()
        self._endpoint_form = endpoint_form
        self._lock = asyncio.Lock()

    async def set_up(
        self, secret_id: str, secret_key: str, region: str = "", public: bool = False
    ) -> StorageTarget:
        """Make sure of a private bucket of this account, and use it as a storage.

        ``public``: anybody may read what is in it who knows its name, whatever the rules of a
        recording say. Raises StorageFailed.
        """
        async with self._lock:
            account = await self._api.account(secret_id, secret_key)
            done = await self._known(account)
            region = _region_of(done) or region or await self._own_region()
            name = done.get("bucket") or done.get("planned") or ""
            if not name:
                name = f"srs-lighthouse-{secrets.token_hex(2)}-{account.app_id}"
                await self._redis.hset(self.COS, "planned", name)
            target = StorageTarget(
                id=TARGET_ID,
                label="Tencent COS",
                provider="tencent",
                bucket=name,
                region=region,
                endpoint=self._endpoint_form.format(region=region),
                access_key=secret_id,
                created_ms=self._clock(),
            )
            store = await asyncio.to_thread(ObjectStore, target, secret_key)
            try:
                await self._prepare(store, account, done, public)
            finally:
                await asyncio.to_thread(store.close)
            return await self._save(target, secret_key)

    async def _known(self, account: Account) -> dict[str, str]:
        """Return what is done already; nothing of it counts for another account."""
        before = await self._redis.hget(self.CAM, "appId")
        async with self._redis.pipeline(transaction=True) as pipe:
            if before is not None and before != account.app_id:
                pipe.delete(self.COS)
            pipe.hset(self.CAM, mapping={"appId": account.app_id, "uin": account.uin})
            pipe.hgetall(self.COS)
            found: dict[str, str] = (await pipe.execute())[-1]
        return found

    async def _own_region(self) -> str:
        return str(await self._redis.hget(self.LH, "region") or REGION)

    async def _prepare(
        self, store: ObjectStore, account: Account, done: dict[str, str], public: bool
    ) -> None:
        name, region = store.target.bucket, store.target.region
        if not done.get("bucket"):
            await asyncio.to_thread(_make_bucket, store)
            location = f"{name}.cos.{region}.myqcloud.com"
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(self.COS, mapping={"bucket": name, "location": location})
                pipe.hdel(self.COS, "planned")
                await pipe.execute()
            log.info("tencent.bucket_made", bucket=name, region=region)
        if public and done.get("policy") != _READ_WITHOUT_LIST:
            policy = orjson.dumps(_policy(account, name, region)).decode()
            await asyncio.to_thread(store.call, "put_bucket_policy", Policy=policy)
            await self._redis.hset(self.COS, "policy", _READ_WITHOUT_LIST)
        if done.get("cors") != "true":
            rules = {"CORSRules": [_CORS]}
            await asyncio.to_thread(store.call, "put_bucket_cors", CORSConfiguration=rules)
            await self._redis.hset(self.COS, "cors", "true")

    async def _save(self, target: StorageTarget, secret_key: str) -> StorageTarget:
        def edit(old: StorageTarget) -> StorageTarget:
            changed = replace(
                old,
                bucket=target.bucket,
                region=target.region,
                endpoint=target.endpoint,
                access_key=target.access_key,
                health_ok=None,
                health_key="",
                health_message="",
            )
            return self._targets.seal(changed, secret_key)

        try:
            return await self._targets.change(TARGET_ID, edit)
        except NotFound:
            return await self._targets.create(target, secret_key)


_CORS = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "POST", "PUT", "DELETE", "HEAD"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag", "Content-Length", "x-cos-request-id"],
    "MaxAgeSeconds": 600,
}


def _policy(account: Account, bucket: str, region: str) -> dict[str, Any]:
    """Anybody may read an object, and nobody may list them."""
    return {
        "Statement": [
            {
                "Principal": {"qcs": ["qcs::cam::anyone:anyone"]},
                "Effect": "allow",
                "Action": [f"name/cos:{name}" for name in _READ],
                "Resource": [f"qcs::cos:{region}:uid/{account.app_id}:{bucket}/*"],
            }
        ],
        "version": "2.0",
    }


def _make_bucket(store: ObjectStore) -> None:
    try:
        store.call("create_bucket", ACL="private")
    except StorageFailed as exc:
        # An earlier call made it, and did not live to write that down.
        if "BucketAlreadyOwnedByYou" not in exc.message:
            raise


def _region_of(done: dict[str, str]) -> str:
    """Return the region of a bucket that is there already."""
    words = done.get("location", "").split(".")
    return words[2] if len(words) == 5 else ""
