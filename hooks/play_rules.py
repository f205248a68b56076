"""Routes of who may watch: the rule of a stream, and the default for all others.

With the app ``vod`` all of it is about a recording. Who watches one is cut by the recorder, which
looks at the rules every second.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Reply
from ..core.auth import SignedIn
from ..core.errors import Invalid
from ..core.log import get_logger
from ..core.names import VOD_APP
from ..core.outbound import check_url
from ..core.play_rules import DEFAULT, PlayKind
from ..core.play_rules import PlayRule as StoredRule
from .evict import now_or_soon
from .fields import MaybeWatchedBody
from .services import Services, ServicesDep
from .unlock import MAX_PHRASE

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/play/rule", tags=["play rules"])

MIN_PHRASE = 6


class RuleChoice(StrEnum):
    """``inherit``: the default rule holds for this stream."""

    PUBLIC = "public"
    PASS = "pass"  # noqa: S105
    WEBHOOK = "webhook"
    INHERIT = "inherit"


class PlayRule(BaseModel):
    """Who may watch. ``inherited``: it is the default, this stream has none of its own."""

    kind: PlayKind
    inherited: bool
    generation: int
    passphrase_set: bool
    webhook_url: str
    webhook_secret_set: bool
    allow_private: bool


class UpdateRule(MaybeWatchedBody):
    """Neither app nor stream: the default rule. What is absent stays as it is; an empty passphrase
    or webhook secret is removed."""

    kind: RuleChoice
    passphrase: Annotated[str, Field(max_length=MAX_PHRASE)] | None = None
    webhook_url: Annotated[str, Field(max_length=2048)] | None = None
    webhook_secret: Annotated[str, Field(max_length=256)] | None = None
    allow_private: bool | None = None


@router.post("/query")
async def query(body: MaybeWatchedBody, services: ServicesDep, _: SignedIn) -> Reply[PlayRule]:
    """Return the rule that holds for a stream, or the default."""
    return Reply(data=await _shown(services, body.url() or DEFAULT))


@router.post("/update")
async def update(body: UpdateRule, services: ServicesDep, _: SignedIn) -> Reply[PlayRule]:
    """Change a rule; viewers who may not watch any more are disconnected."""
    stream_url = body.url()
    url = stream_url or DEFAULT
    if body.kind is RuleChoice.INHERIT:
        if stream_url is None:
            raise Invalid("the default rule has nothing to inherit from", "Choose another kind.")
        await services.play_rules.inherit(url)
    else:
        await _replace(body, services, url)
    await now_or_soon(services.enforcer.viewers(stream_url))
    log.warning("play_rule.changed", stream=url, kind=body.kind.value)
    return Reply(data=await _shown(services, url))


async def _replace(body: UpdateRule, services: Services, url: str) -> None:
    kind = PlayKind(body.kind.value)
    if body.passphrase and len(body.passphrase) < MIN_PHRASE:
        raise Invalid(
            f"the passphrase is shorter than {MIN_PHRASE} characters",
            "Choose a longer one; three words are good.",
            key="passphrase_too_short",
        )
    if body.webhook_url:
        _check_url(body.webhook_url)
    hashed = await services.unlocker.hash(body.passphrase) if body.passphrase else ""

    def edit(before: StoredRule) -> StoredRule:
        after = replace(before, kind=kind)
        if body.passphrase is not None:
            after = replace(after, phrase_hash=hashed)
        if body.webhook_url is not None:
            after = replace(after, webhook_url=body.webhook_url)
        if body.webhook_secret is not None:
            sealed = services.sealer.seal(body.webhook_secret) if body.webhook_secret else ""
            after = replace(after, webhook_secret=sealed)
        if body.allow_private is not None:
            after = replace(after, allow_private=body.allow_private)
        if after.kind is PlayKind.WEBHOOK and not after.webhook_url:
            raise Invalid(
                "a webhook rule needs the address of your server",
                "Send webhook_url.",
                key="webhook_url_missing",
            )
        return after

    if body.app is not None and body.stream is not None and body.app != VOD_APP:
        await services.known_streams.ensure(body.app, body.stream, services.clock())
    await services.play_rules.change(url, edit)


def _check_url(url: str) -> None:
    try:
        check_url(url, allow_private=True)  # where it leads is looked at when it is asked
    except Invalid as exc:
        raise Invalid(
            exc.message,
            "Write it like https://example.com/may-watch.",
            key="webhook_url_invalid",
        ) from None


async def _shown(services: Services, url: str) -> PlayRule:
    rule, inherited = await services.play_rules.get(url)
    return PlayRule(
        kind=rule.kind,
        inherited=inherited,
        generation=rule.generation,
        passphrase_set=rule.phrase_hash != "",
        webhook_url=rule.webhook_url,
        webhook_secret_set=rule.webhook_secret != "",
        allow_private=rule.allow_private,
    )
