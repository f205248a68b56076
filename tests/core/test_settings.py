"""What a process is told from outside."""

from pathlib import Path

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.settings import Settings, read_env_file

SECRETS = {
    "STREAMSTEAD_API_SECRET": "srs-v2-x",
    "STREAMSTEAD_HOOK_SECRET": "hook-secret-value",
    "STREAMSTEAD_REDIS_PASSWORD": "redis-password-value",
}


def test_the_file_is_read_and_the_environment_laid_over_it(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    lines = [f"{name}='{value}'" for name, value in SECRETS.items()]
    (tmp_path / "config/.env").write_text(
        "# ours\n\nSTREAMSTEAD_RTMP_PORT=1936\n" + "\n".join(lines)
    )
    settings = Settings.load(tmp_path, {"STREAMSTEAD_HTTP_PORT": "3022", "PATH": "/bin"})
    assert (settings.rtmp_port, settings.http_port, settings.hooks_port) == (1936, 3022, 2021)
    assert settings.api_secret.get_secret_value() == "srs-v2-x"
    assert settings.data_dir == tmp_path


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"STREAMSTEAD_RTMP_PORT": "seventy"}, "STREAMSTEAD_RTMP_PORT"),
        ({"STREAMSTEAD_RTMP_PORT": "70000"}, "STREAMSTEAD_RTMP_PORT"),
        ({"STREAMSTEAD_RTMPPORT": "1935"}, "STREAMSTEAD_RTMPPORT"),
        ({"STREAMSTEAD_API_SECRET": ""}, "STREAMSTEAD_API_SECRET"),
        ({"STREAMSTEAD_RUNTIME": "podman"}, "STREAMSTEAD_RUNTIME"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(change: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigError, match=names) as caught:
        Settings.from_env(SECRETS | change)
    assert not any(value in str(caught.value) for value in SECRETS.values())


def test_a_broken_line_is_named_by_number_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\nthis-is-a-secret-without-name\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        read_env_file(path)
    assert "this-is-a-secret" not in str(caught.value)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(tmp_path, {})
    assert "./bootstrap" in caught.value.help


def test_secrets_do_not_show_in_the_text_of_settings() -> None:
    assert not any(value in repr(Settings.from_env(SECRETS)) for value in SECRETS.values())


def test_a_hosting_panel_may_own_the_certificate(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    lines = "".join(f"{name}={value}\n" for name, value in SECRETS.items())
    env_file = tmp_path / "config/.env"
    env_file.write_text(lines)
    assert not Settings.load(tmp_path, {}).https_managed
    assert Settings.load(tmp_path, {"SRS_HTTPS": "off"}).https_managed
    env_file.write_text(lines + "SRS_HTTPS=off\n")
    assert Settings.load(tmp_path, {}).https_managed
    assert not Settings.load(tmp_path, {"SRS_HTTPS": "lets"}).https_managed
