"""Say why a link would be let in or not, without letting anybody in."""

from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ..core.app import API, Reply
from ..core.auth import SignedIn
from ..core.epoch import StoreState
from ..core.errors import Invalid, PlayRefused, StreamsteadError
from ..core.names import VOD_APP, check_watched
from ..core.play_rules import PlayKind, PlayRule, judge, store_emptied
from ..core.registry import Protocol
from .fields import MaybeWatchedBody
from .gate import PlayRequest
from .link import MAX_LINK, Link, Way, is_link, read_link
from .ruling import ruling_url
from .services import Services, ServicesDep, client_address

router = APIRouter(prefix=f"{API}/hooks/play", tags=["play rules"])

_PLAYBACK = "s"
_PASS_STEPS = (
    ("pass_given", "the link carries a pass", {"pass_missing"}),
    ("pass_genuine", "the pass is one of ours", {"pass_malformed", "pass_tampered"}),
    ("pass_stream", "the pass is for this stream", {"pass_other_stream"}),
    ("pass_time", "the pass has not expired", {"pass_expired"}),
    ("pass_counts", "the pass still counts", {"pass_unknown", "pass_revoked", "phrase_changed"}),
    ("pass_free", "not too many viewers use the pass", {"pass_in_use"}),
)
_PROTOCOLS = {
    Way.FLV: Protocol.FLV,
    Way.WEBRTC: Protocol.WEBRTC,
    Way.RTMP: Protocol.RTMP,
    Way.SRT: Protocol.SRT,
}


class TestPlay(MaybeWatchedBody):
    """A whole link (of any protocol or a watch page), or app and stream with a pass or none."""

    link: Annotated[str, Field(min_length=1, max_length=MAX_LINK)] | None = None
    pass_: Annotated[str | None, Field(alias="pass", max_length=MAX_LINK)] = None


class Step(BaseModel):
    """One thing that was looked at, in the order of the decision."""

    name: str
    ok: bool
    detail: str


class PlayTest(BaseModel):
    """``key``, ``message`` and ``help`` as the refusal would have them; empty when let in. ``url``
    is the stream that the link leads to, ``kind`` what its rule is."""

    allowed: bool
    key: str
    message: str
    help: str
    kind: PlayKind | None
    url: str | None
    steps: list[Step]


@dataclass
class _Test:
    steps: list[Step] = field(default_factory=list)
    kind: PlayKind | None = None
    url: str | None = None

    def good(self, name: str, detail: str) -> None:
        self.steps.append(Step(name=name, ok=True, detail=detail))

    def bad(self, name: str, error: StreamsteadError) -> StreamsteadError:
        self.steps.append(Step(name=name, ok=False, detail=error.message))
        return error


@router.post("/test")
async def test(
    body: TestPlay, request: Request, services: ServicesDep, _: SignedIn
) -> Reply[PlayTest]:
    """Decide about a link as the doors would, step by step.

    Nothing is registered and no use is counted. A webhook is asked, because its answer is the
    decision. Blocks of single addresses and publishing itself are not part of it.
    """
    run = _Test()
    refusal: StreamsteadError | None = None
    try:
        link = await _find(run, body, services)
        await _decide(run, link, services, client_address(request))
    except StreamsteadError as exc:
        if not run.steps or run.steps[-1].ok:
            raise  # not a decision: the request itself is wrong
        refusal = exc
    return Reply(
        data=PlayTest(
            allowed=refusal is None,
            key=refusal.key if refusal else "",
            message=refusal.message if refusal else "",
            help=refusal.help if refusal else "",
            kind=run.kind,
            url=run.url,
            steps=run.steps,
        )
    )


async def _find(run: _Test, body: TestPlay, services: Services) -> Link:
    """Return the link with the stream it really leads to."""
    given = body.link or body.pass_ or ""
    if is_link(given):
        try:
            link = read_link(given)
        except Invalid as exc:
            raise run.bad("link", exc) from None
        run.good("link", f"an address of {link.way.value}")
    else:
        url = body.url()
        if url is None or body.app is None or body.stream is None:
            raise Invalid("there is no link and no stream", "Send a link, or app and stream.")
        link = Link(Way.HLS, body.app, body.stream, given)
    if link.app == _PLAYBACK:
        link = await _resolve(run, link, services)
    run.url = f"{link.app}/{link.stream}"
    if link.app == VOD_APP:
        try:
            check_watched(link.app, link.stream)
        except Invalid as exc:
            raise run.bad("stream", exc) from None
        run.good("stream", "it is a recording")
        return link
    known = await services.known_streams.find(run.url)
    what = "is known" if known else "is not one of the known streams"
    run.good("stream", f"{run.url} {what}{'' if known is None or known.enabled else ', but off'}")
    return link


async def _resolve(run: _Test, link: Link, services: Services) -> Link:
    if link.way in (Way.RTMP, Way.SRT):
        error = Invalid(
            "playback ids work over HTTP only", "Use the .m3u8 or .flv address.", key="no_such_door"
        )
        raise run.bad("stream", error)
    url = await services.known_streams.url_of(link.stream)
    if url is None:
        error = Invalid(
            "no stream has this playback id", "Ask for a new link.", key="playback_id_unknown"
        )
        raise run.bad("stream", error)
    app, _, stream = url.partition("/")
    return replace(link, app=app, stream=stream)


async def _decide(run: _Test, link: Link, services: Services, address: str) -> None:
    """Raise what would refuse the viewer."""
    asked = f"{link.app}/{link.stream}"
    try:
        url = await ruling_url(services.registry, services.play_rules, asked)
        rule, inherited = await services.play_rules.get(url)
        if await services.epoch.look() is StoreState.EMPTIED:
            raise store_emptied()
    except StreamsteadError as exc:
        raise run.bad("store", exc) from None
    run.kind = rule.kind
    run.good("rule", f"{rule.kind.value}{_where_from(link, inherited)}")
    if link.way is Way.SEGMENT:
        raise run.bad("session", PlayRefused.of("segment_without_session"))
    if link.way is Way.SESSION:
        _check_session(run, link, services)
    elif rule.kind is PlayKind.PASS:
        await _check_pass(run, rule, link.token, url, services)
    elif rule.kind is PlayKind.WEBHOOK:
        await _ask(run, rule, link, services, address)
    if link.app == VOD_APP:
        return
    live = await services.registry.publisher(asked) is not None
    detail = "it is live" if live else "it is not live now; this decides nothing"
    run.steps.append(Step(name="live", ok=live, detail=detail))


def _where_from(link: Link, inherited: bool) -> str:
    if not inherited:
        return ""
    return ", as every recording without a rule" if link.app == VOD_APP else ", the default rule"


def _check_session(run: _Test, link: Link, services: Services) -> None:
    recorded = link.app == VOD_APP
    if not (
        services.vod_gates.is_open(link.stream, link.sid)
        if recorded
        else services.gates.is_open(link.app, link.stream, link.sid)
    ):
        error = PlayRefused(
            "this address belonged to one viewing session, which is over",
            "Open the address that was shared, not one that a player has shown.",
            key="session_over",
        )
        raise run.bad("session", error)
    run.good("session", "its viewing session is open")


async def _check_pass(run: _Test, rule: PlayRule, token: str, url: str, services: Services) -> None:
    fault = await _pass_fault(rule, token, url, services)
    for name, detail, keys in _PASS_STEPS:
        if fault in keys:
            raise run.bad(name, PlayRefused.of(fault))
        run.good(name, detail)


async def _pass_fault(rule: PlayRule, token: str, url: str, services: Services) -> str:
    """Return the key of the refusal, "" for none; the order is that of the gate."""
    now_ms = services.clock()
    pass_id = ""
    if token:
        try:
            pass_id = services.pass_signer.read(token, url, now_ms)
        except PlayRefused as exc:
            return exc.key
    found = await services.passes.get(pass_id)
    why = judge(rule, pass_id, {} if found is None else {pass_id: found}, url, now_ms)
    if why is None and found is not None and found.max_viewers:
        using = await services.viewer_list.using(pass_id)
        return "pass_in_use" if using >= found.max_viewers else ""
    return why or ""


async def _ask(run: _Test, rule: PlayRule, link: Link, services: Services, address: str) -> None:
    request = PlayRequest(
        app=link.app,
        stream=link.stream,
        protocol=_PROTOCOLS.get(link.way, Protocol.HLS),
        ip=address,
        pass_token=link.token,
        query=link.query,
        check_only=True,
    )
    try:
        await services.asker.may_play(rule, request)
    except PlayRefused as exc:
        raise run.bad("webhook", exc) from None
    run.good("webhook", "your server says yes")
