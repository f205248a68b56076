"""The trial of a storage, with a real one behind a proxy that misbehaves."""

from typing import Any

import pytest

from streamstead.hooks.storage import check
from streamstead.hooks.storage.check import Step, first_fault, try_out
from streamstead.hooks.storage.object_store import ObjectStore

from ... import fault_proxy
from ...conftest import free_port
from ...fault_proxy import Fault, FaultProxy
from ...storage_server import SECRET_KEY, SeaweedFS

ORIGIN = "https://live.example.com"
ALL = [
    "dns", "connect", "clock", "auth", "put", "get", "range", "multipart", "checksum", "delete",
]  # fmt: skip


def _fault(steps: list[Step]) -> Step:
    """Return the step that failed: what is before it went well, what is after was not tried."""
    fault = first_fault(steps)
    assert fault is not None
    at = steps.index(fault)
    assert all(step.ok for step in steps[:at])
    assert all(step.ok is None for step in steps[at + 1 :])
    assert steps[at].message
    assert steps[at].help
    return steps[at]


def test_a_storage_that_works_passes_every_step_and_nothing_is_left_there(
    object_store: ObjectStore, seaweed: SeaweedFS
) -> None:
    steps = try_out(object_store, ORIGIN)
    assert [(step.name, step.ok) for step in steps] == [(name, True) for name in ALL]
    client = seaweed.client()
    assert not client.list_objects_v2(Bucket=object_store.target.bucket).get("Contents")
    assert not client.list_multipart_uploads(Bucket=object_store.target.bucket).get("Uploads")


def _at(method: str, word: str, fault: Fault) -> Fault:
    def concerns(seen: str, path: str) -> bool:
        return seen == method and word in path

    return Fault(fault.name, fault.status, fault.code, fault.skew_s, concerns=concerns)


@pytest.mark.parametrize(
    ("fault", "name", "key"),
    [
        (fault_proxy.WRONG_CLOCK, "clock", "storage_clock"),
        (fault_proxy.REFUSED, "auth", "storage_forbidden"),
        (fault_proxy.NO_BUCKET, "auth", "storage_no_bucket"),
        (fault_proxy.STORM, "auth", "storage_busy"),
        (_at("PUT", "small", fault_proxy.REFUSED), "put", "storage_forbidden"),
        (_at("GET", "small", fault_proxy.REFUSED), "get", "storage_forbidden"),
        (_at("PUT", "partNumber=2", fault_proxy.STORM), "multipart", "storage_busy"),
        (_at("POST", "?delete", fault_proxy.REFUSED), "delete", "storage_forbidden"),
    ],
)
def test_the_step_that_fails_says_why(
    object_store: ObjectStore,
    proxy: FaultProxy,
    seaweed: SeaweedFS,
    fault: Fault,
    name: str,
    key: str,
) -> None:
    proxy.fail(fault)
    step = _fault(try_out(object_store, ORIGIN))
    assert (step.name, step.key) == (name, key)
    uploads = seaweed.client().list_multipart_uploads(Bucket=object_store.target.bucket)
    assert not uploads.get("Uploads")


def _step_of(seaweed: SeaweedFS, secret: str = SECRET_KEY, **changes: Any) -> tuple[str, str]:
    store = ObjectStore(seaweed.target("never-made", **changes), secret)
    step = _fault(try_out(store, ORIGIN))
    store.close()
    assert secret not in f"{step.message} {step.help}"
    return step.name, step.key


def test_where_nobody_is_and_who_is_not_known_are_told_apart(seaweed: SeaweedFS) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    secure = seaweed.endpoint.replace("http:", "https:")
    assert _step_of(seaweed, endpoint="http://storage.invalid") == ("dns", "storage_dns")
    assert _step_of(seaweed, endpoint=closed) == ("connect", "storage_refused")
    assert _step_of(seaweed, endpoint=secure) == ("clock", "storage_tls")
    assert _step_of(seaweed, "wrong-secret-key") == ("auth", "storage_wrong_key")
    assert _step_of(seaweed) == ("auth", "storage_no_bucket")


def test_a_trial_that_takes_too_long_ends_and_leaves_nothing(
    object_store: ObjectStore,
    proxy: FaultProxy,
    seaweed: SeaweedFS,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check, "LIMIT_S", 3.0)
    proxy.fail(Fault("slow", bytes_s=200_000, concerns=lambda method, path: "partNumber=1" in path))
    step = _fault(try_out(object_store, ORIGIN))
    assert step.key == "storage_timeout"
    client = seaweed.client()
    assert not client.list_objects_v2(Bucket=object_store.target.bucket).get("Contents")
    assert not client.list_multipart_uploads(Bucket=object_store.target.bucket).get("Uploads")


def test_browsers_are_tried_where_players_are_sent_to_the_bucket(
    seaweed: SeaweedFS, bucket: str
) -> None:
    store = ObjectStore(seaweed.target(bucket, delivery="redirect"), SECRET_KEY)
    seaweed.client().put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={
            "CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://other.example"]}]
        },
    )
    steps = try_out(store, ORIGIN)
    assert first_fault(steps) is None, "recordings can be kept there"
    found = {step.name: step for step in steps}
    assert (found["cors"].ok, found["cors"].key) == (False, "storage_cors")
    assert found["delete"].ok, "what has nothing to do with it is tried nevertheless"

    seaweed.client().put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": [ORIGIN]}]},
    )
    assert all(step.ok for step in try_out(store, ORIGIN))
    store.close()
