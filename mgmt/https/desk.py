"""What is asked of HTTPS, done: each call here is one that the page or the command line makes."""

from typing import Any

from ...core.errors import Conflict, HttpsManaged, Invalid, RateLimited
from ...core.event_types import EventType
from ...core.log import get_logger
from ..first_start import own_names
from ..house import House
from ..state_file import StateFile
from .ask import ask_worker
from .certbot import CaFailed, Certbot, check_credentials
from .domains import check_email, parse_domains
from .jobs import Job, Jobs
from .limits import is_public, note, refusal, set_of
from .models import (
    About,
    Attempt,
    CheckItem,
    Facts,
    HttpsState,
    Level,
    Order,
    Problem,
    Provider,
    WantCertificate,
    WantCheck,
    WantSettings,
    WantUpload,
    now_ms,
)
from .precheck import Precheck
from .shelf import Shelf
from .swap import go_live

log = get_logger(__name__)

REHEARSAL_GOOD_MS = 3_600_000
DAY_MS = 86_400_000
RENEW_BEFORE_MS = 30 * DAY_MS


class Desk:
    """One for a house. ``jobs.run`` must be running for what changes something."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.shelf = Shelf(house.data.ssl)
        self.jobs = Jobs()
        self.certbot = Certbot(house.settings, house.plan.runtime, house.supervisor.runtimes)
        self.precheck = Precheck(house)
        self._file = StateFile(house.folder, "https", HttpsState)
        self.state = self._file.read()
        self.certbot.sweep()

    def about(self) -> About:
        """Return what is known of the certificate that is served."""
        return self.shelf.about(self.shelf.current)

    def keep(self) -> None:
        self._file.write(self.state)

    def is_due(self, about: About, at_ms: int) -> bool:
        """A third of its life, and no more than 30 days, is left; ours is made early, too."""
        margin = min(RENEW_BEFORE_MS, about.facts.lifetime_ms // 3)
        return about.facts.not_after_ms - at_ms <= margin

    async def check(self, want: WantCheck) -> list[CheckItem]:
        """Return what would stop a request. Raises HttpsManaged, and Invalid for a wrong name."""
        self._check_managed()
        public = is_public(self.house.settings.acme_server)
        domains = parse_domains(want.domain, wildcards=want.dns is not None, public=public)
        items = await self.precheck(domains, by_dns=want.dns is not None)
        problem = refusal(self.state, self.house.settings.acme_server, domains, now_ms())
        if problem is not None:
            items.append(_as_item(problem))
        return items

    async def request(self, want: WantCertificate) -> None:
        """Ask the CA for a certificate and serve it. Raises in words what stops it."""
        self._check_managed()
        by_dns = want.dns is not None
        public = is_public(self.certbot.server(want.staging))
        domains = parse_domains(want.domain, wildcards=by_dns, public=public)
        if want.email is not None:
            self._set_email(check_email(want.email))
        order = await self._order(want, domains)
        steps = ("check", "rehearse", "issue", "install")

        async def work(job: Job) -> None:
            await self._request(job, want, order)

        await self.jobs.do("request", steps, work)

    async def renew(self, job: Job) -> None:
        """Have the same certificate again, and serve it; the renewal decides when."""
        about = self.about()
        if about.provider is Provider.SELF:
            await self._sign(job, about.facts.domains)
            return
        if about.provider is Provider.SSL or about.order is None:
            raise Conflict(
                "this certificate was uploaded, so only its owner can renew it",
                "Upload the new one, or let Streamstead ask Let's Encrypt.",
                key="certificate_uploaded",
            )
        try:
            facts = await self._issue(job, about.order)
        except CaFailed as exc:
            # What the CA says is best explained by looking at the same things.
            job.checks = await self.precheck(
                about.order.domains, by_dns=about.order.plugin is not None
            )
            self.tell_failure("renewal", about.order.domains, exc.problem)
            raise
        self._tell(EventType.CERTIFICATE_RENEWED, Provider.LETS, facts)

    async def upload(self, want: WantUpload) -> None:
        """Serve a certificate of the operator's own. Raises Invalid in words."""
        self._check_managed()

        async def work(job: Job) -> None:
            job.begin("check")
            found = await ask_worker("inspect", {"crt": want.crt, "key": want.key})
            facts = Facts.model_validate(found["facts"])
            job.say(f"{', '.join(facts.domains[:5])}, signed by {facts.issuer}")
            about = About(provider=Provider.SSL, facts=facts)
            await self._install(job, found["chain"], found["key"], about)
            self._tell(EventType.CERTIFICATE_ISSUED, Provider.SSL, facts)

        await self.jobs.do("upload", ("check", "install"), work)

    async def self_signed(self) -> None:
        """Serve a new certificate signed by ourselves."""
        self._check_managed()

        async def work(job: Job) -> None:
            await self._sign(job, own_names())

        await self.jobs.do("self_signed", ("issue", "install"), work)

    async def rollback(self) -> None:
        """Serve the one before again; this one is kept in its place."""
        self._check_managed()
        wanted = self.state.previous
        if wanted not in self.shelf.ids():
            raise Conflict(
                "there is no certificate before this one",
                "Upload one, or ask Let's Encrypt.",
                key="certificate_no_previous",
            )
        if self.shelf.about(wanted).facts.not_after_ms <= now_ms():
            raise Conflict(
                "the certificate before this one has expired",
                "Ask Let's Encrypt for a new one, or upload one.",
                key="certificate_expired",
            )

        async def work(job: Job) -> None:
            job.begin("install")
            before = self.shelf.current
            job.say(await go_live(self.house, self.shelf, wanted))
            self.state.previous = before
            self._settled()

        await self.jobs.do("rollback", ("install",), work)

    def update(self, want: WantSettings) -> None:
        self._check_managed()
        if want.email is not None:
            self._set_email(check_email(want.email))
        if want.auto_renew is not None:
            self.state.auto_renew = want.auto_renew
        self.keep()

    async def _request(self, job: Job, want: WantCertificate, order: Order) -> None:
        live = self.about()
        again = not want.force and not want.dry_run and _same(live.order, order)
        if again and not self.is_due(live, now_ms()):
            job.skip("check", "the certificate that is served is for these domains already")
            return
        job.begin("check")
        if not want.dry_run:
            self._check_limits(order)
        job.checks = await self.precheck(order.domains, by_dns=order.plugin is not None)
        bad = next((item for item in job.checks if item.level is Level.FAIL), None)
        if bad is not None and not want.force:
            raise Invalid(bad.message, bad.help, key=bad.key)
        job.say("nothing stands against it" if bad is None else f"{bad.message} (forced)")
        try:
            await self._rehearse(job, want, order)
            if want.dry_run:
                job.skip("issue", "a dry run keeps nothing")
                job.skip("install", "")
                return
            facts = await self._issue(job, order)
        except CaFailed as exc:
            self.tell_failure("request", order.domains, exc.problem)
            raise
        self._tell(EventType.CERTIFICATE_ISSUED, Provider.LETS, facts)

    async def _rehearse(self, job: Job, want: WantCertificate, order: Order) -> None:
        if order.staging:
            job.skip("rehearse", "the test server itself is asked")
            return
        what = f"{order.plugin or 'http'} {set_of(order.domains)}"
        good_at = self.state.rehearsed.get(what, 0)
        if not want.dry_run and now_ms() - good_at < REHEARSAL_GOOD_MS:
            job.skip("rehearse", "it went well a short time ago")
            return
        job.begin("rehearse")
        await self.certbot.rehearse(order, self.state.email, await self._credentials(order))
        self.state.rehearsed = {what: now_ms()}
        self.keep()
        job.say("the CA's test server agrees")

    async def _issue(self, job: Job, order: Order) -> Facts:
        self._check_limits(order)
        job.begin("issue")
        server = self.certbot.server(order.staging)
        credentials = await self._credentials(order)
        try:
            issued = await self.certbot.issue(order, self.state.email, credentials)
        except CaFailed as exc:
            if exc.reached_ca:
                self._note(order, server, False, exc.problem.retry_ms)
            raise
        self._note(order, server, True, None)
        found = await ask_worker("inspect", {"crt": issued.chain, "key": issued.key})
        facts = Facts.model_validate(found["facts"])
        job.say(f"{facts.issuer} gave a certificate for {facts.days_left(now_ms())} days")
        about = About(provider=Provider.LETS, facts=facts, order=order)
        await self._install(job, found["chain"], found["key"], about)
        return facts

    async def _sign(self, job: Job, names: tuple[str, ...]) -> None:
        job.begin("issue")
        found = await ask_worker("self-sign", {"names": list(names)})
        facts = Facts.model_validate(found["facts"])
        job.say(f"signed by ourselves for {', '.join(names)}")
        about = About(provider=Provider.SELF, facts=facts)
        await self._install(job, found["chain"], found["key"], about)

    async def _install(self, job: Job, chain: str, key: str, about: About) -> None:
        job.begin("install")
        before = self.shelf.current
        id_ = self.shelf.put(chain, key, about)
        try:
            job.say(await go_live(self.house, self.shelf, id_))
        except BaseException:
            self.shelf.keep_only({before, self.state.previous})
            raise
        self.state.previous = before
        self._settled()
        log.info("certificate.served", domains=about.facts.domains, provider=about.provider.value)

    def _settled(self) -> None:
        """Something else is served: what was said about the one before counts no more."""
        self.state.last_error = None
        self.state.failures = 0
        self.state.next_at_ms = None
        self.keep()
        self.shelf.keep_only({self.shelf.current, self.state.previous})

    async def _order(self, want: WantCertificate, domains: tuple[str, ...]) -> Order:
        if want.dns is None:
            return Order(domains=domains, staging=want.staging)
        sealed = ""
        if want.dns.credentials:
            payload = {
                "master_key": str(self.house.data.master_key),
                "credentials": check_credentials(want.dns.plugin, want.dns.credentials),
            }
            sealed = await ask_worker("seal", payload)
        else:
            known = self.about().order
            if known is not None and known.plugin is want.dns.plugin:
                sealed = known.credentials
            else:
                check_credentials(want.dns.plugin, {})
        return Order(
            domains=domains, staging=want.staging, plugin=want.dns.plugin, credentials=sealed
        )

    async def _credentials(self, order: Order) -> dict[str, str]:
        if order.plugin is None:
            return {}
        payload = {"master_key": str(self.house.data.master_key), "sealed": order.credentials}
        found: dict[str, str] = await ask_worker("unseal", payload)
        return found

    def _set_email(self, email: str) -> None:
        if email != self.state.email:
            # The CA knows the account by the old one.
            self.certbot.forget_account(staging=False)
            self.certbot.forget_account(staging=True)
            self.state.email = email
            self.keep()

    def _check_limits(self, order: Order) -> None:
        problem = refusal(self.state, self.certbot.server(order.staging), order.domains, now_ms())
        if problem is not None:
            assert problem.retry_ms is not None
            wait_s = max(1, (problem.retry_ms - now_ms()) // 1000)
            raise RateLimited(problem.message, problem.help, retry_after_s=wait_s)

    def _note(self, order: Order, server: str, ok: bool, retry_ms: int | None) -> None:
        attempt = Attempt(at_ms=now_ms(), server=server, domains=order.domains, ok=ok)
        note(self.state, attempt, retry_ms)
        self.keep()

    def _check_managed(self) -> None:
        if self.house.settings.https_managed:
            raise HttpsManaged(
                "the certificate of this machine is managed by another program (a hosting panel)",
                "Change it there. To have Streamstead do it, remove SRS_HTTPS=off and "
                "STREAMSTEAD_HTTPS_MANAGED from config/.env and restart.",
            )

    def _tell(self, type_: EventType, provider: Provider, facts: Facts) -> None:
        data = {
            "provider": provider.value,
            "domain": facts.domains[0],
            "domains": list(facts.domains),
            "not_after_ms": facts.not_after_ms,
            "days_left": facts.days_left(now_ms()),
        }
        self.house.events.tell(type_, data, f"{type_.value}:{facts.fingerprint[:16]}")

    def tell_failure(self, kind: str, domains: tuple[str, ...], problem: Problem) -> None:
        about = self.about()
        data: dict[str, Any] = {
            "kind": kind,
            "provider": about.provider.value,
            "domain": domains[0],
            "domains": list(domains),
            "key": problem.key,
            "message": problem.message,
            "help": problem.help,
            "not_after_ms": about.facts.not_after_ms,
            "days_left": about.facts.days_left(now_ms()),
        }
        self.house.events.tell(EventType.CERTIFICATE_FAILED, data)


def _same(known: Order | None, wanted: Order) -> bool:
    return (
        known is not None
        and set(known.domains) == set(wanted.domains)
        and known.staging == wanted.staging
        and known.plugin == wanted.plugin
    )


def _as_item(problem: Problem) -> CheckItem:
    return CheckItem(
        id="limits",
        level=Level.FAIL,
        key=problem.key,
        message=problem.message,
        help=problem.help,
    )
