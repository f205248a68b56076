"""The services that we wrote: always processes, from the virtualenv this manager runs from."""

import hashlib
import os
from dataclasses import replace

from ...core.settings import PREFIX, Settings
from ...core.version import VERSION
from ..runtime.spec import HealthCheck, HttpProbe, ServiceSpec
from .common import Plan, own_command


def settings_digest(settings: Settings, names: tuple[str, ...] = ()) -> str:
    """Digest of the named settings, or of all: a change restarts who reads them."""
    facts = [
        (name, value.get_secret_value() if hasattr(value, "get_secret_value") else str(value))
        for name, value in settings
        if not names or name in names
    ]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def own_environment() -> tuple[tuple[str, str], ...]:
    """Settings given to the manager by its environment reach its children the same way."""
    return tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith(PREFIX)))


def own_spec(
    plan: Plan, name: str, port: int, order: int, needs: tuple[str, ...], start_s: float = 30
) -> ServiceSpec:
    argv = (own_command(), "serve", name, "--data", str(plan.data.root))
    return ServiceSpec(
        name=name,
        argv=argv,
        # Another release or other settings: restart. The settings are in the digest, so the
        # environment they came by is not counted again.
        identity=(*argv, VERSION, settings_digest(plan.settings)),
        forked=True,
        env=(("PYTHONUNBUFFERED", "1"), *own_environment()),
        order=order,
        needs=needs,
        ports=(port,),
        doors=(port,),
        health=HealthCheck(HttpProbe("/healthz", port=port), start_s=start_s),
        stop_grace_s=8,
    )


def hooks_spec(plan: Plan) -> ServiceSpec:
    return own_spec(plan, "hooks", plan.settings.hooks_port, 2, ("redis",))


def recorder_spec(plan: Plan) -> ServiceSpec:
    # It may have to read a large library from a slow disk first.
    return own_spec(plan, "recorder", plan.settings.recorder_port, 4, ("redis",), start_s=180)


def platform_spec(plan: Plan) -> ServiceSpec:
    spec = own_spec(plan, "platform", plan.settings.platform_port, 4, ("redis",))
    return replace(spec, web=True)


def ffmpeg_forward_spec(plan: Plan) -> ServiceSpec:
    return own_spec(plan, "ffmpeg_forward", plan.settings.ffmpeg_port, 4, ("redis",))
