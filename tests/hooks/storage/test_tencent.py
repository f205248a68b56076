"""Setting up a bucket at Tencent Cloud, against a server that speaks the same protocols."""

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.hooks.recorder.main import create_api
from streamstead.hooks.storage.errors import StorageFailed
from streamstead.hooks.storage.targets import StorageTargetStore
from streamstead.hooks.storage.tencent import TencentApi, TencentSetup, authorization

from ...conftest import free_port

ID, KEY = "AKID-of-a-test", "secret-key-of-a-test"
API_SECRET = "the-api-secret-of-a-program"
MASTER_KEY = b"k" * 32


@dataclass
class Tencent:
    """Its accounts' API and its buckets. ``fails``: answer this S3 code, by part of the request."""

    port: int
    app_id: str = "1250000000"
    error: str = ""
    fails: dict[str, tuple[int, str]] = field(default_factory=dict)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def cam(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Answer as CAM does; the signature is worked out from the documents alone."""
        assert headers["x-tc-action"] == "GetUserAppId"
        assert headers["x-tc-version"] == "2019-01-16"
        at = int(headers["x-tc-timestamp"])
        day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
        request = (
            f"POST\n/\n\ncontent-type:{headers['content-type']}\nhost:{headers['host']}\n\n"
            f"content-type;host\n{hashlib.sha256(body).hexdigest()}"
        )
        hashed = hashlib.sha256(request.encode()).hexdigest()
        said = f"TC3-HMAC-SHA256\n{at}\n{day}/cam/tc3_request\n{hashed}"
        key = hmac.digest(b"TC3" + KEY.encode(), day.encode(), "sha256")
        key = hmac.digest(hmac.digest(key, b"cam", "sha256"), b"tc3_request", "sha256")
        signature = hmac.digest(key, said.encode(), "sha256").hex()
        if self.error:
            return {"Error": {"Code": self.error, "Message": "no"}, "RequestId": "r"}
        if not headers["authorization"].endswith(f"Signature={signature}"):
            code = "AuthFailure.SignatureFailure"
            return {"Error": {"Code": code, "Message": "no"}, "RequestId": "r"}
        return {"AppId": int(self.app_id or 0), "OwnerUin": "100000000001", "RequestId": "r"}

    def cos(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Answer as COS does to PUT; return (status, code)."""
        for part, answer in self.fails.items():
            if part in path:
                return answer
        assert f"Credential={ID}/" in headers["authorization"]
        name, _, what = path.strip("/").partition("?")
        if not what:
            if name in self.buckets:
                return 409, "BucketAlreadyOwnedByYou"
            self.buckets[name] = {"acl": headers["x-amz-acl"]}
            return 200, ""
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        assert headers["content-md5"] == digest
        self.buckets[name][what] = body.decode()
        return 200, ""


@pytest.fixture
def tencent() -> Iterator[Tencent]:
    made = Tencent(free_port())

    class Handler(BaseHTTPRequestHandler):
        def _read(self) -> tuple[dict[str, str], bytes]:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            return {name.lower(): value for name, value in self.headers.items()}, body

        def do_POST(self) -> None:
            made.asked.append("cam")
            self._answer(200, orjson.dumps({"Response": made.cam(*self._read())}))

        def do_PUT(self) -> None:
            made.asked.append(self.path)
            status, code = made.cos(self.path, *self._read())
            self._answer(status, f"<Error><Code>{code}</Code></Error>".encode() if code else b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", made.port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(30)


@dataclass
class House:
    setup: TencentSetup
    targets: StorageTargetStore
    redis: Redis


@pytest.fixture
def house(redis: Redis, tencent: Tencent) -> House:
    async def told(_: str) -> None:
        return

    targets = StorageTargetStore(redis, MASTER_KEY, told)
    api = TencentApi(tencent.url)
    return House(TencentSetup(redis, targets, lambda: 1_000, api, tencent.url), targets, redis)


async def test_a_key_of_the_account_is_all_that_it_takes(house: House, tencent: Tencent) -> None:
    made = await house.setup.set_up(ID, KEY, "ap-singapore")

    assert re.fullmatch(r"srs-lighthouse-[0-9a-f]{4}-1250000000", made.bucket)
    assert list(tencent.buckets) == [made.bucket]
    bucket = tencent.buckets[made.bucket]
    assert bucket["acl"] == "private"
    assert "<AllowedOrigin>*</AllowedOrigin>" in bucket["cors"]
    assert "policy" not in bucket, "nobody reads past the rules of a recording"
    assert await house.redis.hgetall(TencentSetup.CAM) == {
        "appId": "1250000000",
        "uin": "100000000001",
    }
    assert await house.redis.hgetall(TencentSetup.COS) == {
        "bucket": made.bucket,
        "location": f"{made.bucket}.cos.ap-singapore.myqcloud.com",
        "cors": "true",
    }
    assert house.targets.secret(await house.targets.get("tencent")) == KEY
    assert await house.targets.default_id() == "tencent"
    for name in await house.redis.keys():
        kind = await house.redis.type(name)
        text = await (house.redis.hgetall(name) if kind == "hash" else house.redis.dump(name))
        assert KEY not in str(text), name


async def test_the_region_is_that_of_the_machine_where_it_is_known(
    house: House, tencent: Tencent
) -> None:
    await house.redis.hset(TencentSetup.LH, "region", "ap-hongkong")
    assert (await house.setup.set_up(ID, KEY)).region == "ap-hongkong"


async def test_again_it_does_nothing_twice_but_takes_a_new_key(
    house: House, tencent: Tencent
) -> None:
    first = await house.setup.set_up(ID, KEY, "ap-tokyo")
    asked = len(tencent.asked)
    again = await house.setup.set_up(ID, KEY, "ap-beijing")
    assert tencent.asked[asked:] == ["cam"]
    assert (again.bucket, again.region) == (first.bucket, "ap-tokyo"), "it does not move"
    assert len(await house.targets.all()) == 1


async def test_after_a_failure_it_goes_on_where_it_ended(house: House, tencent: Tencent) -> None:
    tencent.fails["?cors"] = (503, "SlowDown")
    with pytest.raises(StorageFailed) as failed:
        await house.setup.set_up(ID, KEY)
    assert failed.value.key == "storage_busy"
    assert await house.targets.all() == []
    tencent.fails.clear()
    await house.setup.set_up(ID, KEY)
    assert len(tencent.buckets) == 1
    # As if the process had died between making the bucket and writing that down.
    name = next(iter(tencent.buckets))
    await house.redis.delete(TencentSetup.COS)
    await house.redis.hset(TencentSetup.COS, "planned", name)
    assert (await house.setup.set_up(ID, KEY)).bucket == name
    assert "planned" not in await house.redis.hgetall(TencentSetup.COS)


async def test_another_account_gets_a_bucket_of_its_own(house: House, tencent: Tencent) -> None:
    first = await house.setup.set_up(ID, KEY)
    tencent.app_id = "1260000000"
    second = await house.setup.set_up(ID, KEY)
    assert second.bucket != first.bucket
    assert second.bucket.endswith("-1260000000")


async def test_reading_by_anybody_is_allowed_only_when_asked_for(
    house: House, tencent: Tencent
) -> None:
    made = await house.setup.set_up(ID, KEY, "ap-tokyo", public=True)
    policy = orjson.loads(tencent.buckets[made.bucket]["policy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"qcs": ["qcs::cam::anyone:anyone"]}
    assert "name/cos:GetObject" in statement["Action"]
    assert "name/cos:GetBucket" not in statement["Action"], "listing stays forbidden"
    assert statement["Resource"] == [f"qcs::cos:ap-tokyo:uid/1250000000:{made.bucket}/*"]
    assert await house.redis.hget(TencentSetup.COS, "policy") == "read-without-list-files"


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("AuthFailure.SecretIdNotFound", "storage_wrong_key"),
        ("AuthFailure.SignatureExpire", "storage_clock"),
        ("AuthFailure.UnauthorizedOperation", "storage_forbidden"),
        ("RequestLimitExceeded", "storage_busy"),
        ("SomethingNew", "storage_failed"),
    ],
)
async def test_refusals_of_the_account_are_told_in_words(
    house: House, tencent: Tencent, code: str, key: str
) -> None:
    tencent.error = code
    with pytest.raises(StorageFailed) as failed:
        await house.setup.set_up(ID, KEY)
    assert failed.value.key == key
    assert KEY not in f"{failed.value.message} {failed.value.help}"
    assert tencent.buckets == {}


async def test_a_wrong_key_no_account_and_nobody_there_are_told_apart(
    house: House, tencent: Tencent
) -> None:
    async def failing(secret_key: str, setup: TencentSetup = house.setup) -> str:
        with pytest.raises(StorageFailed) as failed:
            await setup.set_up(ID, secret_key)
        return failed.value.key

    assert await failing("another-key") == "storage_wrong_key"
    tencent.app_id = ""
    assert await failing(KEY) == "tencent_no_account"
    nobody = TencentApi(f"http://127.0.0.1:{free_port()}/")
    away = TencentSetup(house.redis, house.targets, lambda: 1, nobody, tencent.url)
    assert await failing(KEY, away) == "storage_unreachable"


def test_the_signature_is_that_of_the_documents_form() -> None:
    said = authorization("cam.tencentcloudapi.com", b"{}", 1_551_113_065, ID, KEY)
    assert said.startswith(
        f"TC3-HMAC-SHA256 Credential={ID}/2019-02-25/cam/tc3_request, "
        "SignedHeaders=content-type;host, Signature="
    )
    assert re.fullmatch(r"[0-9a-f]{64}", said.rpartition("=")[2])


async def test_the_route_takes_the_names_of_the_original_and_answers_without_data(
    house: House, tencent: Tencent
) -> None:
    app = create_api()
    changed: list[str] = []
    app.state.authenticator = Authenticator(AdminStore(house.redis), MASTER_KEY, API_SECRET)
    app.state.tencent = house.setup
    app.state.uploads = SimpleNamespace(target_changed=changed.append)
    transport = httpx.ASGITransport(app)
    path = "/terraform/v1/tencent/cam/secret"
    async with httpx.AsyncClient(transport=transport, base_url="http://recorder") as client:
        fields = {"secretId": ID, "secretKey": KEY}
        assert (await client.post(path, json=fields)).status_code == 401
        headers = {"authorization": f"Bearer {API_SECRET}"}
        reply = await client.post(path, json=fields, headers=headers)
        assert reply.json() == {"code": 0, "data": None}
        assert changed == ["tencent"]
        missing = await client.post(path, json={"secretId": ID}, headers=headers)
        assert (missing.status_code, missing.json()["code"]) == (422, 1000)
