"""Routes of the configuration as one text; the manager makes and applies it."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import ServicesDep
from .proof import Proven

router = APIRouter(prefix=f"{API}/mgmt/config", tags=["configuration"])

TIMEOUT_S = 180.0


class ConfigurationText(BaseModel):
    """``yaml``: everything that is set in the page; secrets by reference only."""

    yaml: str


class ApplyConfiguration(Proven):
    """``dry_run``: only tell what would change, which needs no password. References to secrets are
    not resolved here: an item that is there keeps its secret, a new one that needs one is a
    problem."""

    yaml: Annotated[str, Field(max_length=900_000)]
    dry_run: bool = False


class ConfigurationChange(BaseModel):
    """``before`` and ``after`` hold what differs; null for an item that was or is not there."""

    section: str
    what: str
    before: Any
    after: Any


class ConfigurationOutcome(BaseModel):
    changes: list[ConfigurationChange]
    problems: list[str]


@router.post("/export")
async def export_configuration(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[ConfigurationText]:
    """Write out what is in force."""
    told = await services.host.call("POST", "/v1/configuration/export", {}, TIMEOUT_S)
    return Reply(data=ConfigurationText.model_validate(told))


@router.post("/apply")
async def apply_configuration(
    body: ApplyConfiguration, services: ServicesDep, _: SignedIn
) -> Reply[ConfigurationOutcome]:
    """Bring the house to what the text says; what it does not mention stays."""
    asked = body.model_dump(exclude={"token"})
    told = await services.host.call("POST", "/v1/configuration/apply", asked, TIMEOUT_S)
    return Reply(data=ConfigurationOutcome.model_validate(told))
