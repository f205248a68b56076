"""What every specification is built from."""

import sys
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from ...core.paths import DataDir, share_dir
from ...core.settings import Settings
from ..containers.state import Programs
from ..front.settings import FrontSettings
from ..runtime.account import Account
from ..runtime.spec import RuntimeName


class MediaServer(StrEnum):
    """Which media server speaks the SRS contract."""

    EMBEDDED = "embedded"
    SRS = "srs"


@dataclass(frozen=True, slots=True)
class FrontDoors:
    """Public ports of nginx beside the one that is always open; 0: not used, with the reason."""

    http: int = 0
    https: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the specifications depend on."""

    settings: Settings
    account: Account
    runtime: RuntimeName
    media_server: MediaServer
    doors: FrontDoors = FrontDoors()
    ipv6: bool = False
    front: FrontSettings = field(default_factory=FrontSettings)
    certificate: str = ""
    """Id of the one that is served; see mgmt/https/shelf.py."""
    programs: Programs = field(default_factory=Programs)

    @property
    def data(self) -> DataDir:
        return self.settings.data

    @property
    def share(self) -> Path:
        return share_dir()


def own_command() -> str:
    """Return the path of ``streamstead`` in the release that we run from, links resolved.

    A process must go on with the code it started with when ``current`` points elsewhere.
    """
    return str(Path(sys.prefix).resolve() / "bin" / "streamstead")


@cache
def _environment() -> Any:
    # Late: only the manager renders, and not every command of ours needs the library.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(share_dir() / "containers"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - configuration files, not pages; values are checked by Settings
    )


def render(template: str, **values: object) -> str:
    """Render ``containers/<template>``; a name the template uses but is not given is an error."""
    text: str = _environment().get_template(template).render(**values)
    return text
