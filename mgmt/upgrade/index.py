"""The index of releases: one static JSON file with a detached signature beside it.

    {"format": 1, "made_ms": 1700000000000, "stable": "1.2.0", "latest": "1.3.0-rc.1",
     "releases": [{"version": "1.2.0", "url": "streamstead-1.2.0.tar.gz", "bytes": 123,
                   "sha256": "...", "minimum_from": "0.1.0", "notes": "..."}],
     "rotations": [{"key": "RW...", "signature": "<the text of a .minisig file>"}],
     "revoked_keys": ["RW..."]}

A ``url`` may be relative to the index. Whoever can copy files to a web server can publish one:
``auto/make-release`` writes it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...core.errors import Invalid, NotFound
from .errors import ReleaseRefused
from .version import Version

MAX_BYTES = 1_000_000

VersionText = Annotated[str, Field(max_length=80)]


class Rotation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    key: Annotated[str, Field(max_length=1000)]
    signature: Annotated[str, Field(max_length=4096)]


class IndexEntry(BaseModel):
    """One release; ``minimum_from``: the oldest one that may go to it in one step."""

    model_config = ConfigDict(extra="ignore")

    version: VersionText
    url: Annotated[str, Field(min_length=1, max_length=1000)]
    bytes: Annotated[int, Field(ge=1, le=4 << 30)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    minimum_from: VersionText = "0.0.0"
    notes: Annotated[str, Field(max_length=20_000)] = ""


class Index(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: Literal[1]
    made_ms: int
    stable: VersionText
    latest: VersionText
    releases: Annotated[list[IndexEntry], Field(max_length=1000)]
    rotations: Annotated[list[Rotation], Field(max_length=20)] = []
    revoked_keys: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=50)] = []

    def find(self, wanted: str) -> IndexEntry:
        """Return a release by version, or by ``stable`` and ``latest``. Raises NotFound."""
        names = {"stable": self.stable, "latest": self.latest}
        version = Version.parse(names.get(wanted, wanted))
        for entry in self.releases:
            if Version.parse(entry.version) == version:
                return entry
        raise NotFound(
            f"the index has no release {version}", "Look at what it has: streamstead releases."
        )


def read_index(raw: bytes) -> Index:
    """Raises ReleaseRefused for anything that is no index of ours."""
    try:
        index = Index.model_validate_json(raw)
        for entry in index.releases:
            Version.parse(entry.version)
            Version.parse(entry.minimum_from)
        Version.parse(index.stable)
        Version.parse(index.latest)
    except (ValidationError, Invalid) as exc:
        said = "a version in it is none"
        if isinstance(exc, ValidationError):
            first = exc.errors(include_input=False, include_url=False)[0]
            said = f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
        raise ReleaseRefused(
            f"the index of releases is not in our format: {said}",
            "Check the address; it is made by auto/make-release.",
            key="index_bad",
        ) from None
    return index
