"""What a process is told from outside: ``<data>/config/.env`` and ``STREAMSTEAD_*`` variables.

What the operator changes in the page is data (Redis), never a setting.
"""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from .errors import ConfigError
from .paths import DataDir

PREFIX = "STREAMSTEAD_"
DEFAULT_DATA_DIR = Path("/var/lib/streamstead")

# Read by scripts, by the path look-up or by tests, not by Settings.
_NOT_SETTINGS = {"STREAMSTEAD_SHARE", "STREAMSTEAD_RUN_E2E", "STREAMSTEAD_KEEP"}

Port = Annotated[int, Field(ge=1, le=65535)]
PortOrOff = Annotated[int, Field(ge=0, le=65535)]

_LINE = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


class RuntimeChoice(StrEnum):
    """How programs that we did not write are run."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


class Monitoring(StrEnum):
    """Whether Prometheus runs beside us."""

    AUTO = "auto"
    """Where the machine has memory to spare and the program is there."""
    OFF = "off"


class Settings(BaseModel):
    """Everything read from outside, checked once, before anything starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = DEFAULT_DATA_DIR
    runtime: RuntimeChoice = RuntimeChoice.AUTO
    user: str = "streamstead"
    """Account of every process that needs no root; unused when mgmt itself is not root."""
    web_user: str = "streamstead-web"
    """Account of the platform, which alone may speak to the manager; unused in the same case."""
    log_level: str = "info"

    # Secrets have no default: a missing one stops the start.
    api_secret: SecretStr
    hook_secret: SecretStr
    redis_password: SecretStr

    # Public doors.
    http_port: Port = 2022
    web_http_port: PortOrOff = 80
    web_https_port: PortOrOff = 443
    rtmp_port: Port = 1935
    rtc_port: Port = 8000
    srt_port: Port = 10080
    rtmps_port: Port = 1936

    # Loopback only.
    platform_port: Port = 2024
    hooks_port: Port = 2021
    ffmpeg_port: Port = 2019
    recorder_port: Port = 2020
    srs_api_port: Port = 1985
    srs_http_port: Port = 8080
    srs_exporter_port: Port = 9972
    engine_notify_port: Port = 21980
    engine_stat_port: Port = 21981
    prometheus_port: Port = 9090
    node_exporter_port: Port = 9100

    monitoring: Monitoring = Monitoring.AUTO

    acme_server: str = "https://acme-v02.api.letsencrypt.org/directory"
    acme_staging_server: str = "https://acme-staging-v02.api.letsencrypt.org/directory"
    acme_ca_bundle: Path | None = None
    """Who signs the certificate of the CA's own server; for a CA of one's own."""
    acme_http_port: Port = 80
    """Where the CA looks for us; another than 80 is for a CA of one's own."""
    acme_caa: str = "letsencrypt.org"
    """What the CA calls itself in CAA records."""
    acme_dns: str = ""
    """Name server (``address:port``) that the check of domains asks; empty: the system's."""
    https_managed: bool = False
    """Another program owns the certificate of this machine. ``SRS_HTTPS=off`` says the same."""

    candidate: str = ""
    """Address that WebRTC offers to clients; empty: chosen by the media server."""
    engine_apps: str = "live"
    """Applications of the embedded engine, separated by commas (nginx-rtmp has no wildcard)."""
    hls_fragment_s: Annotated[int, Field(ge=1, le=10)] = 2
    hls_window_s: Annotated[int, Field(ge=4, le=120)] = 16
    dvr: bool = False
    """Also write every stream as FLV below ``<data>/dvr/<app>/``, one file a publish session.
    Nothing removes these files yet."""

    stats_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """So long the session log and with it the statistics are kept."""
    stats_max_mb: Annotated[int, Field(ge=16)] = 2048
    """The session log takes no more; the oldest days go first."""
    geoip_db: Path | None = None
    """A country database (MMDB, such as GeoLite2-Country or DB-IP Lite) for the statistics."""

    local_release: str = ""
    """Index of releases (a file or an address) instead of the one that is chosen in the page."""

    in_image: bool = False
    """We run in the one-line container image, which is renewed from outside."""

    srs_bin: Path | None = None
    """A real SRS to run as a process instead of the embedded engine."""
    srs_image: str = "ossrs/srs:5"
    srs_dev_image: str = "ossrs/srs:6"
    redis_image: str = "redis:7"
    nginx_image: str = "nginx:stable"
    prometheus_image: str = "prom/prometheus:latest"
    node_exporter_image: str = "prom/node-exporter:latest"
    certbot_image: str = "certbot/certbot:latest"
    docker_host: str = ""
    """Address of the Docker Engine; empty: the library's own rule (DOCKER_HOST, default socket)."""

    @property
    def data(self) -> DataDir:
        return DataDir(self.data_dir)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Build from ``STREAMSTEAD_*``; an unknown, missing or wrong one is a ConfigError."""
        own = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in env.items()
            if name.startswith(PREFIX) and name not in _NOT_SETTINGS
        }
        try:
            return cls.model_validate({k: v for k, v in own.items() if v != ""})
        except ValidationError as exc:
            first = exc.errors(include_input=False, include_url=False)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise ConfigError(
                f"{name}: {first['msg']}",
                "Correct it in config/.env below the data directory, or run ./bootstrap again.",
            ) from None

    @classmethod
    def load(cls, data_dir: Path | None = None, env: Mapping[str, str] = os.environ) -> Self:
        """Read ``<data>/config/.env`` and lay the environment over it.

        Raises ConfigError when the file is absent, unreadable or broken.
        """
        root = data_dir or Path(env.get(PREFIX + "DATA_DIR") or DEFAULT_DATA_DIR)
        merged = {
            **read_env_file(DataDir(root).env_file),
            **{k: v for k, v in env.items() if k.startswith(PREFIX)},
            PREFIX + "DATA_DIR": str(root.absolute()),
        }
        if env.get("SRS_HTTPS", merged.get("SRS_HTTPS")) == "off":
            merged[PREFIX + "HTTPS_MANAGED"] = "true"
        return cls.from_env(merged)


def read_env_file(path: Path) -> dict[str, str]:
    """Parse ``NAME=value`` lines; quotes around a value are dropped, ``#`` begins a comment."""
    help_text = "Run ./bootstrap: it writes the file anew and keeps the secrets it can read."
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist", help_text) from None
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}", help_text) from None
    found: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            # The line itself may hold a secret: name its number only.
            raise ConfigError(f"{path}: line {number} is not NAME=value", help_text)
        value = match[2].strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[match[1]] = value
    return found
