"""What the operator chose about upgrades."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .window import Window

GITHUB, GITEE = "https://github.com/", "https://gitee.com/"


class Strategy(StrEnum):
    """``auto``: to ``stable`` by itself, inside the window."""

    AUTO = "auto"
    MANUAL = "manual"


class Channel(StrEnum):
    """Which release is meant when none is named."""

    STABLE = "stable"
    LATEST = "latest"


class Source(StrEnum):
    """Where releases come from."""

    INDEX = "index"
    GITHUB = "github"
    GITEE = "gitee"
    GIT = "git"


class UpgradeSettings(BaseModel):
    """``<data>/mgmt/upgrade.json``. ``url``: of the index, of the repository, or OWNER/NAME on
    GitHub and Gitee. ``keys``: public keys trusted beside those of the installed release."""

    model_config = ConfigDict(extra="ignore")

    strategy: Strategy = Strategy.AUTO
    window: Window = Window()
    channel: Channel = Channel.STABLE
    source: Source = Source.INDEX
    url: Annotated[str, Field(max_length=500)] = ""
    keys: list[str] = []

    @property
    def repository(self) -> str:
        """Address of the repository, for every source but the index; empty when none is set."""
        hosts = {Source.GITHUB: GITHUB, Source.GITEE: GITEE}
        if self.source in hosts and self.url and "://" not in self.url:
            return hosts[self.source] + self.url.strip("/")
        return self.url
