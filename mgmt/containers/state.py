"""What the operator decides about programs, and which images were found under their names."""

from pydantic import BaseModel, ConfigDict

MONITORING = ("prometheus", "node_exporter")
OPTIONAL = ("ffmpeg_forward", "recorder", *MONITORING)
"""Programs that may be switched off; without any other the house is none."""


class KeptImage(BaseModel):
    """One image. ``digest``: ``NAME@sha256:...`` to fetch the same again; empty for a local one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    image_id: str
    digest: str = ""


class Pin(KeptImage):
    """What the name ``tag`` meant when it was resolved. ``turn`` rises with every other choice."""

    tag: str
    turn: int = 0
    previous: KeptImage | None = None


class Programs(BaseModel):
    """Kept in ``<data>/mgmt/programs.json``. ``enabled``: what the operator chose; others are as
    the machine allows. ``media``: srs-server, srs-dev or engine; empty: as it was first decided.
    ``pulled``: ids of the images that we fetched, and may remove again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    enabled: dict[str, bool] = {}
    media: str = ""
    images: dict[str, Pin] = {}
    pulled: tuple[str, ...] = ()


class ExitNote(BaseModel):
    """See mgmt/status.py LastExit."""

    at_ms: int
    status: int | None = None
    reason: str = ""
    lines: tuple[str, ...] = ()


class Exits(BaseModel):
    """The last unexpected end of every program; kept in ``<data>/mgmt/exits.json``."""

    exits: dict[str, ExitNote] = {}
