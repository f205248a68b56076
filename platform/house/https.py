"""Routes of HTTPS: the certificate of page, players and RTMPS, as the manager keeps it."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/mgmt", tags=["https"])

READ_S = 20.0
CHECK_S = 60.0
ISSUE_S = 300.0
"""As long as nginx waits for these calls; the work goes on when it takes longer."""

Pem = Annotated[str, Field(min_length=1, max_length=200_000)]
Domains = Annotated[
    str,
    Field(min_length=1, max_length=10_000, description="Several are split by ; , or space"),
]
Email = Annotated[str, Field(max_length=254)]


class HttpsProvider(StrEnum):
    """Who made the certificate: we ourselves, somebody else (``ssl``), Let's Encrypt."""

    SELF = "self"
    SSL = "ssl"
    LETS = "lets"


class HttpsDnsPlugin(StrEnum):
    CLOUDFLARE = "cloudflare"
    RFC2136 = "rfc2136"


class HttpsDns(BaseModel):
    """How to prove a domain by DNS instead of port 80.

    ``credentials``: ``{api_token}`` for cloudflare; ``{server, port?, name, secret, algorithm?}``
    for rfc2136. Left empty, those that were given for this plug-in before are used.
    """

    model_config = ConfigDict(extra="forbid")

    plugin: HttpsDnsPlugin
    credentials: Annotated[
        dict[str, Annotated[str, Field(max_length=2000)]], Field(max_length=10)
    ] = {}


class UploadCertificate(Body):
    key: Pem
    crt: Pem


class RequestCertificate(Body):
    """``dry_run``: try everything against the CA's test server and keep nothing. ``staging``: take
    a certificate from there that browsers do not trust. ``force``: go on though a check warns."""

    domain: Domains
    email: Email | None = None
    dry_run: bool = False
    staging: bool = False
    dns: HttpsDns | None = None
    force: bool = False


class CheckDomains(Body):
    domain: Domains
    dns: HttpsDns | None = None


class RenewCertificate(Body):
    force: bool = False


class HttpsSettings(Body):
    """What is absent stays as it is; an empty ``email`` removes it."""

    email: Email | None = None
    auto_renew: bool | None = None


class HttpsCheckItem(BaseModel):
    """``level``: ok, warn or fail. ``key`` is stable; ``subject``: the domain, if of one."""

    id: str
    level: str
    key: str
    subject: str
    message: str
    help: str


class HttpsCheck(BaseModel):
    """``ok``: nothing failed; warnings do not count."""

    items: list[HttpsCheckItem]
    ok: bool


class HttpsProblem(BaseModel):
    key: str
    message: str
    help: str


class HttpsRenewal(BaseModel):
    """``challenge``: http or dns. ``next_at_ms`` is when it is looked at or tried next."""

    auto: bool
    email: str
    challenge: str
    plugin: str | None
    staging: bool
    next_at_ms: int | None
    last_at_ms: int | None
    last_ok: bool | None
    last_error: HttpsProblem | None


class HttpsPrevious(BaseModel):
    """The certificate before; ``cert/rollback`` brings it back."""

    provider: HttpsProvider
    domains: list[str]
    not_after_ms: int


class HttpsStep(BaseModel):
    """``state``: waiting, running, done, failed or skipped."""

    id: str
    state: str
    message: str


class HttpsJob(BaseModel):
    """The last request, renewal, upload or return. ``state``: running, done or failed."""

    kind: str
    state: str
    steps: list[HttpsStep]
    checks: list[HttpsCheckItem]
    error: HttpsProblem | None
    started_ms: int
    ended_ms: int | None


class HttpsCertificate(BaseModel):
    """What is served now; never the key. ``crt`` is the whole chain as PEM.

    ``port``: of HTTPS, 0 while it is not open. ``managed``: another program owns the
    certificate of this machine, and calls that change it are refused.
    """

    provider: HttpsProvider
    domain: str
    domains: list[str]
    crt: str
    issuer: str
    not_before_ms: int
    not_after_ms: int
    days_left: int
    key_type: str
    serial: str
    trusted: bool
    port: int
    managed: bool
    renewal: HttpsRenewal
    previous: HttpsPrevious | None
    job: HttpsJob | None


class HttpsRenewed(BaseModel):
    """``renewOk``: a new certificate is served. ``stdout`` tells in words what was done."""

    renewOk: bool  # noqa: N815
    stdout: str


async def _ask(services: Services, name: str, body: Body | None, timeout_s: float) -> Any:
    sent = body.model_dump(mode="json", exclude={"token"}) if body is not None else {}
    return await services.host.call("POST", f"/v1/https/{name}", sent, timeout_s)


@router.post("/cert/query")
async def query_certificate(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[HttpsCertificate]:
    """Tell which certificate is served, how long it lasts and how its renewal goes."""
    return Reply(data=HttpsCertificate(**await _ask(services, "query", None, READ_S)))


@router.post("/cert/rollback")
async def rollback_certificate(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[HttpsCertificate]:
    """Serve the certificate before this one again."""
    return Reply(data=HttpsCertificate(**await _ask(services, "rollback", None, CHECK_S)))


@router.post("/ssl")
async def upload_certificate(
    body: UploadCertificate, services: ServicesDep, _who: SignedIn
) -> Reply[HttpsCertificate]:
    """Serve a certificate of one's own: PEM of the chain and of its key."""
    return Reply(data=HttpsCertificate(**await _ask(services, "upload", body, CHECK_S)))


@router.post("/auto-self-signed-certificate")
async def self_signed_certificate(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[HttpsCertificate]:
    """Serve a new certificate that we signed ourselves; browsers warn of it."""
    return Reply(data=HttpsCertificate(**await _ask(services, "self-signed", None, CHECK_S)))


@router.post("/letsencrypt")
async def request_certificate(
    body: RequestCertificate, services: ServicesDep, _who: SignedIn
) -> Reply[HttpsCertificate]:
    """Check the domains, ask Let's Encrypt for a certificate and serve it. Takes up to minutes;
    ``cert/query`` shows the steps meanwhile, and the work goes on if the caller leaves."""
    return Reply(data=HttpsCertificate(**await _ask(services, "letsencrypt", body, ISSUE_S)))


@router.post("/letsencrypt/check")
async def check_domains(
    body: CheckDomains, services: ServicesDep, _who: SignedIn
) -> Reply[HttpsCheck]:
    """Tell what would stop a request, without asking the CA anything."""
    return Reply(data=HttpsCheck(**await _ask(services, "check", body, CHECK_S)))


@router.post("/letsencrypt/renew")
async def renew_certificate(
    services: ServicesDep, _who: SignedIn, body: RenewCertificate | None = None
) -> Reply[HttpsRenewed]:
    """Renew the certificate if it is due, or at once with ``force``."""
    sent = body or RenewCertificate()
    return Reply(data=HttpsRenewed(**await _ask(services, "renew", sent, ISSUE_S)))


@router.post("/letsencrypt/settings")
async def update_renewal(
    body: HttpsSettings, services: ServicesDep, _who: SignedIn
) -> Reply[HttpsCertificate]:
    """Change who the CA writes to, and whether renewal happens by itself."""
    return Reply(data=HttpsCertificate(**await _ask(services, "settings", body, READ_S)))
