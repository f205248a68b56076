"""certbot, run for one certificate: it keeps the account, we keep the certificates.

It runs as a container where programs do, else (and when its image cannot be had soon) from our own
virtualenv.
"""

import asyncio
import hashlib
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ...core.errors import Invalid, StreamsteadError, Upstream
from ...core.files import write_atomic
from ...core.log import get_logger
from ...core.settings import Settings
from ..runtime.once import TIMED_OUT, Ran, RunOnce
from ..runtime.protocol import ImageMissing, Runtime
from ..runtime.spec import Mount, RuntimeName
from .models import Order, Plugin, Problem
from .words import explain, is_nonce, timed_out

log = get_logger(__name__)

RUN_TIMEOUT_S = 180.0
PULL_LIMIT_S = 60.0
NONCE_TRIES = 3
_IMAGE = "certbot/certbot"

FIELDS: dict[Plugin, dict[str, bool]] = {
    Plugin.CLOUDFLARE: {"api_token": True, "propagation_s": False},
    Plugin.RFC2136: {
        "server": True,
        "port": False,
        "name": True,
        "secret": True,
        "algorithm": False,
        "propagation_s": False,
    },
}
"""What each plug-in must and may be told."""


class CaFailed(StreamsteadError):
    """certbot did not get a certificate; ``problem`` says why."""

    code, status, default_key = 4009, 502, "ca_error"

    def __init__(self, problem: Problem, reached_ca: bool) -> None:
        super().__init__(problem.message, problem.help, key=problem.key)
        self.problem = problem
        self.reached_ca = reached_ca


@dataclass(frozen=True, slots=True)
class Issued:
    """PEM of the chain, and of its key."""

    chain: str
    key: str = field(repr=False)


def check_credentials(plugin: Plugin, given: Mapping[str, str]) -> dict[str, str]:
    """Return them without spaces. Raises Invalid; they go into a file of lines."""
    known = FIELDS[plugin]
    found = {name: value.strip() for name, value in given.items() if value.strip()}
    for name, value in found.items():
        if name not in known:
            raise Invalid(
                f"{plugin.value} has no credential {name}",
                f"It takes: {', '.join(known)}.",
                key="dns_credentials_invalid",
            )
        if not value.isascii() or not value.isprintable() or "\\" in value:
            raise Invalid(
                f"the credential {name} holds a character that none has",
                "Copy it again.",
                key="dns_credentials_invalid",
            )
    missing = [name for name, needed in known.items() if needed and name not in found]
    if missing:
        raise Invalid(
            f"the credential {missing[0]} is missing",
            f"{plugin.value} needs: {', '.join(n for n, needed in known.items() if needed)}.",
            key="dns_credentials_invalid",
        )
    for name in ("port", "propagation_s"):
        if name in found and not (found[name].isdigit() and int(found[name]) <= 65535):
            raise Invalid(
                f"{name} is not a number",
                "Leave it out, or correct it.",
                key="dns_credentials_invalid",
            )
    return found


class Certbot:
    """``<data>/letsencrypt`` (0700): ``etc`` with the accounts, ``work``, ``logs``."""

    def __init__(
        self, settings: Settings, preferred: RuntimeName, runtimes: Mapping[RuntimeName, Runtime]
    ) -> None:
        self._settings = settings
        self._folder = settings.data.letsencrypt
        self._preferred = preferred
        self._runtimes = runtimes

    def server(self, staging: bool) -> str:
        return self._settings.acme_staging_server if staging else self._settings.acme_server

    async def issue(self, order: Order, email: str, credentials: Mapping[str, str]) -> Issued:
        """Get a new certificate. Raises CaFailed, and OSError."""
        lineage = _lineage(order.domains)
        self._forget(lineage)
        try:
            await self._run(order, email, credentials, lineage, ())
            live = self._folder / "etc" / "live" / lineage
            return Issued(
                (live / "fullchain.pem").read_text(encoding="ascii"),
                (live / "privkey.pem").read_text(encoding="ascii"),
            )
        finally:
            self._forget(lineage)  # its keys lie in our own folder, once

    async def rehearse(self, order: Order, email: str, credentials: Mapping[str, str]) -> None:
        """Do the same at the CA's test server, and keep nothing. Raises CaFailed."""
        trial = order.model_copy(update={"staging": True})
        await self._run(trial, email, credentials, _lineage(order.domains), ("--dry-run",))

    def forget_account(self, staging: bool) -> None:
        """Let the next request make a new account, under another address or because it is gone."""
        shutil.rmtree(self._accounts(self.server(staging)), ignore_errors=True)

    def sweep(self) -> None:
        """Remove credentials that a killed manager left."""
        for path in self._folder.glob("credentials-*.ini"):
            path.unlink(missing_ok=True)

    async def _run(
        self,
        order: Order,
        email: str,
        credentials: Mapping[str, str],
        lineage: str,
        extra: tuple[str, ...],
    ) -> None:
        path = self._folder / f"credentials-{secrets.token_hex(4)}.ini"
        if order.plugin is not None:
            write_atomic(path, _ini(order.plugin, credentials), 0o600)
        argv = (
            *self._common(order, email, lineage),
            *self._challenge(order, credentials, path),
            *extra,
        )
        slack_s = _propagation_s(order.plugin, credentials) * 2
        try:
            await self._try(order, argv, RUN_TIMEOUT_S + slack_s)
        finally:
            path.unlink(missing_ok=True)

    async def _try(self, order: Order, argv: tuple[str, ...], timeout_s: float) -> None:
        renewed_account = False
        tries = 0
        while True:
            tries += 1
            ran = await self._start(order, argv, timeout_s)
            if ran.ok:
                return
            if ran.status == TIMED_OUT:
                raise CaFailed(timed_out(timeout_s), reached_ca=True)
            said = ran.output + self._cause()
            if is_nonce(said) and tries < NONCE_TRIES:
                log.info("certbot.again", reason="nonce")
                continue
            if "accountDoesNotExist" in said and not renewed_account:
                log.info("certbot.again", reason="account")
                renewed_account = True
                self.forget_account(order.staging)
                continue
            problem = explain(said, order.domains)
            log.warning("certbot.failed", status=ran.status, key=problem.key, why=problem.message)
            raise CaFailed(problem, reached_ca=problem.key not in ("ca_unreachable", "disk_full"))

    def _cause(self) -> str:
        """Return the line of its log that names the kind of error, which it does not print."""
        try:
            text = (self._folder / "logs" / "letsencrypt.log").read_text(errors="replace")
        except OSError:
            return ""
        found = [line for line in text.splitlines() if line.startswith("acme.messages.Error:")]
        return f"\n{found[-1][:1000]}\n" if found else ""

    async def _start(self, order: Order, argv: tuple[str, ...], timeout_s: float) -> Ran:
        data, bundle = self._settings.data, self._settings.acme_ca_bundle
        once = RunOnce(
            "certbot",
            ("certbot", *argv),
            image=_image(self._settings.certbot_image, order.plugin),
            mounts=(
                Mount(self._folder, writable=True),
                Mount(data.www, writable=True),
                *((Mount(bundle),) if bundle else ()),
            ),
            env=(("REQUESTS_CA_BUNDLE", str(bundle)),) if bundle else (),
            tmpfs=("/tmp",),  # noqa: S108 - a mount inside the container
            # Its webroot belongs to the service user.
            privileged=True,
            capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER"),
        )
        docker = self._runtimes.get(RuntimeName.DOCKER)
        if self._preferred is RuntimeName.DOCKER and docker is not None:
            try:
                return await self._in_container(docker, once, timeout_s)
            except Upstream as exc:
                log.warning("certbot.no_container", error=exc.message)
        own = RunOnce(once.name, (_own_certbot(), *argv), env=once.env, privileged=True)
        return await self._runtimes[RuntimeName.PROCESS].run(own, timeout_s)

    async def _in_container(self, docker: Runtime, once: RunOnce, timeout_s: float) -> Ran:
        """Raises Upstream when it cannot be started there."""
        try:
            return await docker.run(once, timeout_s)
        except ImageMissing:
            from ..runtime.docker_engine import prepare_images  # the library is loaded already

            host, images = self._settings.docker_host, (once.image,)
            problem = await asyncio.to_thread(prepare_images, host, images, PULL_LIMIT_S)
        if problem:
            raise Upstream(problem)
        return await docker.run(once, timeout_s)

    def _common(self, order: Order, email: str, lineage: str) -> tuple[str, ...]:
        who = ("--email", email) if email else ("--register-unsafely-without-email",)
        folders = (
            f"--{name}-dir={self._folder / part}"
            for name, part in (("config", "etc"), ("work", "work"), ("logs", "logs"))
        )
        return (
            "certonly",
            "--non-interactive",
            "--agree-tos",
            "--no-eff-email",
            *who,
            *folders,
            "--server",
            self.server(order.staging),
            "--cert-name",
            lineage,
            "--force-renewal",
            "--no-autorenew",
            "--no-directory-hooks",
            "--max-log-backups=20",
            "--key-type=ecdsa",
            *(f"--domain={name}" for name in order.domains),
        )

    def _challenge(
        self, order: Order, credentials: Mapping[str, str], path: Path
    ) -> tuple[str, ...]:
        if order.plugin is None:
            return (
                "--webroot",
                f"--webroot-path={self._settings.data.www}",
                "--preferred-challenges=http",
            )
        name = f"dns-{order.plugin.value}"
        return (
            f"--{name}",
            f"--{name}-credentials={path}",
            f"--{name}-propagation-seconds={_propagation_s(order.plugin, credentials)}",
            "--preferred-challenges=dns",
        )

    def _accounts(self, server: str) -> Path:
        parts = urlsplit(server)
        return self._folder / "etc" / "accounts" / parts.netloc / parts.path.strip("/")

    def _forget(self, lineage: str) -> None:
        etc = self._folder / "etc"
        for part in ("live", "archive"):
            shutil.rmtree(etc / part / lineage, ignore_errors=True)
        (etc / "renewal" / f"{lineage}.conf").unlink(missing_ok=True)


def _own_certbot() -> str:
    return str(Path(sys.prefix).resolve() / "bin" / "certbot")


def _lineage(domains: tuple[str, ...]) -> str:
    return "streamstead-" + hashlib.sha256(" ".join(domains).encode()).hexdigest()[:12]


def _image(image: str, plugin: Plugin | None) -> str:
    """Each plug-in has an image of its own, beside that of certbot."""
    name, _, tag = image.partition(":")
    if plugin is None or name != _IMAGE:
        return image
    return f"certbot/dns-{plugin.value}" + (f":{tag}" if tag else "")


def _propagation_s(plugin: Plugin | None, credentials: Mapping[str, str]) -> int:
    if plugin is None:
        return 0
    given = credentials.get("propagation_s", "")
    return min(int(given), 600) if given else {Plugin.CLOUDFLARE: 10, Plugin.RFC2136: 60}[plugin]


def _ini(plugin: Plugin, credentials: Mapping[str, str]) -> str:
    lines = (
        f"dns_{plugin.value}_{name} = {value}\n"
        for name, value in credentials.items()
        if name != "propagation_s"
    )
    return "".join(lines)
