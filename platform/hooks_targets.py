"""Routes of webhook targets: list, create, change, rotate, remove, test; and Oryx's calls."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Forbidden, Invalid, NotFound
from ..core.events import EventType
from ..core.hook_queue import Health
from ..core.hook_targets import DEFAULT_ID, Fallback, HookTarget, new_target_id
from ..core.log import get_logger
from ..core.outbound import MAX_URL, check_url, origin_of
from .hooks_deliveries import Delivery, show_delivery
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/mgmt/hooks", tags=["webhooks"])

TYPES = [type_.value for type_ in EventType]
ORYX_TYPES = (
    EventType.STREAM_PUBLISHED.value,
    EventType.STREAM_UNPUBLISHED.value,
    EventType.RECORDING_STARTED.value,
    EventType.RECORDING_FINISHED.value,
    EventType.RECORDING_FAILED.value,
)
"""Everything that Oryx itself would tell."""

TargetId = Annotated[str, Field(min_length=1, max_length=40)]
Label = Annotated[str, Field(max_length=100)]
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL)]
Types = Annotated[list[EventType], Field(max_length=100)]
Short = Annotated[str, Field(max_length=1000)]


class Target(BaseModel):
    """A server that is told of events. ``dropped`` counts what its full queue lost;
    ``last_error`` is null since the last success."""

    id: str
    label: str
    url: str
    types: list[str]
    enabled: bool
    allow_private: bool
    blocking: bool
    fallback: Fallback
    created_ms: int
    pending: int
    dropped: int
    last_ok_ms: int | None
    last_error: str | None


class Targets(BaseModel):
    """``types``: every type of event that may be chosen."""

    targets: list[Target]
    types: list[str]


class TargetAndSecret(BaseModel):
    """``secret`` signs the messages and is shown this once."""

    target: Target
    secret: str


class CreateTarget(Body):
    label: Label
    url: Url
    types: Types
    allow_private: bool = False
    blocking: bool = False
    fallback: Fallback = Fallback.REFUSE


class UpdateTarget(Body):
    id: TargetId
    label: Label | None = None
    url: Url | None = None
    types: Types | None = None
    enabled: bool | None = None
    allow_private: bool | None = None
    blocking: bool | None = None
    fallback: Fallback | None = None


class TargetRequest(Body):
    id: TargetId


class OryxHooks(BaseModel):
    """The target "default" as Oryx shows it; ``req`` and ``res`` are its last exchange."""

    req: str
    res: str
    target: str
    opaque: str
    all: bool
    host: str


class OryxQuery(Body):
    all: bool | None = None


class OryxApply(Body):
    """``allow_private`` is ours: Oryx never asks where a target is."""

    target: Annotated[str, Field(max_length=MAX_URL)]
    opaque: Short = ""
    all: bool
    host: Short | None = None
    allow_private: bool | None = None


class ExampleRequest(BaseModel):
    """Any message of ours."""

    model_config = ConfigDict(extra="ignore")

    action: str = ""
    opaque: str = ""


def show_target(target: HookTarget, health: Health) -> Target:
    return Target(
        id=target.id,
        label=target.label,
        url=target.url,
        types=list(target.types),
        enabled=target.enabled,
        allow_private=target.allow_private,
        blocking=target.blocking,
        fallback=target.fallback,
        created_ms=target.created_ms,
        pending=health.pending,
        dropped=health.dropped,
        last_ok_ms=health.last_ok_ms,
        last_error=health.last_error,
    )


async def _shown(services: Services, target: HookTarget) -> Target:
    return show_target(target, (await services.hook_queue.health([target.id]))[target.id])


def _check(target: HookTarget) -> HookTarget:
    """Raises Invalid for what cannot work."""
    if target.blocking and EventType.STREAM_PUBLISHED not in target.types:
        raise Invalid(
            f"a blocking target must want {EventType.STREAM_PUBLISHED}",
            "Choose that event too: it is the one that the target decides.",
            key="blocking_without_publish",
        )
    if target.url == "" and target.id == DEFAULT_ID and not target.enabled:
        return target
    return replace(target, url=check_url(target.url, allow_private=target.allow_private))


def _distinct(types: list[EventType]) -> tuple[str, ...]:
    return tuple(type_ for type_ in TYPES if type_ in types)


@router.post("/targets/list")
async def list_targets(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[Targets]:
    """List the servers that are told of events."""
    targets = await services.hook_targets.all()
    health = await services.hook_queue.health([target.id for target in targets])
    shown = [show_target(target, health[target.id]) for target in targets]
    return Reply(data=Targets(targets=shown, types=TYPES))


@router.post("/targets/create")
async def create_target(
    body: CreateTarget, services: ServicesDep, _: SignedIn
) -> Reply[TargetAndSecret]:
    """Add a server to tell; the secret in the answer is shown only now.

    Each message is a POST of JSON with the headers ``Streamstead-Event`` (its type),
    ``Streamstead-Delivery`` (the same for every try, so that a receiver can skip what it knows) and
    ``Streamstead-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>" by the secret>``.
    It counts as delivered with a status of 2xx, unless the body is a JSON object whose ``code`` is
    not 0; otherwise it is tried again for 24 h. A blocking target is also asked before somebody
    publishes (``publish.asked``): it says yes by 2xx with an empty body, ``0`` or ``{"code": 0}``.
    """
    target = _check(
        HookTarget(
            id=new_target_id(),
            label=body.label,
            url=body.url,
            types=_distinct(body.types),
            created_ms=services.clock(),
            allow_private=body.allow_private,
            blocking=body.blocking,
            fallback=body.fallback,
        )
    )
    secret = await services.hook_targets.create(target)
    log.info("webhook.target_created", target=target.id, server=origin_of(target.url))
    return Reply(data=TargetAndSecret(target=await _shown(services, target), secret=secret))


@router.post("/targets/update")
async def update_target(body: UpdateTarget, services: ServicesDep, _: SignedIn) -> Reply[Target]:
    """Change what is given; the rest stays."""
    given = body.model_dump(exclude={"id", "token", "types"}, exclude_none=True)
    if body.types is not None:
        given["types"] = _distinct(body.types)
    target = await services.hook_targets.change(body.id, lambda it: _check(replace(it, **given)))
    services.hook_worker.wake()
    return Reply(data=await _shown(services, target))


@router.post("/targets/rotate")
async def rotate_target(
    body: TargetRequest, services: ServicesDep, _: SignedIn
) -> Reply[TargetAndSecret]:
    """Make a new secret; from now on messages are signed with it, waiting ones too."""
    target, secret = await services.hook_targets.rotate(body.id)
    log.info("webhook.secret_rotated", target=target.id)
    return Reply(data=TargetAndSecret(target=await _shown(services, target), secret=secret))


@router.post("/targets/remove")
async def remove_target(body: TargetRequest, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Forget a server, what waits for it and its log."""
    await services.hook_targets.remove(body.id)
    log.info("webhook.target_removed", target=body.id)
    return Reply(data=None)


@router.post("/targets/test")
async def try_target(body: TargetRequest, services: ServicesDep, _: SignedIn) -> Reply[Delivery]:
    """Send a message of the type ``webhook.test`` now and tell what came back."""
    target = await services.hook_targets.get(body.id)
    return Reply(data=show_delivery(await services.hook_worker.test(target)))


@router.post("/query")
async def query(
    services: ServicesDep, _who: SignedIn, _: OryxQuery | None = None
) -> Reply[OryxHooks]:
    """Tell the target "default" as Oryx does."""
    fields = await services.hook_targets.oryx()
    return Reply(
        data=OryxHooks(
            req=fields.get("req", ""),
            res=fields.get("res", ""),
            target=fields.get("target", ""),
            opaque=fields.get("opaque", ""),
            all=fields.get("all") == "true",
            host=fields.get("host", ""),
        )
    )


@router.post("/apply")
async def apply(
    body: OryxApply, request: Request, services: ServicesDep, _: SignedIn
) -> Reply[None]:
    """Set the target "default" as Oryx does: told of every publish and unpublish while ``all``."""
    scheme = request.headers.get("x-forwarded-proto") or request.url.scheme
    host = body.host or f"{scheme}://{request.headers.get('host', '')}"

    def edit(target: HookTarget) -> HookTarget:
        private = target.allow_private if body.allow_private is None else body.allow_private
        return _check(
            replace(
                target,
                url=body.target,
                enabled=body.all and body.target != "",
                opaque=body.opaque,
                host=host,
                allow_private=private,
            )
        )

    try:
        await services.hook_targets.change(DEFAULT_ID, edit)
    except NotFound:
        fresh = HookTarget(
            id=DEFAULT_ID, label="Oryx", url="", types=ORYX_TYPES, created_ms=services.clock()
        )
        await services.hook_targets.create(edit(fresh))
    services.hook_worker.wake()
    return Reply(data=None)


@router.post("/example")
async def example(
    _: ExampleRequest,
    fail: Annotated[str, Query(max_length=10, description="true or 1: answer an error")] = "",
) -> Reply[None]:
    """A target to try things with: takes any message, without a session. With ``fail`` it says no,
    as a server does that refuses a publisher."""
    if fail in ("true", "1"):
        raise Forbidden("this failure was asked for", "Leave out fail=true.", key="example_failed")
    return Reply(data=None)
