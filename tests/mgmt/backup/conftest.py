"""A house on disk with one file of each kind, and a real Redis."""

import os
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.backup import create as making
from streamstead.mgmt.backup import sealed_file
from streamstead.mgmt.backup.info import Info
from streamstead.mgmt.runtime.account import Account

from ...conftest import RedisServer

PASSPHRASE = "correct horse battery"


def nobody_hears(*_: Any) -> None:
    """Take progress and do nothing."""


def fill(settings: Settings) -> None:
    """Write a file of each kind, as services and the manager do."""
    data = settings.data
    secrets = (settings.api_secret, settings.hook_secret, settings.redis_password)
    names = ("API_SECRET", "HOOK_SECRET", "REDIS_PASSWORD")
    lines = [
        f"STREAMSTEAD_{name}={value.get_secret_value()}"
        for name, value in zip(names, secrets, strict=True)
    ]
    files = {
        "config/.env": "\n".join([*lines, "STREAMSTEAD_RTMP_PORT=1977", "STREAMSTEAD_USER=else"]),
        "config/master.key": "k" * 32,
        "config/store-id": "5" * 32,
        "config/unit": "streamstead.service",
        "config/front/nginx.conf": "made anew",
        "mgmt/front.json": "{}",
        "mgmt/events.jsonl": '{"seq":1}\n',
        "ssl/one/key.pem": "the key",
        "letsencrypt/etc/live/cert.pem": "the certificate",
        "slate/own/a.png": "a picture",
        "audit/2026-11.jsonl": "{}\n",
        "record/r1/recording.json": '{"id":"r1","kind":"live","state":"ready","app":"live",'
        '"stream":"a","started_ms":1,"local":true,"upload":"none"}',
        "record/r1/index.mp4": "media " * 1000,
        "vlive/f.mp4": "a film",
    }
    for name, text in files.items():
        path = data.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
    (data.ssl / "current").symlink_to("one")
    for name in ("backups", "dvr", "stats"):
        (data.root / name).mkdir(exist_ok=True)


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key costs a third of a second on purpose; here it need not."""
    monkeypatch.setattr(sealed_file, "_SCRYPT_N", 2**14)
    monkeypatch.setattr(sealed_file, "_SCRYPT_P", 1)


@pytest.fixture
def house(
    settings: Settings, redis_process: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    ourselves = Account("", os.geteuid(), os.getegid())
    monkeypatch.setattr(making, "service_account", lambda _: ourselves)
    fill(settings)
    redis_process.client.hset("SRS_AUTH_SECRET", "pubSecret", "the-publish-secret")
    return settings


def make(settings: Settings, passphrase: str | None = PASSPHRASE, media: bool = False) -> Info:
    return making.create(
        settings, "20260101-000000-aa", passphrase, media, "operator", nobody_hears
    )


def path_of(settings: Settings) -> Path:
    return settings.data.backups / "20260101-000000-aa.ssbackup"
