"""What HTTPS knows and is asked; everything here may be shown but ``Order.credentials``."""

import time
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Provider(StrEnum):
    """Who made a certificate: we ourselves, somebody else, Let's Encrypt."""

    SELF = "self"
    SSL = "ssl"
    LETS = "lets"


class Plugin(StrEnum):
    CLOUDFLARE = "cloudflare"
    RFC2136 = "rfc2136"


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Problem(BaseModel):
    """A failure in words; ``retry_ms``: the CA takes no such request before."""

    key: str
    message: str
    help: str
    retry_ms: int | None = None


class CheckItem(BaseModel):
    """One finding before a request; ``subject`` is the domain it is about, if any."""

    id: str
    level: Level
    key: str
    subject: str = ""
    message: str
    help: str = ""


class Facts(BaseModel):
    """What stands in a certificate. ``fingerprint``: SHA-256 of it in DER, hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    domains: tuple[str, ...]
    issuer: str
    not_before_ms: int
    not_after_ms: int
    key_type: str
    serial: str
    fingerprint: str
    self_signed: bool
    trusted: bool

    def days_left(self, at_ms: int) -> int:
        """Whole days; negative once it has expired."""
        return (self.not_after_ms - at_ms) // 86_400_000

    @property
    def lifetime_ms(self) -> int:
        return self.not_after_ms - self.not_before_ms


class Order(BaseModel):
    """How a certificate was had from the CA, so that it can be had again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    domains: tuple[str, ...]
    staging: bool = False
    plugin: Plugin | None = None
    """Proves the domains by DNS; None: by port 80."""
    credentials: str = Field(default="", repr=False)
    """Of the plug-in, sealed; see core/sealed.py."""


class About(BaseModel):
    """``about.json`` beside each certificate."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provider: Provider
    facts: Facts
    order: Order | None = None


class Attempt(BaseModel):
    """One request for a certificate that reached the CA."""

    at_ms: int
    server: str
    domains: tuple[str, ...]
    ok: bool


class HttpsState(BaseModel):
    """``<data>/mgmt/https.json``."""

    model_config = ConfigDict(extra="ignore")

    email: str = ""
    auto_renew: bool = True
    previous: str = ""
    """Id of the certificate before; empty: none."""
    next_at_ms: int | None = None
    last_at_ms: int | None = None
    last_ok: bool | None = None
    last_error: Problem | None = None
    failures: int = 0
    """Renewals that failed in a row."""
    attempts: list[Attempt] = []
    rehearsed: dict[str, int] = {}
    """Set of domains to the time of its last good dry run."""
    refused_until: dict[str, int] = {}
    """CA to the time before which it said it would take nothing."""
    told: dict[str, list[int]] = {}
    """Fingerprint to the days left of which the countdown was told."""


class DnsChallenge(BaseModel):
    model_config = ConfigDict(extra="ignore")

    plugin: Plugin
    credentials: dict[str, str] = Field(default={}, repr=False)


class WantCertificate(BaseModel):
    model_config = ConfigDict(extra="ignore")

    domain: str
    email: str | None = None
    dry_run: bool = False
    staging: bool = False
    dns: DnsChallenge | None = None
    force: bool = False


class WantCheck(BaseModel):
    model_config = ConfigDict(extra="ignore")

    domain: str
    dns: DnsChallenge | None = None


class WantUpload(BaseModel):
    model_config = ConfigDict(extra="ignore")

    key: str = Field(repr=False)
    crt: str


class WantRenewal(BaseModel):
    model_config = ConfigDict(extra="ignore")

    force: bool = False


class WantSettings(BaseModel):
    model_config = ConfigDict(extra="ignore")

    email: str | None = None
    auto_renew: bool | None = None
