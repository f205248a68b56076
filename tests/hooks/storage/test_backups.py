"""Backups of the house in a bucket, as the manager asks for them."""

import hashlib
import json
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid, NotFound
from streamstead.hooks.storage import backups
from streamstead.hooks.storage.backups import BucketBackups
from streamstead.hooks.storage.object_store import ObjectStore


def _backup(folder: Path, id_: str, size: int) -> bytes:
    data = (id_.encode() * (size // len(id_) + 1))[:size]
    (folder / f"{id_}.ssbackup").write_bytes(data)
    beside = {"id": id_, "bytes": size, "sha256": hashlib.sha256(data).hexdigest()}
    (folder / f"{id_}.json").write_text(json.dumps(beside))
    return data


def test_backups_come_back_from_a_bucket_as_they_were(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = BucketBackups(object_store, {})
    assert bucket.contents() == []
    small = _backup(tmp_path, "20260101-000000-aa", 70_000)
    bucket.upload(tmp_path, "20260101-000000-aa")
    monkeypatch.setattr(backups, "SINGLE_BYTES", 1000)
    large = _backup(tmp_path, "20260102-000000-bb", 9_000_000)
    bucket.upload(tmp_path, "20260102-000000-bb")
    object_store.put_bytes(
        object_store.target.key_of("backups/half.ssbackup"), b"x", content_type="a/b"
    )
    assert [one["id"] for one in bucket.contents()] == ["20260101-000000-aa", "20260102-000000-bb"]
    assert b"".join(bucket.read("20260101-000000-aa")) == small
    assert b"".join(bucket.read("20260102-000000-bb")) == large
    bucket.remove(["20260101-000000-aa"])
    assert [one["bytes"] for one in bucket.contents()] == [9_000_000]
    with pytest.raises(NotFound):
        bucket.read("20260101-000000-aa")


def test_a_file_that_was_changed_meanwhile_does_not_count(
    object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "SINGLE_BYTES", 1000)
    _backup(tmp_path, "20260103-000000-cc", 50_000)
    with (tmp_path / "20260103-000000-cc.ssbackup").open("r+b") as file:
        file.write(b"another")
    with pytest.raises(Invalid):
        BucketBackups(object_store, {}).upload(tmp_path, "20260103-000000-cc")
    assert BucketBackups(object_store, {}).contents() == []
