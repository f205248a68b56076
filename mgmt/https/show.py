"""The certificate as people may see it."""

from typing import Any

from .desk import Desk
from .models import About, now_ms


def show(desk: Desk) -> dict[str, Any]:
    """Return everything but the key."""
    about = desk.about()
    facts, job = about.facts, desk.jobs.last
    domains = list(about.order.domains if about.order else facts.domains)
    return {
        "provider": about.provider.value,
        "domain": domains[0],
        "domains": domains,
        "crt": desk.shelf.chain(desk.shelf.current),
        "issuer": facts.issuer,
        "not_before_ms": facts.not_before_ms,
        "not_after_ms": facts.not_after_ms,
        "days_left": facts.days_left(now_ms()),
        "key_type": facts.key_type,
        "serial": facts.serial,
        "trusted": facts.trusted,
        "port": desk.house.plan.doors.https,
        "managed": desk.house.settings.https_managed,
        "renewal": _renewal(desk, about),
        "previous": _previous(desk),
        "job": job.model_dump(mode="json") if job else None,
    }


def _renewal(desk: Desk, about: About) -> dict[str, Any]:
    state, order = desk.state, about.order
    plugin = order.plugin.value if order and order.plugin else None
    return {
        "auto": state.auto_renew,
        "email": state.email,
        "challenge": "dns" if plugin else "http",
        "plugin": plugin,
        "staging": bool(order and order.staging),
        "next_at_ms": state.next_at_ms,
        "last_at_ms": state.last_at_ms,
        "last_ok": state.last_ok,
        "last_error": state.last_error.model_dump(mode="json") if state.last_error else None,
    }


def _previous(desk: Desk) -> dict[str, Any] | None:
    try:
        about = desk.shelf.about(desk.state.previous) if desk.state.previous else None
    except (OSError, ValueError):
        return None
    if about is None:
        return None
    return {
        "provider": about.provider.value,
        "domains": list(about.facts.domains),
        "not_after_ms": about.facts.not_after_ms,
    }
