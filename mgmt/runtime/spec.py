"""What a program needs to run, as data: the same for a process and for a container."""

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class RuntimeName(StrEnum):
    """How a program is run; the value is stored and shown."""

    PROCESS = "process"
    DOCKER = "docker"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A generated file that the program reads; written before it starts."""

    path: Path
    text: str = field(repr=False)
    mode: int = 0o640

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Mount:
    """A path shown to a container at the same absolute path."""

    path: Path
    writable: bool = False
    at: str = ""
    """Another place inside; empty: the same."""


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """Healthy when ``GET path`` on 127.0.0.1:port (or the socket) answers 200."""

    path: str
    port: int = 0
    uds: Path | None = None


@dataclass(frozen=True, slots=True)
class RedisProbe:
    """Healthy when Redis answers PING; loading its data counts as alive."""

    uds: Path
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How to tell that a program does its work, and how patient to be."""

    probe: HttpProbe | RedisProbe
    every_s: float = 5.0
    timeout_s: float = 2.0
    start_s: float = 30.0
    """How long a fresh start may take before it counts as failed."""
    fail_s: float = 12.0
    """How long a running program may fail its probe before it is restarted."""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One program. ``hash`` says whether what runs is what is wanted."""

    name: str
    argv: tuple[str, ...]
    health: HealthCheck
    order: int
    """Programs start in this order and stop in the reverse one."""
    needs: tuple[str, ...] = ()
    """Programs that must be healthy before the first start; a restart does not wait for them."""
    image: str = ""
    """The container image as it is named; unused by processes."""
    pin: str = field(default="", compare=False)
    """Id of the image that this name meant when it was fetched; what is really started. Not in the
    hash: that a name was resolved is no reason to restart anything."""
    turn: int = 0
    """How often another image was chosen under the same name."""
    runtime: RuntimeName = RuntimeName.PROCESS
    workdir: str = ""
    privileged: bool = False
    """Keeps root: the front binds low ports and drops its workers itself."""
    web: bool = False
    """Runs as the account of the platform, to which the manager listens."""
    runs_as: str = ""
    """``uid:gid`` of its user."""
    forked: bool = False
    """One of our services: made from the template (core/template.py), whose memory it shares."""
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    identity: tuple[str, ...] = ()
    """What stands for ``argv`` in the hash, when the same program lies at changing paths."""
    files: tuple[ConfigFile, ...] = ()
    reload_signal: int | None = None
    """A change of ``files`` or ``reload_on`` is told by this signal instead of a restart."""
    reload_on: tuple[str, ...] = ()
    """What else the program has read, such as which certificate."""
    check: tuple[str, ...] = ()
    """Command that ends with 0 when ``files`` are good; run before a start and before a reload."""
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    memory_mb: int = 256
    pids: int = 200
    ports: tuple[int, ...] = ()
    """TCP ports it binds, for messages and the doctor."""
    doors: tuple[int, ...] = ()
    """TCP ports on loopback that are opened for it and given to it (``core.runner``), such that
    nobody is refused while it is replaced."""
    stop_grace_s: float = 10.0

    @property
    def hash(self) -> str:
        """Twelve hex digits over everything that needs a restart to take effect."""
        facts = [
            self.name,
            self.identity or self.argv,
            self.image,
            self.workdir,
            self.privileged,
            self.runs_as,
            [] if self.reload_signal else [(str(f.path), f.digest) for f in self.files],
            [(str(m.path), m.writable, m.at) for m in self.mounts],
            self.tmpfs,
            self.capabilities,
            self.memory_mb,
            self.pids,
        ]
        if self.turn:
            facts.append(self.turn)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]

    @property
    def files_digest(self) -> str:
        """One digest over all configuration files and what else was read."""
        joined = "\n".join([*(f"{f.path}:{f.digest}" for f in self.files), *self.reload_on])
        return hashlib.sha256(joined.encode()).hexdigest()
