"""Docker or processes, and with them which media server: decided once, then kept."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...core.errors import ConfigError
from ...core.files import read_plain, write_atomic
from ...core.settings import RuntimeChoice, Settings
from ..services.common import MediaServer
from .spec import RuntimeName

PULL_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is run how, and why, in words for the operator."""

    runtime: RuntimeName
    media_server: MediaServer
    reason: str


def decision_file(settings: Settings) -> Path:
    return settings.data.config / "runtime.json"


def decide(settings: Settings, again: bool = False) -> Decision:
    """Return the decision, from the file unless the settings name a runtime or ``again`` is asked.

    May take up to a minute, when images are pulled. Raises ConfigError when Docker is asked for
    and cannot be had.
    """
    kept = None if again else _kept(settings)
    if kept is not None and settings.runtime in (RuntimeChoice.AUTO, kept.runtime):
        # Sticky: a Docker Engine that is away for a moment must not turn the house over.
        decision = kept
    else:
        decision = _fresh(settings)
    if decision != _kept(settings):
        text = json.dumps(asdict(decision), indent=2) + "\n"
        write_atomic(decision_file(settings), text, 0o644, keep_owner=False)
    return decision


def images(settings: Settings) -> tuple[str, ...]:
    return (settings.redis_image, settings.nginx_image, settings.srs_image)


def _fresh(settings: Settings) -> Decision:
    if settings.runtime is RuntimeChoice.PROCESS:
        return _processes(settings, "asked for by STREAMSTEAD_RUNTIME=process")
    # Late: the library costs memory that a machine without Docker need not give.
    from .docker_engine import prepare_images

    problem = prepare_images(settings.docker_host, images(settings), PULL_LIMIT_S)
    if not problem:
        why = "Docker Engine answers and all images are present"
        return Decision(RuntimeName.DOCKER, MediaServer.SRS, why)
    if settings.runtime is RuntimeChoice.DOCKER:
        raise ConfigError(
            f"STREAMSTEAD_RUNTIME=docker, but {problem}",
            "Start Docker, or run ./bootstrap --runtime process.",
        )
    return _processes(settings, problem)


def _processes(settings: Settings, why: str) -> Decision:
    if settings.srs_bin is not None:
        if not settings.srs_bin.is_file():
            raise ConfigError(
                f"STREAMSTEAD_SRS_BIN: {settings.srs_bin} does not exist",
                "Correct the path, or remove the line to use the embedded engine.",
            )
        return Decision(RuntimeName.PROCESS, MediaServer.SRS, why)
    return Decision(RuntimeName.PROCESS, MediaServer.EMBEDDED, why)


def _kept(settings: Settings) -> Decision | None:
    try:
        raw = json.loads(read_plain(decision_file(settings), ours=True))
        kept = Decision(
            RuntimeName(raw["runtime"]), MediaServer(raw["media_server"]), str(raw["reason"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with_srs = settings.srs_bin is not None
    if kept.runtime is RuntimeName.PROCESS and with_srs != (kept.media_server is MediaServer.SRS):
        return None
    return kept
