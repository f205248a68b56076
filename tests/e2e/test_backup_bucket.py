"""Backups in a bucket, as one chain: the page, the manager, the recorder, a real S3 server."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..conftest import wait_until
from ..fault_proxy import SILENT, FaultProxy
from ..storage_server import SeaweedFS, bucket, proxy, seaweed
from .house import Api, House, in_time

__all__ = ["bucket", "proxy", "seaweed"]

PASSPHRASE = "several words that nobody guesses"


@pytest.fixture
def house(first_house: House) -> House:
    return first_house


@pytest.fixture
def page(house: House, seaweed: SeaweedFS, bucket: str, proxy: FaultProxy) -> Iterator[Api]:
    """Somebody signed in to a house whose default storage is a bucket behind the proxy."""
    with house.api() as api:
        given = seaweed.as_given(bucket, proxy.endpoint)
        made = api.call("/storage/targets/create", **given)["id"]
        yield api
        proxy.heal()
        wait_until(
            in_time(
                lambda: (
                    api.client.post("/storage/targets/remove", json={"id": made}).status_code == 200
                )
            ),
            "the storage is removed",
        )


def _create(api: Api) -> str:
    return str(api.call("/mgmt/backup/create", passphrase=PASSPHRASE, to="bucket")["id"])


def _ended(api: Api, id_: str) -> dict[str, Any]:
    """Wait for the end of a job; return what is told of it."""
    found: dict[str, Any] = {}

    def ended() -> bool:
        told = api.call("/mgmt/backup/list")
        if told["running"] is None and told["last"] and told["last"]["id"] == id_:
            found.update(told["last"])
        return bool(found)

    wait_until(in_time(ended), "the backup has ended", 120)
    return found


def _listed(api: Api) -> dict[str, str]:
    """Return id -> where of every backup."""
    return {one["id"]: one["where"] for one in api.call("/mgmt/backup/list")["backups"]}


def _left_behind(house: House) -> list[str]:
    return [path.name for path in (house.data / "backups").iterdir()]


def _alerts(api: Api) -> list[str]:
    found = api.call("/mgmt/alerts/list")["alerts"]
    return [one["rule"] for one in found if one["state"] == "firing"]


def test_a_backup_goes_into_the_bucket_and_comes_back_as_it_was(
    house: House, page: Api, seaweed: SeaweedFS, bucket: str
) -> None:
    before = _left_behind(house)
    id_ = _create(page)
    job = _ended(page, id_)
    assert (job["state"], job["error"]) == ("done", None)
    assert _listed(page)[id_] == "bucket"
    assert _left_behind(house) == before
    sent = seaweed.client().get_object(Bucket=bucket, Key=f"backups/{id_}.ssbackup")["Body"].read()
    with page.client.stream("GET", "/mgmt/backup/download", params={"id": id_}) as reply:
        assert reply.status_code == 200
        fetched = b"".join(reply.iter_bytes())
    assert hashlib.sha256(fetched).digest() == hashlib.sha256(sent).digest()


def test_a_bucket_that_is_away_is_told_until_a_backup_arrives(page: Api, proxy: FaultProxy) -> None:
    proxy.away()
    job = _ended(page, _create(page))
    assert job["state"] == "failed"
    assert job["error"]["key"].startswith("storage_")
    told = page.call("/mgmt/backup/list")
    assert told["bucket_problem"]
    assert job["id"] not in {one["id"] for one in told["backups"]}
    wait_until(in_time(lambda: "backup_failed" in _alerts(page)), "the alert fires")
    proxy.heal()
    assert _ended(page, _create(page))["state"] == "done"
    wait_until(in_time(lambda: "backup_failed" not in _alerts(page)), "the alert clears")


@pytest.mark.parametrize("victim", ["recorder", "mgmt"])
def test_what_is_killed_in_the_middle_leaves_no_half_backup(
    house: House, page: Api, proxy: FaultProxy, seaweed: SeaweedFS, bucket: str, victim: str
) -> None:
    before = set(_left_behind(house))
    proxy.fail(SILENT)
    id_ = _create(page)
    wait_until(lambda: _uploads(page), "it is being sent")
    pid = house.mgmt_pid() if victim == "mgmt" else int(house.services()["recorder"]["pid"])
    house.kill(pid)
    wait_until(in_time(lambda: _is_back(house, victim, pid)), f"{victim} is back", 60)
    proxy.away()  # connections that hang
    proxy.heal()
    job = _ended(page, id_)
    assert job["state"] == "failed"
    again = _create(page)
    assert _ended(page, again)["state"] == "done"
    assert _listed(page)[again] == "bucket"
    if victim == "recorder":
        assert id_ not in _listed(page)
        assert set(_left_behind(house)) == before
    else:
        assert "started anew" in job["error"]["message"]
    # Whatever is listed is whole, also if the worker has outlived its manager.
    for one, where in _listed(page).items():
        if where == "bucket":
            assert _is_whole(seaweed, bucket, one)


def _is_whole(seaweed: SeaweedFS, bucket: str, id_: str) -> bool:
    client = seaweed.client()
    file, beside = (
        client.get_object(Bucket=bucket, Key=f"backups/{id_}.{kind}")["Body"].read()
        for kind in ("ssbackup", "json")
    )
    return bool(json.loads(beside)["sha256"] == hashlib.sha256(file).hexdigest())


def _uploads(api: Api) -> bool:
    running = api.call("/mgmt/backup/list")["running"]
    return running is not None and running["step"] == "uploading"


def _is_back(house: House, victim: str, pid: int) -> bool:
    if victim == "mgmt":
        return house.mgmt_pid() != pid
    row = house.services()["recorder"]
    return row["state"] == "running" and row["pid"] != pid
