"""Servers that only look like a storage: endless answers, bombs, and ways into our network."""

import gc
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from streamstead.hooks.storage.bounded import MAX_ANSWER
from streamstead.hooks.storage.check import first_fault, try_out
from streamstead.hooks.storage.errors import StorageFailed
from streamstead.hooks.storage.object_store import ObjectStore
from streamstead.hooks.storage.targets import StorageTarget

BLOCK = b"<a>" + b"x" * 65_536 + b"</a>"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "' + b"lol" * 1000 + b'">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 50) for n in range(8))
    + b"]><ListBucketResult><Contents><Key>&i;</Key></Contents></ListBucketResult>"
)  # fmt: skip

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def storage(answer: Answer) -> Iterator[ObjectStore]:
    """Run a server that answers everything in this way."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            try:
                answer(self)
            except OSError:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    target = StorageTarget(
        id="t",
        label="t",
        provider="other",
        bucket="b",
        endpoint=f"http://127.0.0.1:{server.server_port}",
        access_key="A",
        path_style=True,
        delivery="redirect",
    )
    store = ObjectStore(target, "secret", read_s=10)
    try:
        yield store
    finally:
        store.close()
        server.shutdown()
        thread.join()
        server.server_close()


def endless(status: int) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.end_headers()
        while True:
            request.wfile.write(BLOCK)

    return answer


def once(status: int, body: bytes, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", "0")))
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def grown_mb(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def failed(work: Callable[[], object]) -> StorageFailed:
    with pytest.raises(StorageFailed) as found:
        work()
    return found.value


@pytest.mark.parametrize("status", [200, 403, 503])
def test_an_answer_without_end_is_given_up(status: int) -> None:
    with storage(endless(status)) as store:
        calls: list[Callable[[], object]] = [
            lambda: store.list_objects(""),
            lambda: store.put_bytes("k", b"x", content_type="a/b"),
            lambda: store.parts("k", "u"),
            lambda: store.delete(["k"]),
        ]
        if status != 200:
            calls.append(lambda: store.get_bytes("k", 1000))
        failed(calls[0])  # what boto3 loads for its first call is no growth
        for call in calls:
            assert grown_mb(lambda call=call: failed(call)) < 4 * MAX_ANSWER / 1e6


def test_the_trial_of_a_storage_without_end_ends() -> None:
    with storage(endless(200)) as store:
        assert grown_mb(lambda: first_fault(try_out(store, "http://page"))) < 4 * MAX_ANSWER / 1e6


def test_an_object_is_read_no_further_than_its_size() -> None:
    with storage(endless(200)) as store:
        read: list[int] = []
        failure = failed(lambda: read.extend(map(len, store.read("k", most=500_000))))
        assert (failure.key, sum(read) <= 500_000) == ("storage_failed", True)


def test_an_answer_that_unfolds_to_gigabytes_is_refused() -> None:
    with storage(once(200, BOMB)) as store:
        failed(lambda: store.list_objects(""))
        assert grown_mb(lambda: failed(lambda: store.list_objects(""))) < 30


# The library leaves the socket of an answer with a Location to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_storage_sends_us_nowhere(status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.setblocking(False)
        there = f"http://127.0.0.1:{inside.getsockname()[1]}/latest/meta-data"
        body = b"<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1</Endpoint></Error>"
        with storage(once(status, body, Location=there)) as store:
            failed(lambda: store.list_objects(""))
            failed(lambda: store.get_bytes("k", 1000))
            failed(lambda: store.put_bytes("k", b"x", content_type="a/b"))
            assert first_fault(try_out(store, "http://page")) is not None
        with pytest.raises(BlockingIOError):
            inside.accept()
    gc.collect()


def test_a_name_that_leads_to_the_machines_metadata_later_is_not_asked_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo
    leads_to = ["127.0.0.1"]

    def rigged(host: str, port: int, *more: Any, **named: Any) -> Any:
        return look_up(leads_to[0], port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rigged)
    target = StorageTarget("t", "t", "other", "b", endpoint="http://moving.example")
    store = ObjectStore(replace(target, access_key="A"), "secret", read_s=5)
    leads_to[0] = "169.254.169.254"
    try:
        calls: list[Callable[[], object]] = [
            lambda: store.list_objects(""),
            lambda: store.get_bytes("k", 1000),
            lambda: store.presign("k", 60),
        ]
        assert {failed(call).key for call in calls} == {"storage_address"}
    finally:
        store.close()
