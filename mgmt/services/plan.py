"""All programs of one installation, in their order."""

from dataclasses import replace

from ..runtime.account import Account
from ..runtime.spec import RuntimeName, ServiceSpec
from .common import MediaServer, Plan
from .front import front_spec
from .media import media_spec
from .monitoring import node_exporter_spec, prometheus_spec
from .ours import ffmpeg_forward_spec, hooks_spec, platform_spec, recorder_spec
from .redis import redis_spec

SERVICE_NAMES = (
    "redis",
    "hooks",
    "media",
    "recorder",
    "platform",
    "ffmpeg_forward",
    "front",
    "prometheus",
    "node_exporter",
)
_OURS = {"hooks", "recorder", "platform", "ffmpeg_forward"}


def build_specs(plan: Plan) -> list[ServiceSpec]:
    """Return the specifications, first to start first."""
    specs = [
        redis_spec(plan),
        hooks_spec(plan),
        media_spec(plan),
        recorder_spec(plan),
        platform_spec(plan),
        ffmpeg_forward_spec(plan),
        front_spec(plan),
        prometheus_spec(plan),
        node_exporter_spec(plan),
    ]
    return [
        replace(
            _pinned(spec, plan), runs_as=_who(spec, plan.account), runtime=runtime_of(spec, plan)
        )
        for spec in sorted(specs, key=lambda spec: spec.order)
    ]


def _who(spec: ServiceSpec, account: Account) -> str:
    if spec.web:
        account = account.web
    return f"{account.uid}:{account.gid}"


def _pinned(spec: ServiceSpec, plan: Plan) -> ServiceSpec:
    """Set the very image that was resolved from its name, unless the name has changed since."""
    pin = plan.programs.images.get(spec.name)
    if pin is None or pin.tag != spec.image:
        return spec
    return replace(spec, pin=pin.image_id, turn=pin.turn)


def runtime_of(spec: ServiceSpec, plan: Plan) -> RuntimeName:
    """Tell how a program is run: what we wrote is always a process."""
    embedded = spec.name == "media" and plan.media_server is MediaServer.EMBEDDED
    return RuntimeName.PROCESS if spec.name in _OURS or embedded else plan.runtime
