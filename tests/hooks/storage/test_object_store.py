"""One bucket by boto3, with a real S3 server behind it."""

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from streamstead.hooks.storage.errors import StorageFailed
from streamstead.hooks.storage.object_store import ObjectStore

from ...storage_server import SeaweedFS

PART = 5 << 20


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_is_put_is_there_byte_for_byte_and_its_hash_can_be_asked_for(
    object_store: ObjectStore, seaweed: SeaweedFS, tmp_path: Path
) -> None:
    data = secrets.token_bytes(700_001)
    path = tmp_path / "segment.ts"
    path.write_bytes(data)
    gone: list[int] = []

    object_store.put_file(
        "a/ü 1.ts", path, content_type="video/mp2t", sha256=_sha256(data), progress=gone.append
    )

    assert sum(gone) == len(data), "every byte is told once, though it is read for signing too"
    facts = object_store.head("a/ü 1.ts")
    assert facts is not None
    assert (facts.size, facts.sha256) == (len(data), _sha256(data))
    stored = seaweed.client().get_object(Bucket=object_store.target.bucket, Key="a/ü 1.ts")
    assert stored["ContentType"] == "video/mp2t"
    assert stored["Body"].read() == data
    stored["Body"].close()


def test_a_file_that_is_not_what_it_should_be_does_not_arrive(
    object_store: ObjectStore, tmp_path: Path
) -> None:
    path = tmp_path / "segment.ts"
    path.write_bytes(b"other bytes than those that were hashed")
    with pytest.raises(StorageFailed) as failed:
        object_store.put_file("x.ts", path, content_type="video/mp2t", sha256=_sha256(b"these"))
    assert failed.value.key == "storage_checksum"
    assert object_store.head("x.ts") is None


def test_what_a_callback_raises_ends_the_sending_and_comes_out_as_it_was(
    object_store: ObjectStore, tmp_path: Path
) -> None:
    path = tmp_path / "segment.ts"
    path.write_bytes(b"x" * 500_000)

    def stop(_: int) -> None:
        raise StorageFailed.of("storage_full")

    with pytest.raises(StorageFailed) as failed:
        object_store.put_file(
            "x.ts", path, content_type="a/b", sha256=_sha256(path.read_bytes()), progress=stop
        )
    assert failed.value.key == "storage_full"


def test_ranges_and_presigned_addresses_give_exactly_what_was_asked_for(
    object_store: ObjectStore,
) -> None:
    data = secrets.token_bytes(10_000)
    object_store.put_bytes("f.mp4", data, content_type="video/mp4")

    assert b"".join(object_store.read("f.mp4", 1000, 1999)) == data[1000:2000]
    assert b"".join(object_store.read("f.mp4", 9990)) == data[9990:]
    link = object_store.presign("f.mp4", 60, filename="Häuser 1.mp4")
    answer = httpx.get(link, headers={"Range": "bytes=1000-1999"}, timeout=30, trust_env=False)
    assert (answer.status_code, answer.content) == (206, data[1000:2000])
    assert "H%C3%A4user%201.mp4" in answer.headers["Content-Disposition"]
    with pytest.raises(StorageFailed) as failed:
        list(object_store.read("f.mp4", 20_000, 20_001))
    assert failed.value.key == "storage_range"
    with pytest.raises(StorageFailed) as failed:
        object_store.get_bytes("f.mp4", 100)
    assert failed.value.key == "storage_failed"


def test_parts_survive_whoever_sent_them_and_become_one_object(object_store: ObjectStore) -> None:
    first, last = secrets.token_bytes(PART), b"the end"
    digest = _sha256(first + last)
    upload = object_store.begin_parts("big.mp4", "video/mp4", digest)
    object_store.put_part("big.mp4", upload, 1, first)

    found = object_store.parts("big.mp4", upload)
    assert [(one.number, one.size) for one in found] == [(1, PART)]
    gone: list[int] = []
    found.append(object_store.put_part("big.mp4", upload, 2, last, gone.append))
    object_store.finish_parts("big.mp4", upload, found)

    assert sum(gone) == len(last)
    facts = object_store.head("big.mp4")
    assert facts is not None
    assert (facts.size, facts.sha256) == (PART + len(last), digest)
    assert object_store.get_bytes("big.mp4", 2 * PART) == first + last
    with pytest.raises(StorageFailed) as failed:
        object_store.parts("big.mp4", upload)
    assert failed.value.key == "storage_not_found"
    object_store.abort_parts("big.mp4", upload)


def test_lists_go_on_where_they_ended_and_deleting_what_is_gone_is_no_fault(
    object_store: ObjectStore,
) -> None:
    names = [f"r/{number:02d}.ts" for number in range(7)]
    for name in [*names, "other.ts"]:
        object_store.put_bytes(name, name.encode(), content_type="video/mp2t")

    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        some, after = object_store.list_objects("r/", after, 3)
        seen += [one.key for one in some]
    assert seen == names

    object_store.delete([*names, "never-was.ts"])
    assert object_store.list_objects("r/") == ([], None)
    assert object_store.head("other.ts") is not None
    assert object_store.head(names[0]) is None


def test_a_public_address_is_made_of_the_base(seaweed: SeaweedFS) -> None:
    target = seaweed.target("b", public_url="https://cdn.example.com/")
    assert ObjectStore(target, "s").public_url("a/b c.mp4") == "https://cdn.example.com/a/b%20c.mp4"
    assert ObjectStore(seaweed.target("b"), "s").public_url("a") is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254",
        "http://[fe80::1]:9000",
        "http://[::ffff:169.254.169.254]/",
        "http://100.100.100.200",
        "http://0.0.0.0:80",
        "ftp://127.0.0.1",
        "http://user:secret@127.0.0.1",
        "file:///etc/passwd",
    ],
)
def test_addresses_of_metadata_and_what_is_no_server_are_refused(
    seaweed: SeaweedFS, endpoint: str
) -> None:
    with pytest.raises(StorageFailed) as failed:
        ObjectStore(seaweed.target("b", endpoint), "s")
    assert failed.value.key == "storage_address"
    assert "secret" not in failed.value.message


def test_a_house_without_a_bucket_never_loads_boto3() -> None:
    words = (
        "import sys; import streamstead.hooks.recorder.main;"
        "print([name for name in ('boto3', 'botocore') if name in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=120, check=True
    )
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("path_style", "begins"),
    [
        (False, "https://show.oss.example.com/a/b?"),
        (True, "https://oss.example.com/show/a/b?"),
    ],
)
def test_a_bucket_is_named_where_its_provider_wants_it(
    seaweed: SeaweedFS, path_style: bool, begins: str
) -> None:
    target = seaweed.target("show", "https://oss.example.com", path_style=path_style)
    address = ObjectStore(target, "secret").presign("a/b", 60)
    assert address.startswith(begins)
