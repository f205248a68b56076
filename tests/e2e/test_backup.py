"""A house moves to an empty machine in one command, and goes back to itself when that is better."""

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.backup import create as making

from ..conftest import wait_until
from ..storage_server import SeaweedFS, seaweed
from .house import API, PASSWORD, Api, House, begin_hls, playable, publishing

__all__ = ["seaweed"]

PASSPHRASE = "several words that nobody guesses"
OUT_KEY = "out-key-7f3e9a"
CAMERA_PASSWORD = "camera-5d1c0b"
REFUSED_KEY = "refused-key-a9b8c7"

LISTS = {
    "/hooks/keys/list": {"app": "live", "stream": "cam"},
    "/hooks/play/rule/query": {"app": "live", "stream": "cam"},
    "/hooks/srs/secret/query": {},
    "/ffmpeg/outputs/list": {},
    "/ffmpeg/programme/list": {},
    "/ffmpeg/channels/list": {},
    "/recordings/schedules/list": {},
    "/mgmt/api-keys/list": {},
    "/mgmt/cert/query": {},
    "/mgmt/secret/query": {},
}
"""What must be the same afterwards."""

_MOVING = {"last_used_ms", "last_used_ip", "state", "next_ms", "since_ms"} | {
    # Of the certificate: when it is looked at again.
    *("job", "days_left", "renewal"),
}


@dataclass
class Facts:
    """What somebody outside of the house has in hand."""

    key: str
    token: str
    api_key: str
    session: str


def _steady(value: Any) -> Any:
    """Leave out what changes by itself."""
    if isinstance(value, dict):
        return {name: _steady(one) for name, one in value.items() if name not in _MOVING}
    if isinstance(value, list):
        return [_steady(one) for one in value]
    return value


def _everything(api: Api) -> dict[str, Any]:
    return {path: _steady(api.call(path, **body)) for path, body in LISTS.items()}


def _furnish(api: Api) -> Facts:
    """Make one of each by the API."""
    cam = {"app": "live", "stream": "cam"}
    key = api.call("/hooks/keys/create", **cam, label="studio")["secret"]
    api.call("/hooks/play/rule/update", **cam, kind="pass")
    token = api.call("/hooks/play/passes/create", **cam, label="press")["token"]
    source = {"kind": "stream", **cam}
    server = {"platform": "custom", "server": "rtmp://127.0.0.1:1/app", "key": OUT_KEY}
    api.call("/ffmpeg/outputs/create", label="out", source=source, **server)
    api.call("/ffmpeg/programme/create", label="show")
    camera = {"type": "stream", "target": f"rtsp://me:{CAMERA_PASSWORD}@127.0.0.1:1/x"}
    api.call(
        "/ffmpeg/channels/create", label="gate", kind="camera", items=[camera], allow_private=True
    )
    times = {"days": [1], "start": "10:00", "end": "11:00"}
    api.call("/recordings/schedules/create", label="tuesday", glob="live/*", **times)
    api_key = api.call("/mgmt/api-keys/create", label="robot", scope="read")["key"]
    session = api.client.post("/mgmt/login", json={"password": PASSWORD}).json()["data"]["token"]
    return Facts(key, token, api_key, session)


def _has(house: House, credential: str) -> int:
    headers = {"Authorization": f"Bearer {credential}"}
    path = f"{house.base}{API}/mgmt/streams/query"
    return httpx.post(path, json={}, headers=headers, trust_env=False, timeout=60).status_code


@pytest.fixture(scope="module")
def passphrase_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pass") / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


@dataclass
class Moved:
    """What was before, and the house that has it now."""

    house: House
    facts: Facts
    before: dict[str, Any]
    bundle: dict[str, bytes]
    secrets: list[str]


@pytest.fixture(scope="module")
def moved(
    first_house: House,
    new_house: Callable[..., House],
    passphrase_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Moved]:
    """Furnish a house, take a backup and a support bundle, remove it, and begin with the backup
    in another directory with other ports."""
    folder = tmp_path_factory.mktemp("moved")
    old = new_house("old")
    old.reuse_release(first_house)
    assert old.bootstrap().returncode == 0, old.output
    with old.api() as api:
        facts = _furnish(api)
        before = _everything(api)
        with publishing(f"{old.rtmp}/cam?secret={REFUSED_KEY}") as encoder:
            assert encoder.wait() != 0
        secrets = [facts.key, facts.token, facts.api_key, facts.session, PASSWORD, api.secret()]
    secrets += [OUT_KEY, CAMERA_PASSWORD, REFUSED_KEY]
    secrets += [
        value for name, value in old.settings().items() if "SECRET" in name or "PASS" in name
    ]
    done = old.cli("support-bundle", "-o", str(folder / "support.tar.gz"))
    assert done.returncode == 0, done.stderr
    done = old.cli("backup", "create", "--passphrase-file", str(passphrase_file))
    assert done.returncode == 0, done.stderr
    backup = folder / "house.ssbackup"
    shutil.copy(done.stdout.strip(), backup)
    old.stop()
    house = new_house("new")
    house.reuse_release(first_house)
    options = ("--restore", str(backup), "--passphrase-file", str(passphrase_file))
    assert house.bootstrap(*options).returncode == 0, house.output
    yield Moved(house, facts, before, _files(folder / "support.tar.gz"), secrets)
    house.stop()


def _files(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def test_a_restored_house_is_the_same_with_other_ports(moved: Moved) -> None:
    house, facts = moved.house, moved.facts
    assert int(house.settings()["STREAMSTEAD_RTMP_PORT"]) == house.ports["RTMP"]
    for credential in (facts.session, facts.api_key):
        assert _has(house, credential) == 200
    with house.api() as api:  # signs in with the password of before
        assert _everything(api) == moved.before
        cam = {"app": "live", "stream": "cam"}
        entry = f"{house.base}/live/cam.m3u8?pass={facts.token}"
        with publishing(f"{house.rtmp}/cam?secret={facts.key}"):
            wait_until(lambda: "live/cam" in api.streams(), "the old key opens its stream", 60)
            wait_until(lambda: playable(entry), "the old link plays", 60)
            begin_hls(entry)
            assert api.call("/hooks/play/passes/list", **cam)["passes"][0]["uses"] >= 1
        refused = httpx.get(entry.partition("?")[0], trust_env=False, timeout=60)
        assert refused.status_code == 403


def test_a_support_bundle_tells_much_and_no_secret(moved: Moved) -> None:
    names = {name.partition("/")[2] for name in moved.bundle}
    wanted = {"about.json", "machine.txt", "settings.txt", "status.json", "doctor.json"}
    assert wanted <= names
    assert {"redis.json", "events.json", "configuration/nginx.conf", "logs/mgmt.log"} <= names
    status = json.loads(moved.bundle["streamstead-support/status.json"])
    assert {one["name"] for one in status["services"]} >= {"redis", "media", "front"}
    assert b"publish" in moved.bundle["streamstead-support/logs/hooks.log"]
    for name, content in moved.bundle.items():
        for secret in moved.secrets:
            assert secret.encode() not in content, (name, secret)


def test_logs_of_all_programs_are_in_one_place(moved: Moved) -> None:
    with moved.house.api() as api:
        page = api.call("/mgmt/logs/query", limit=500)
        assert {"mgmt", "hooks", "platform", "redis"} <= {one["service"] for one in page["lines"]}
        text = api.client.get("/mgmt/logs/download", params={"services": "redis"}).text
        assert "redis info: Ready to accept" in text or "accept connections" in text
        with api.client.stream("GET", "/mgmt/logs/live", params={"text": "probe.line"}) as live:
            lines = live.iter_lines()
            next(lines)
            with (moved.house.data / "logs/redis.log").open("a") as file:
                file.write("7:M 21 Nov 2026 18:01:02.500 # probe.line ?secret=hidden-one\n")
            told = next(line for line in lines if line.startswith("data: "))
    found = json.loads(told.removeprefix("data: "))["lines"][0]
    assert (found["service"], found["level"]) == ("redis", "warning")
    assert found["text"] == "probe.line ?secret=***"


def test_a_running_house_goes_back_to_a_backup_of_its_bucket_and_away_from_a_bad_one(
    moved: Moved, passphrase_file: Path, monkeypatch: pytest.MonkeyPatch, seaweed: SeaweedFS
) -> None:
    house = moved.house
    options = ("--passphrase-file", str(passphrase_file))
    with house.api() as api:
        api.call("/storage/targets/create", **seaweed.as_given(seaweed.make_bucket()))
    done = house.cli("backup", "create", "--json", "--to", "bucket", *options)
    assert done.returncode == 0, done.stderr
    good = json.loads(done.stdout)["id"]
    assert not list((house.data / "backups").glob(f"{good}*"))
    with house.api() as api:
        api.call("/hooks/srs/secret/update", secret="changed-since-then")
    pid = house.mgmt_pid()
    done = house.cli("backup", "restore", good, "-y", *options, timeout_s=300)
    assert done.returncode == 0, done.stderr
    with house.api() as api:
        assert _everything(api) == moved.before
        assert api.call("/mgmt/backup/list")["last"]["state"] == "done"
        api.call("/hooks/srs/secret/update", secret="changed-once-more")
    assert house.mgmt_pid() == pid

    # A backup whose Redis data no Redis can read.
    settings = Settings.load(house.data, {})
    garbage = house.root / "garbage"
    garbage.write_bytes(b"REDIS0011 and nothing that follows" * 9)
    monkeypatch.setattr(making, "save_redis", lambda _: garbage)
    bad = making.create(settings, "20260101-000000-bad", None, False, "operator", lambda *_: None)
    done = house.cli("backup", "restore", bad.id, "-y", timeout_s=400)
    assert done.returncode == 1
    assert "redis" in done.stderr.splitlines()[-2]
    with house.api() as api:
        assert api.secret() == "changed-once-more"
        assert api.call("/mgmt/backup/list")["last"]["state"] == "rolled_back"
    assert {one["state"] for one in house.services().values()} <= {"running", "off"}
    assert not (house.data / ".restore").exists()
