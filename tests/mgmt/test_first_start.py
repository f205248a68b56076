import os
import ssl
import stat
from pathlib import Path

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.paths import DataDir
from streamstead.mgmt.certificate import self_signed
from streamstead.mgmt.first_start import ensure_setup_code, prepare
from streamstead.mgmt.lock import is_held, only_one
from streamstead.mgmt.runtime.account import Account, service_account


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_start_makes_keys_code_and_certificate(data: DataDir, account: Account) -> None:
    prepare(data, account)
    assert len(data.master_key.read_bytes()) == 32
    assert mode(data.master_key) == 0o600
    assert len(data.setup_code.read_text().strip()) == 16
    assert mode(data.setup_code) == 0o600
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(data.ssl / "current/fullchain.pem", data.ssl / "current/key.pem")
    assert mode(data.ssl / "current/key.pem") == 0o600


def test_a_second_start_changes_nothing(data: DataDir, account: Account) -> None:
    prepare(data, account)
    kept = [data.master_key, data.setup_code, data.ssl / "current/key.pem"]
    before = [path.read_bytes() for path in kept]
    prepare(data, account)
    assert [path.read_bytes() for path in kept] == before


def test_with_a_password_there_is_no_setup_code(data: DataDir, account: Account) -> None:
    data.config.mkdir(parents=True)
    data.password_set.touch()
    assert ensure_setup_code(data, account) is None
    assert not data.setup_code.exists()


def test_an_empty_setup_code_is_made_anew(data: DataDir, account: Account) -> None:
    prepare(data, account)
    data.setup_code.write_text("")
    assert ensure_setup_code(data, account) == data.setup_code.read_text().strip() != ""


def test_nginx_and_the_service_user_may_both_write_about_sessions(
    data: DataDir, account: Account
) -> None:
    prepare(data, account)
    data.hls_log.write_text("kept")
    prepare(data, account)
    assert data.hls_log.read_text() == "kept"
    assert mode(data.hls_log) == mode(data.vod_log) == 0o664
    assert data.gates.is_dir()


def test_redis_is_found_at_its_well_known_path(data: DataDir, account: Account) -> None:
    prepare(data, account)
    assert data.redis_socket.resolve() == (data.run / "redis" / "redis.sock").resolve()


def test_a_file_in_the_way_is_an_error_with_advice(data: DataDir, account: Account) -> None:
    data.root.mkdir()
    (data.root / "config").write_text("in the way")
    with pytest.raises(ConfigError, match="config cannot be prepared") as caught:
        prepare(data, account)
    assert caught.value.help


@pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be set by root")
def test_services_cannot_replace_what_root_reads(data: DataDir) -> None:
    prepare(data, Account("nobody", 65534, 65534, (65534,)))
    for path in (data.config, data.run, data.logs):
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (0, 65534)
        assert stat.S_IMODE(found.st_mode) == 0o3775
    for path in (data.config / "front", data.run / "front", data.ssl):
        assert path.stat().st_uid == 0
        assert mode(path) & 0o022 == 0
    assert data.master_key.stat().st_uid == 0
    for path in (data.html, data.redis, data.setup_code):
        assert path.stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be set by root")
def test_root_gives_away_nothing_that_a_service_points_to(data: DataDir, tmp_path: Path) -> None:
    account = Account("nobody", 65534, 65534, (65534,))
    prepare(data, account)
    target, text = tmp_path / "of-root", tmp_path / "shadow"
    target.mkdir(mode=0o700)
    text.touch(mode=0o600)
    # Both belong to the service, which may therefore put something else in their place.
    (data.run / "redis").rmdir()
    (data.run / "redis").symlink_to(target)
    data.env_file.symlink_to(text)
    (data.config / "srs").rmdir()
    (data.config / "srs").mkdir()
    os.chown(data.config / "srs", 65534, 65534)
    (data.config / "srs" / "srs.conf").touch()
    prepare(data, account)
    assert (target.stat().st_uid, text.stat().st_uid, mode(target)) == (0, 0, 0o700)
    assert (data.run / "redis").stat().st_uid == 65534
    assert list((data.config / "srs").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
def test_an_unknown_account_and_root_are_refused() -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        service_account("no-such-account")
    with pytest.raises(ConfigError, match="user id 0"):
        service_account("root")


def test_a_certificate_names_what_it_is_for() -> None:
    from cryptography import x509

    found = x509.load_pem_x509_certificate(self_signed(("example.org", "192.0.2.1"))[0].encode())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["example.org"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]


def test_a_second_manager_of_the_same_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mgmt.lock"
    assert not is_held(path)
    with only_one(path):
        assert is_held(path)
        with pytest.raises(ConfigError, match="another manager"), only_one(path):
            pass
    assert not is_held(path)
