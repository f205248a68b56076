"""Every way in which a bucket can fail has words of its own, and names no secret."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any

import pytest

from streamstead.hooks.storage.answers import of_answer
from streamstead.hooks.storage.errors import StorageFailed
from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTarget

from ... import fault_proxy
from ...conftest import free_port
from ...fault_proxy import Fault, FaultProxy
from ...storage_server import SECRET_KEY, SeaweedFS


def _failure(store: ObjectStore) -> StorageFailed:
    with pytest.raises(StorageFailed) as failed:
        store.put_bytes("a.ts", b"x" * 100_000, content_type="video/mp2t")
    said = f"{failed.value.message} {failed.value.help}"
    assert SECRET_KEY not in said
    assert store.target.access_key not in said
    return failed.value


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (fault_proxy.REFUSED, "storage_forbidden"),
        (fault_proxy.STORM, "storage_busy"),
        (fault_proxy.NO_BUCKET, "storage_no_bucket"),
        (fault_proxy.WRONG_CLOCK, "storage_clock"),
        (fault_proxy.cut(50_000), "storage_unreachable"),
    ],
    ids=lambda one: one.name if isinstance(one, Fault) else "",
)
def test_what_a_storage_does_wrong_has_a_key_and_ends_when_it_heals(
    object_store: ObjectStore, proxy: FaultProxy, fault: Fault, key: str
) -> None:
    proxy.fail(fault)
    failed = _failure(object_store)
    assert (failed.key, failed.retry) == (key, True)
    assert proxy.done[fault.name] == 1, "nothing is tried again behind our back"
    proxy.heal()
    assert object_store.put_bytes("a.ts", b"now", content_type="video/mp2t").size == 3


def test_an_answer_that_never_comes_is_given_up(seaweed: SeaweedFS, proxy: FaultProxy) -> None:
    store = ObjectStore(seaweed.target("any", proxy.endpoint), SECRET_KEY, read_s=1)
    proxy.fail(fault_proxy.SILENT)
    assert _failure(store).key == "storage_timeout"
    store.close()


def test_a_storage_that_went_away_refuses_and_one_without_a_name_is_not_found(
    object_store: ObjectStore, proxy: FaultProxy, seaweed: SeaweedFS
) -> None:
    object_store.put_bytes("a.ts", b"x", content_type="video/mp2t")
    proxy.away()
    assert _failure(object_store).key == "storage_refused"
    nowhere = ObjectStore(seaweed.target("b", "http://storage.invalid"), SECRET_KEY)
    failed = _failure(nowhere)
    assert failed.key == "storage_dns"
    assert "storage.invalid" in failed.message


def test_a_body_that_breaks_off_is_no_short_file(
    object_store: ObjectStore, proxy: FaultProxy
) -> None:
    object_store.put_bytes("a.ts", b"x" * 500_000, content_type="video/mp2t")
    proxy.fail(fault_proxy.cut_answer(100_000))
    with pytest.raises(StorageFailed) as failed:
        object_store.get_bytes("a.ts", 1_000_000)
    assert failed.value.key == "storage_unreachable"


def test_the_clock_is_told_in_seconds_also_where_the_answer_has_no_words(
    object_store: ObjectStore, proxy: FaultProxy
) -> None:
    proxy.fail(fault_proxy.WRONG_CLOCK)
    with pytest.raises(StorageFailed) as failed:
        object_store.head("a.ts")
    assert failed.value.key == "storage_clock"
    assert "s behind" in failed.value.message
    seconds = int(failed.value.message.split(" is ")[1].split(" s ")[0])
    assert abs(seconds - 3600) < 60


def test_wrong_keys_and_a_bucket_that_is_not_there_are_told_apart(
    seaweed: SeaweedFS, bucket: str
) -> None:
    def failing(target: StorageTarget, secret: str) -> str:
        store = ObjectStore(target, secret)
        with pytest.raises(StorageFailed) as failed:
            store.check_bucket()
        store.close()
        return failed.value.key

    good = seaweed.target(bucket)
    assert failing(good, "not-the-secret-key") == "storage_wrong_key"
    assert failing(seaweed.target(bucket, access_key="nobody"), SECRET_KEY) == "storage_wrong_key"
    assert failing(seaweed.target("never-made"), SECRET_KEY) == "storage_no_bucket"


def test_plain_http_where_https_is_spoken_is_a_fault_of_tls(seaweed: SeaweedFS) -> None:
    secure = seaweed.endpoint.replace("http:", "https:")
    assert _failure(ObjectStore(seaweed.target("b", secure), SECRET_KEY)).key == "storage_tls"


@dataclass
class Provider:
    """A server that answers as a provider was seen to; ``seen``: (method, path, headers)."""

    port: int
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def says(self, status: int, code: str, more: str = "", **headers: str) -> None:
        body = f"<Error><Code>{code}</Code><Message>m</Message>{more}</Error>"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, body))

    def store(self, **changes: Any) -> ObjectStore:
        fields: dict[str, Any] = {
            "id": "p",
            "label": "P",
            "provider": "other",
            "bucket": "videos",
            "region": "eu-central-1",
            "endpoint": f"http://127.0.0.1:{self.port}",
            "access_key": "key-of-somebody",
            "path_style": True,
        }
        return ObjectStore(StorageTarget(**(fields | changes)), SECRET_KEY)


@pytest.fixture
def provider() -> Iterator[Provider]:
    port = free_port()
    made = Provider(port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            self.rfile.read(length)
            made.seen.append((self.command, self.path, dict(self.headers.items())))
            status, headers, body = made.answers.pop(0) if made.answers else (200, {}, "")
            self.send_response_only(status)
            for name, value in ({"Date": formatdate(time(), usegmt=True)} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(30)


@pytest.mark.parametrize(
    ("status", "error", "headers", "key", "words"),
    [
        (400, {"Code": "AuthorizationHeaderMalformed", "Region": "us-west-2"}, {},
         "storage_wrong_region", "us-west-2"),
        (301, {"Code": "PermanentRedirect"}, {"x-amz-bucket-region": "ap-south-1"},
         "storage_wrong_region", "ap-south-1"),
        (403, {"Code": "AccessDenied", "Endpoint": "oss-cn-beijing.aliyuncs.com"}, {},
         "storage_wrong_region", "oss-cn-beijing.aliyuncs.com"),
        (400, {"Code": "400"}, {"x-amz-bucket-region": "us-west-2"},
         "storage_wrong_region", "us-west-2"),
        (403, {"Code": "403"}, {"date": "Mon, 06 Jan 2020 10:00:00 GMT"}, "storage_clock", "ahead"),
        (403, {"Code": "InvalidAccessKeyId"}, {}, "storage_wrong_key", ""),
        (403, {"Code": "SignatureDoesNotMatch"}, {}, "storage_wrong_key", ""),
        (507, {"Code": "XMinioStorageFull"}, {}, "storage_full", ""),
        (403, {"Code": "QuotaExceeded"}, {}, "storage_full", ""),
        (500, {"Code": "InternalError"}, {}, "storage_busy", ""),
        (502, {"Code": "502"}, {}, "storage_busy", ""),
        (400, {"Code": "BadDigest"}, {}, "storage_checksum", ""),
        (418, {"Code": "Teapot"}, {}, "storage_failed", "Teapot"),
        (418, {}, {}, "storage_failed", "status 418"),
    ],
)  # fmt: skip
def test_answers_of_providers_are_understood(
    status: int, error: dict[str, str], headers: dict[str, str], key: str, words: str
) -> None:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    failed = of_answer({"Error": error, "ResponseMetadata": meta}, "eu-central-1")
    assert failed.key == key
    assert words in failed.message


def test_nobody_asks_in_another_region_behind_our_back(provider: Provider) -> None:
    provider.says(400, "AuthorizationHeaderMalformed", "<Region>us-west-2</Region>")
    failed = _failure(provider.store())
    assert failed.key == "storage_wrong_region"
    assert "us-west-2" in failed.message
    assert len(provider.seen) == 1


def test_a_server_without_new_checksums_gets_the_old_one_alone(provider: Provider) -> None:
    provider.says(501, "NotImplemented")
    store = provider.store()
    store.put_bytes("a", b"data", content_type="text/plain")
    store.put_bytes("b", b"data", content_type="text/plain")
    sent = [
        ("x-amz-checksum-sha256" in headers, "Content-MD5" in headers, headers)
        for _, _, headers in provider.seen
    ]
    assert [one[:2] for one in sent] == [(True, True), (False, True), (False, True)]
    for _, _, headers in sent:
        assert len(headers["X-Amz-Content-SHA256"]) == 64, "the body is part of the signature"


def test_a_server_that_deletes_one_at_a_time_is_asked_so(provider: Provider) -> None:
    provider.says(501, "NotImplemented")
    provider.store().delete(["a", "b"])
    assert [(method, path) for method, path, _ in provider.seen] == [
        ("POST", "/videos?delete"),
        ("DELETE", "/videos/a"),
        ("DELETE", "/videos/b"),
    ]
    assert "Content-MD5" in provider.seen[0][2]


def test_a_server_that_ignores_ranges_is_found_out(provider: Provider) -> None:
    provider.answers.append((200, {}, "0123456789"))
    with pytest.raises(StorageFailed) as failed:
        list(provider.store().read("a", 5, 6))
    assert (failed.value.key, failed.value.retry) == ("storage_range", False)


def test_storage_class_and_acl_go_along(provider: Provider) -> None:
    provider.store(storage_class="STANDARD_IA", acl="public-read").put_bytes(
        "a", b"data", content_type="text/plain"
    )
    headers = {name.lower(): value for name, value in provider.seen[0][2].items()}
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-acl"] == "public-read"


def test_no_proxy_of_the_environment_is_used(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    provider.store().put_bytes("a", b"data", content_type="text/plain")
    assert len(provider.seen) == 1
