"""A house goes into one file and comes out of it the same, elsewhere."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis as SyncRedis

from streamstead.core.errors import ConfigError, Conflict, StreamsteadError
from streamstead.core.paths import DataDir
from streamstead.core.settings import Settings
from streamstead.mgmt.backup import create as creating
from streamstead.mgmt.backup import restore
from streamstead.mgmt.backup.contents import Member
from streamstead.mgmt.backup.faults import BackupNewer, NoRoom
from streamstead.mgmt.backup.restore import into_empty, stage
from streamstead.mgmt.backup.shelf import list_folder
from streamstead.mgmt.runtime.account import Account

from ...conftest import need, scratch_data_dir, wait_until
from .conftest import PASSPHRASE, make, nobody_hears, path_of

OURSELVES = Account("", os.geteuid(), os.getegid())


@pytest.fixture
def other() -> Iterator[DataDir]:
    """Another machine, as it were."""
    with scratch_data_dir() as root:
        for path in root.iterdir():
            path.rmdir()
        yield DataDir(root)


def _publish_secret(data: DataDir) -> str:
    """Start a Redis as ours is started, on the data of a house; return what it knows."""
    sock = data.root / "r.sock"
    child = subprocess.Popen(
        [
            *(need("redis-server"), "--port", "0", "--unixsocket", str(sock)),
            *("--appendonly", "yes", "--dir", str(data.redis), "--save", ""),
        ],
        stdout=subprocess.DEVNULL,
    )
    client = SyncRedis(unix_socket_path=str(sock), decode_responses=True)
    try:
        wait_until(sock.exists, "Redis listens")
        wait_until(lambda: client.info("persistence")["loading"] == 0, "Redis has loaded")  # type: ignore[index]
        return str(client.hget("SRS_AUTH_SECRET", "pubSecret"))
    finally:
        client.close()
        child.terminate()
        child.wait()


def test_a_house_comes_back_on_an_empty_machine(house: Settings, other: DataDir) -> None:
    info = make(house)
    assert list_folder(house.data.backups) == [info]
    raw = path_of(house).read_bytes()
    for secret in (b"the key", b"the-publish-secret", b"k" * 32):
        assert secret not in raw
    header, left = into_empty(other, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)
    assert header.id == info.id
    for name in ("config/master.key", "config/store-id", "ssl/current/key.pem", "slate/own/a.png"):
        assert (other.root / name).read_bytes() == (house.data.root / name).read_bytes(), name
    assert (other.root / "letsencrypt/etc/live/cert.pem").stat().st_mode & 0o777 == 0o600
    assert not (other.root / "config/unit").exists()
    assert not (other.root / "config/front").exists()
    assert not (other.root / ".restore").exists()
    env = (other.root / "config/.env").read_text()
    assert "STREAMSTEAD_RTMP_PORT=1977" in env
    assert house.api_secret.get_secret_value() in env
    assert left in ([], ["USER"])
    assert _publish_secret(other) == "the-publish-secret"
    entry = (other.record / "r1/recording.json").read_text()
    assert '"local": false' in entry
    assert "media_not_in_backup" in entry
    assert not (other.record / "r1/index.mp4").exists()


def test_media_goes_with_it_when_asked(house: Settings, other: DataDir) -> None:
    assert make(house, media=True).recordings
    into_empty(other, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)
    assert (other.record / "r1/index.mp4").stat().st_size == 6000
    assert (other.vlive / "f.mp4").read_text() == "a film"
    assert '"local":true' in (other.record / "r1/recording.json").read_text()


def test_what_is_of_another_machine_stays_there(
    house: Settings, other: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(house)
    monkeypatch.setattr(restore, "host_digest", lambda: "another")
    _, left = into_empty(other, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)
    assert left == ["USER"]
    assert "STREAMSTEAD_USER" not in (other.root / "config/.env").read_text()


def test_ports_of_a_house_that_runs_stay(house: Settings) -> None:
    make(house)
    text = house.data.env_file.read_text().replace("1977", "2977")
    house.data.env_file.write_text(text.replace("API_SECRET=", "API_SECRET=srs-v2-new"))
    stage(house.data, OURSELVES, path_of(house), PASSPHRASE, True, nobody_hears)
    env = (house.data.root / ".restore/new/config/.env").read_text()
    assert "STREAMSTEAD_RTMP_PORT=2977" in env
    assert f"API_SECRET={house.api_secret.get_secret_value()}" in env


def test_a_house_is_never_overwritten_by_a_first_start(house: Settings) -> None:
    make(house)
    with pytest.raises(Conflict):
        into_empty(house.data, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)


def test_a_backup_of_a_newer_release_is_refused_in_words(
    house: Settings, other: DataDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(house)
    monkeypatch.setattr(restore, "VERSION", "0.0.9")
    with pytest.raises(BackupNewer, match=r"release 0\.1\.0, and this is 0\.0\.9"):
        into_empty(other, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)


def test_settings_that_cannot_be_read_are_found_before_anything_is_exchanged(
    house: Settings, other: DataDir
) -> None:
    with house.data.env_file.open("a") as file:
        file.write("\nSTREAMSTEAD_HTTP_PORT=many\n")
    make(house)
    with pytest.raises(ConfigError):
        into_empty(other, OURSELVES, path_of(house), PASSPHRASE, nobody_hears)
    assert not other.env_file.exists()
    assert not (other.root / ".restore").exists()


def test_a_full_disk_is_found_before_anything_is_written(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1 << 20})()
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(NoRoom):
        make(house)
    assert list(house.data.backups.iterdir()) == []
    assert not (house.data.redis / "dump.rdb").exists()


def test_without_redis_no_backup_is_made(house: Settings, redis_server: SyncRedis) -> None:
    redis_server.shutdown(nosave=True)
    with pytest.raises(StreamsteadError):
        make(house)
    assert list(house.data.backups.iterdir()) == []


def test_a_file_that_was_copied_here_is_listed_as_not_verified(house: Settings) -> None:
    make(house)
    path_of(house).with_suffix(".json").unlink()
    (house.data.backups / "no.ssbackup").write_text("nonsense")
    assert [(one.verified, one.by) for one in list_folder(Path(house.data.backups))] == [
        (False, "elsewhere")
    ]


def test_nothing_is_read_behind_a_link_that_a_service_made(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    elsewhere, operators = tmp_path / "of-root", tmp_path / "large-disk"
    for folder in (data.root, elsewhere, operators / "r1"):
        folder.mkdir(parents=True)
    (elsewhere / "secret").write_text("x")
    (operators / "r1" / "kept").write_text("x")
    data.record.symlink_to(operators)
    (operators / "r2").symlink_to(elsewhere)
    found = {}
    for name in ("record/r1/kept", "record/r2/secret"):
        path = data.root / name
        with tarfile.open(fileobj=io.BytesIO(), mode="w") as tar:
            found[name] = creating._add(tar, Member(name, path, path.lstat()), OURSELVES) != ""
    assert found == {"record/r1/kept": True, "record/r2/secret": False}
