"""Routes of outputs."""

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter

from ...core.app import API, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid
from ...core.log import get_logger
from ...core.names import check_name, check_stream
from ..services import Services, ServicesDep
from . import models
from .address import Address
from .output import Output, OutputSource, OutputState, SourceKind
from .presets import PRESETS, is_preset, preset_of
from .states import destination_facts
from .trial import TrialTarget, run_trial

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/outputs", tags=["outputs"])

_PLAIN = ("label", "enabled", "sender", "verify_tls", "give_up_after", "platform")


@router.post("/list")
async def list_outputs(services: ServicesDep, _: SignedIn) -> Reply[models.Outputs]:
    """List the outputs in their order, and what is known of the usual platforms."""
    found = [services.states.view(one) for one in await services.outputs.all()]
    presets = [models.OutputPreset.model_validate(asdict(one)) for one in PRESETS]
    return Reply(data=models.Outputs(outputs=found, presets=presets))


@router.post("/create")
async def create_output(
    body: models.CreateOutput, services: ServicesDep, _: SignedIn
) -> Reply[models.Output]:
    """Add an output."""
    _check_platform(body.platform)
    address = Address.of(_server(body.platform, body.server), body.key)
    source = _source(services, body.source, address)
    output = Output(
        id="",
        label=body.label.strip() or preset_of(body.platform).label,
        platform=body.platform,
        compat="",
        source=source,
        enabled=body.enabled,
        sender=body.sender,
        verify_tls=body.verify_tls,
        give_up_after=body.give_up_after,
        schedule=await body.schedule.times() if body.schedule else None,
        created_ms=services.clock(),
    )
    made = await services.outputs.create(services.outputs.with_address(output, address))
    log.info("output.made", output=made.id, platform=made.platform)
    return Reply(data=services.states.view(made))


def _check_platform(platform: str) -> None:
    if not is_preset(platform):
        raise Invalid(
            f"{platform} is no platform that is known here",
            "Choose custom for any other server.",
            key="platform_unknown",
        )


def _server(platform: str, server: str) -> str:
    if server:
        return server
    servers = preset_of(platform).servers
    if not servers:
        raise Invalid(
            "the address of the server is missing",
            preset_of(platform).key_help,
            key="output_no_server",
        )
    return servers[0].url


def _source(services: Services, given: models.OutputSource, address: Address) -> OutputSource:
    """Return what is meant. Raises Invalid for what nothing could be."""
    if given.kind is SourceKind.PROGRAMME:
        if not given.programme:
            raise Invalid("the programme is missing", "Choose one.", key="output_no_source")
        return OutputSource(SourceKind.PROGRAMME, programme=given.programme)
    if given.app and given.stream:
        check_stream(given.app, given.stream)
    elif given.stream:
        check_name(given.stream, "stream")
    elif given.app:
        raise Invalid("the stream is missing", "Choose one.", key="output_no_source")
    if given.stream and address.is_own(services.settings.rtmp_port, given.app, given.stream):
        raise Invalid(
            "this output would feed the stream to itself",
            "Choose another stream, or another server.",
            key="output_loop",
        )
    return OutputSource(SourceKind.STREAM, given.app, given.stream)


@router.post("/update")
async def update_output(
    body: models.UpdateOutput, services: ServicesDep, _: SignedIn
) -> Reply[models.Output]:
    """Change an output, also while it is live; no other is touched."""
    sent = body.model_fields_set
    if body.platform is not None:
        _check_platform(body.platform)
    changes: dict[str, Any] = {
        name: getattr(body, name) for name in _PLAIN if getattr(body, name) is not None
    }
    if "label" in changes:
        changes["label"] = changes["label"].strip() or preset_of(body.platform or "").label
    if "schedule" in sent:
        changes["schedule"] = await body.schedule.times() if body.schedule else None
    store = services.outputs

    def edit(output: Output) -> Output:
        changed = replace(output, **changes)
        address = store.address(output).changed(body.server, body.key)
        given = body.source
        if given is None:
            one = output.source
            given = models.OutputSource(
                kind=one.kind, app=one.app, stream=one.stream, programme=one.programme
            )
        changed = replace(changed, source=_source(services, given, address))
        return changed if address == store.address(output) else store.with_address(changed, address)

    return Reply(data=services.states.view(await store.change(body.id, edit)))


@router.post("/remove")
async def remove_output(body: models.OutputBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """End an output and forget it."""
    await services.outputs.remove(body.id)
    log.info("output.removed", output=body.id)
    return Reply(data=None)


@router.post("/duplicate")
async def duplicate_output(
    body: models.OutputBody, services: ServicesDep, _: SignedIn
) -> Reply[models.Output]:
    """Add another one like it, switched off."""
    output = await services.outputs.get(body.id)
    address = services.outputs.address(output)
    copy = replace(
        output,
        id="",
        compat="",
        label=f"{output.label[:96]} (2)",
        enabled=False,
        created_ms=services.clock(),
    )
    # Sealed anew, so that nobody who reads the store sees that both have one key.
    made = await services.outputs.create(services.outputs.with_address(copy, address))
    return Reply(data=services.states.view(made))


@router.post("/reorder")
async def reorder_outputs(
    body: models.OutputIds, services: ServicesDep, _: SignedIn
) -> Reply[models.OutputList]:
    """Put the outputs into this order; those that are not named come behind."""
    found = await services.outputs.all()
    places = {id_: place for place, id_ in enumerate(dict.fromkeys(body.ids))}
    ordered = sorted(found, key=lambda it: (places.get(it.id, len(places)), it.order))
    order = {one.id: place for place, one in enumerate(ordered)}
    await services.outputs.change_many(
        [one.id for one in ordered], lambda it: replace(it, order=order[it.id])
    )
    return await _all(services)


@router.post("/start")
async def start_outputs(
    body: models.OutputIds, services: ServicesDep, _: SignedIn
) -> Reply[models.OutputList]:
    """Switch outputs on: each runs whenever its source does."""
    return await _switch(services, body.ids, on=True)


@router.post("/stop")
async def stop_outputs(
    body: models.OutputIds, services: ServicesDep, _: SignedIn
) -> Reply[models.OutputList]:
    """Switch outputs off."""
    return await _switch(services, body.ids, on=False)


async def _switch(services: Services, ids: list[str], *, on: bool) -> Reply[models.OutputList]:
    await services.outputs.change_many(list(dict.fromkeys(ids)), lambda it: replace(it, enabled=on))
    return await _all(services)


async def _all(services: Services) -> Reply[models.OutputList]:
    found = [services.states.view(one) for one in await services.outputs.all()]
    return Reply(data=models.OutputList(outputs=found))


@router.post("/retry")
async def retry_output(
    body: models.OutputBody, services: ServicesDep, _: SignedIn
) -> Reply[models.Output]:
    """Try again now instead of when it is due, also one that has given up."""
    output = await services.outputs.get(body.id)
    route = services.director.route(output)
    if route is None or not services.relays.command(route.relay, op="retry", id=output.id):
        raise Conflict(
            "this output is not running",
            "It begins by itself when it is switched on and its source is live.",
            key="output_not_running",
        )
    return Reply(data=services.states.view(output))


@router.post("/log")
async def output_log(
    body: models.OutputBody, services: ServicesDep, _: SignedIn
) -> Reply[models.OutputLog]:
    """Tell what was done last and what came of it."""
    output = await services.outputs.get(body.id)
    route = services.director.route(output)
    status = services.relays.status(route.relay) if route else None
    lines = (destination_facts(status, output.id) or {}).get("lines", ())
    return Reply(data=models.OutputLog(lines=[models.OutputLine(**one) for one in lines]))


@router.post("/test")
async def try_output(
    body: models.TestOutput, services: ServicesDep, _: SignedIn
) -> Reply[models.OutputTest]:
    """Send 10 s of a test picture there, and tell step by step how far it came."""
    target = await _target(body, services)
    return Reply(data=await run_trial(services.trials, target))


async def _target(body: models.TestOutput, services: Services) -> TrialTarget:
    if body.platform is not None:
        _check_platform(body.platform)
    if body.id is None:
        address = Address.of(_server(body.platform or "custom", body.server or ""), body.key or "")
        base = Output("", "", body.platform or "custom", "")
    else:
        base = await services.outputs.get(body.id)
        if services.states.standing(base).state in (OutputState.LIVE, OutputState.STALLED):
            raise Conflict(
                "this output is live, and a second connection with its key could end it",
                "It works as you see. Stop it first to send the test picture.",
                key="output_busy_live",
            )
        address = services.outputs.address(base).changed(body.server, body.key)
    verify = base.verify_tls if body.verify_tls is None else body.verify_tls
    return TrialTarget(address, body.sender or base.sender, verify, services.settings.rtmp_port)
