"""How many outputs there are in which state; of those in trouble also why."""

from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from ...core.app import API
from ...core.errors import Upstream
from ...core.loopback import NO_TLS
from ...core.settings import Settings
from .scrape import Figures

TIMEOUT_S = 3.0
RETRYING = ("retrying", "stalled")
FAILED = "failed"


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore")

    message: str = ""


class TroubledOutput(BaseModel):
    """An output as its service tells it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    label: str = ""
    platform: str = ""
    state: str
    problem: _Problem | None = None

    @property
    def name(self) -> str:
        return self.label or self.platform or self.id

    @property
    def reason(self) -> str:
        return self.problem.message if self.problem is not None else "no reason is known"


@dataclass(frozen=True, slots=True)
class OutputFacts:
    live: int
    retrying: int
    failed: int
    troubled: tuple[TroubledOutput, ...] = ()


async def look_at_outputs(settings: Settings, figures: Figures) -> OutputFacts:
    """Raises Upstream when something is wrong with an output and nobody can say what."""
    states = figures.by("streamstead_output_state", "state")
    retrying = sum(int(states.get(name, 0)) for name in RETRYING)
    failed = int(states.get(FAILED, 0))
    troubled = await _troubled(settings) if retrying or failed else ()
    return OutputFacts(int(states.get("live", 0)), retrying, failed, troubled)


async def _troubled(settings: Settings) -> tuple[TroubledOutput, ...]:
    url = f"http://127.0.0.1:{settings.ffmpeg_port}{API}/ffmpeg/outputs/list"
    secret = settings.api_secret.get_secret_value()
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=NO_TLS) as client:
            reply = await client.post(url, json={}, headers={"Authorization": f"Bearer {secret}"})
        outputs = [TroubledOutput.model_validate(one) for one in reply.json()["data"]["outputs"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, ValidationError) as exc:
        raise Upstream(f"the outputs cannot be asked ({type(exc).__name__})") from None
    return tuple(one for one in outputs if one.state in (*RETRYING, FAILED))
