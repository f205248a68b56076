"""The calls of SRS-cloud and Oryx: ``forward/secret`` and ``forward/streams``."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid, MissingField
from ...core.log import get_logger
from ...core.registry import rfc3339
from ..services import Services, ServicesDep
from .address import Address
from .models import Key, ServerUrl
from .oryx import find, is_platform, new_output, source_of
from .output import Output, OutputState, SourceKind
from .store import CUSTOM_PART

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/forward", tags=["outputs"])


class ForwardSecret(Body):
    """``action`` absent: tell all. ``secret`` empty or as it was told: the key stays.
    ``stream`` empty: whichever stream is live."""

    action: Literal["update"] | None = None
    platform: Annotated[str, Field(max_length=64)] | None = None
    server: ServerUrl | None = None
    secret: Key | None = None
    enabled: bool | None = None
    stream: Annotated[str, Field(max_length=512)] | None = None
    custom: bool | None = None
    label: Annotated[str, Field(max_length=100)] | None = None


class ForwardConfig(BaseModel):
    """``secret`` is only the end of it."""

    platform: str
    server: str
    secret: str
    enabled: bool
    stream: str
    custom: bool
    label: str


class ForwardFrame(BaseModel):
    log: str
    update: str


class ForwardStream(BaseModel):
    """``stream``, ``start`` and ``ready`` (RFC 3339) are there only while it runs."""

    platform: str
    enabled: bool
    custom: bool
    label: str
    frame: ForwardFrame | None
    stream: str | None = None
    start: str | None = None
    ready: str | None = None


@router.post("/secret")
async def forward_secret(
    services: ServicesDep, _: SignedIn, body: ForwardSecret | None = None
) -> Reply[dict[str, ForwardConfig] | None]:
    """Tell where is forwarded to, by platform, or change one of it (as SRS-cloud and Oryx)."""
    if body is not None and body.action == "update":
        await _update(services, body)
        return Reply(data=None)
    found = await services.outputs.all()
    return Reply(data={one.compat: _config(one) for one in found})


def _config(output: Output) -> ForwardConfig:
    return ForwardConfig(
        platform=output.compat,
        server=output.shown_server,
        secret=output.key_hint,
        enabled=output.enabled,
        stream=output.source.stream if output.source.kind is SourceKind.STREAM else "",
        custom=CUSTOM_PART in output.compat,
        label=output.label,
    )


async def _update(services: Services, body: ForwardSecret) -> None:
    for name in ("platform", "server", "enabled"):
        if getattr(body, name) in (None, ""):
            raise MissingField(f"{name} is missing", f"Send the field {name}.")
    platform = str(body.platform)
    if not is_platform(platform):
        raise Invalid(
            "the platform is not known",
            f"It is wx, bilibili or kuaishou, or has {CUSTOM_PART} in its name.",
            key="platform_unknown",
        )
    store = services.outputs
    output = find(await store.all(), platform)
    if output is None:
        address = Address.of(str(body.server), body.secret or "")
        made = _edited(new_output(platform, "", services.clock()), body)
        await store.create(store.with_address(made, address))
        log.info("output.made", platform=platform)
        return

    def edit(it: Output) -> Output:
        now = store.address(it)
        address = now.changed(body.server, body.secret or None)
        changed = _edited(it, body)
        return changed if address == now else store.with_address(changed, address)

    await store.change(output.id, edit)


def _edited(output: Output, body: ForwardSecret) -> Output:
    changes: dict[str, Any] = {"enabled": bool(body.enabled)}
    if body.label:
        changes["label"] = body.label
    # Who does not say the stream means what is; the source of a programme is none of theirs.
    if body.stream is not None and output.source.kind is SourceKind.STREAM:
        source = source_of(body.stream)
        same = source.stream == output.source.stream and not source.app
        changes["source"] = output.source if same else source
    return replace(output, **changes)


@router.post("/streams")
async def forward_streams(
    services: ServicesDep, _: SignedIn, __: Body | None = None
) -> Reply[list[ForwardStream]]:
    """Tell how each forward is, by platform (as SRS-cloud and Oryx)."""
    found = sorted(await services.outputs.all(), key=lambda one: one.compat)
    shown = [_stream(services, one) for one in found]
    return Reply(data=shown)


def _stream(services: Services, output: Output) -> ForwardStream:
    it = services.states.standing(output)
    shown = ForwardStream(
        platform=output.compat,
        enabled=output.enabled,
        custom=CUSTOM_PART in output.compat,
        label=output.label,
        frame=None,
    )
    if it.route is None:
        return shown
    shown.stream = it.route.source or output.label
    shown.start = rfc3339(it.since_ms)
    live_ms = it.facts.get("live_since_ms")
    if it.state is OutputState.LIVE and live_ms:
        now = services.clock()
        shown.start = shown.ready = rfc3339(live_ms)
        shown.frame = ForwardFrame(log=_log(it.facts, now - live_ms), update=rfc3339(now))
    return shown


def _log(facts: Any, live_ms: int) -> str:
    """Return a line as FFmpeg would write it: programs look for ``time=`` and ``speed=``."""
    s, ms = divmod(max(0, live_ms), 1000)
    clock = f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.{ms // 10:02}"
    size_kb = int(facts.get("bytes_acked") or 0) // 1024
    kbps = float(facts.get("bitrate_kbps") or 0)
    return f"size={size_kb}kB time={clock} bitrate={kbps:.1f}kbits/s speed=1x"
