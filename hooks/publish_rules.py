"""Routes of what holds for every publisher."""

from fastapi import APIRouter

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.log import get_logger
from ..core.publish_rules import BlockSeconds, Count, Kbps, PublishRules
from .evict import now_or_soon
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/publish/rules", tags=["publish rules"])


class UpdatePublishRules(Body):
    """What is absent stays as it is; fields as in PublishRules."""

    no_auth: bool | None = None
    known_only: bool | None = None
    secret_in_name: bool | None = None
    max_streams: Count | None = None
    max_kbps: Kbps | None = None
    max_attempts: Count | None = None
    kick_block_s: BlockSeconds | None = None


@router.post("/query")
async def query(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[PublishRules]:
    """Return the switches and limits of publishing."""
    return Reply(data=await services.publish_rules.get())


@router.post("/update")
async def update(
    body: UpdatePublishRules, services: ServicesDep, _: SignedIn
) -> Reply[PublishRules]:
    """Change some of them. ``known_only`` switched on ends streams that are not known; whoever else
    is live goes on."""
    changes = body.model_dump(exclude={"token"}, exclude_none=True)
    had = await services.publish_rules.get()
    rules = await services.publish_rules.update(changes)
    services.enforcer.look_at_limits()
    if rules.known_only and not had.known_only:
        await now_or_soon(services.enforcer.publishers(reason="known_only"))
    log.warning("publish_rules.changed", **changes)
    return Reply(data=rules)
