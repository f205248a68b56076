"""Routes of notification targets: who is told of alerts."""

from fastapi import APIRouter

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.log import get_logger
from ..services import Services, ServicesDep
from . import notify_kinds
from .models import (
    CreateNotifyTarget,
    NotifyField,
    NotifyKindFields,
    NotifyLast,
    NotifyRequest,
    NotifyTarget,
    NotifyTargets,
    NotifyTested,
    UpdateNotifyTarget,
)
from .notify_store import Target
from .rules import LEVELS

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/mgmt/notify", tags=["alerts"])

_KINDS = [
    NotifyKindFields(
        kind=kind,
        fields=[
            NotifyField(
                name=one.name, secret=one.secret, required=one.required, default=one.default
            )
            for one in fields
        ],
    )
    for kind, fields in notify_kinds.KINDS.items()
]


def _shown(services: Services, target: Target) -> NotifyTarget:
    notifier = services.monitor.alerts.notifier
    fields = notifier.store.fields(target)
    last = notifier.last(target.id)
    return NotifyTarget(
        id=target.id,
        label=target.label,
        kind=target.kind,
        hint=notify_kinds.hint(target.kind, fields),
        fields=notify_kinds.shown(target.kind, fields),
        levels=list(target.levels),
        language=target.language,
        enabled=target.enabled,
        waiting=notifier.waiting(target.id),
        last=NotifyLast(at_ms=last.at_ms, ok=last.ok, error=last.error) if last else None,
    )


@router.post("/list")
async def list_targets(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[NotifyTargets]:
    """List who is told, and what the kinds of targets need to know."""
    targets = services.monitor.alerts.notifier.store.targets.values()
    return Reply(
        data=NotifyTargets(targets=[_shown(services, one) for one in targets], kinds=_KINDS)
    )


@router.post("/create")
async def create_target(
    body: CreateNotifyTarget, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTarget]:
    """Add somebody to tell. Fields with a secret in them are kept under seal.

    A webhook gets a POST of JSON, signed like those of events (``Streamstead-Signature``):
    ``{"type": "alerts", "house", "title", "alerts": [{"id", "rule", "subject", "level", "state",
    "text", "help", "since_ms", "at_ms"}]}``, with ``state`` firing or cleared. Several alerts at
    once come as one message. Texts are in the language of the target.
    """
    fields = notify_kinds.cleaned(body.kind, body.fields)
    levels = [level for level in LEVELS if level in body.levels]
    target = await services.monitor.alerts.notifier.store.create(
        body.label, body.kind, fields, levels, body.enabled, services.clock(), body.language
    )
    log.info("notify.target_created", target=target.id, kind=target.kind)
    return Reply(data=_shown(services, target))


@router.post("/update")
async def update_target(
    body: UpdateNotifyTarget, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTarget]:
    """Change what is given; the rest stays."""
    notifier = services.monitor.alerts.notifier
    target = notifier.store.get(body.id)
    fields = None
    if body.fields is not None:
        # A secret that is sent empty is one that nobody typed again.
        secret = {one.name for one in notify_kinds.KINDS[target.kind] if one.secret}
        given = {k: v for k, v in body.fields.items() if v or k not in secret}
        fields = notify_kinds.cleaned(target.kind, notifier.store.fields(target) | given)
    changes = body.model_dump(exclude={"token", "id", "fields", "levels"}, exclude_none=True)
    if body.levels is not None:
        changes["levels"] = tuple(level for level in LEVELS if level in body.levels)
    target = await notifier.store.change(body.id, fields, **changes)
    notifier.retry(body.id)
    return Reply(data=_shown(services, target))


@router.post("/remove")
async def remove_target(body: NotifyRequest, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Forget a target, and what waits for it."""
    notifier = services.monitor.alerts.notifier
    await notifier.store.remove(body.id)
    notifier.forget(body.id)
    log.info("notify.target_removed", target=body.id)
    return Reply(data=None)


@router.post("/test")
async def try_target(
    body: NotifyRequest, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTested]:
    """Send a test message now and tell what the other side answered."""
    notifier = services.monitor.alerts.notifier
    ok, error = await notifier.test(notifier.store.get(body.id))
    return Reply(data=NotifyTested(ok=ok, message=error or "It was taken."))
