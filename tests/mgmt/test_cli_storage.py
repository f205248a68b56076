"""The commands about storages, with the real recorder and a real S3 server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings
from streamstead.mgmt.cli.client import ask_service

from ..storage_server import ACCESS_KEY, REGION, SECRET_KEY, SeaweedFS, bucket, seaweed
from .cli_house import Captured, Cli, data, serving

__all__ = ["bucket", "data", "seaweed"]


@pytest.fixture
def cli(settings: Settings, data: Path, redis_server: SyncRedis, capsys: Captured) -> Iterator[Cli]:
    """A recorder without a media server."""
    with serving("recorder", data, settings.recorder_port):
        yield Cli(settings, redis_server, capsys)


def test_storages_are_listed_and_tried_out(cli: Cli, seaweed: SeaweedFS, bucket: str) -> None:
    assert cli.run("storage", "ls").strip() == "there are no storages"
    assert cli.fails("storage", "test")[0] == "there is no storage yet"

    settings = Settings.load(cli.settings.data_dir)
    made = ask_service(
        settings,
        settings.recorder_port,
        "/terraform/v1/storage/targets/create",
        {
            "label": "Cellar",
            "provider": "seaweedfs",
            "endpoint": seaweed.endpoint,
            "region": REGION,
            "bucket": bucket,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
        },
    )
    said = cli.run("storage", "ls")
    assert "Cellar (default)" in said
    assert "not used yet" in said
    assert SECRET_KEY not in said

    tried = cli.run("storage", "test", "Cellar")
    assert tried.count("ok ") == 10, tried
    assert cli.json("storage", "test", made["id"])["ok"]
    assert "works" in cli.run("storage", "ls")

    seaweed.client().delete_bucket(Bucket=bucket)
    said = cli.refuses("storage", "test")
    assert "there is no bucket of this name" in said
    assert "not tried" in said
    assert "Cellar: there is no bucket of this name" in cli.run("storage", "ls")
    assert cli.fails("storage", "test", "Attic")[0] == "there is no storage 'Attic'"
