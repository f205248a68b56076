"""Routes of alerts: what is wrong now and was, and the rules by which that is judged."""

from fastapi import APIRouter

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import ServicesDep
from .models import Alert, AlertRequest, AlertRule, AlertRules, Alerts, UpdateAlertRule

router = APIRouter(prefix=f"{API}/mgmt/alerts", tags=["alerts"])


@router.post("/list")
async def list_alerts(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[Alerts]:
    """List what is wrong now, and what was."""
    alerts = services.monitor.alerts
    return Reply(data=Alerts(alerts=alerts.listed(), history=alerts.history()))


@router.post("/ack")
async def acknowledge(body: AlertRequest, services: ServicesDep, _: SignedIn) -> Reply[Alert]:
    """Note that somebody knows: it goes on, and nobody is told of it again."""
    return Reply(data=await services.monitor.alerts.acknowledge(body.id))


@router.post("/rules/list")
async def list_rules(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[AlertRules]:
    """List the rules."""
    return Reply(data=AlertRules(rules=services.monitor.alerts.rules_shown()))


@router.post("/rules/update")
async def update_rule(
    body: UpdateAlertRule, services: ServicesDep, _: SignedIn
) -> Reply[AlertRule]:
    """Change one rule."""
    changes = body.model_dump(exclude={"token", "rule", "reset"}, exclude_none=True)
    rule = await services.monitor.alerts.update_rule(body.rule, changes, body.reset)
    return Reply(data=rule)
