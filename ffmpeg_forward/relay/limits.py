"""How long a destination may take for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds."""

    dns_s: float = 8.0
    connect_s: float = 6.0
    """For each address of a name."""
    tls_s: float = 8.0
    handshake_s: float = 8.0
    publish_s: float = 15.0
    """For the server to decide: its own callbacks may be slow."""
    proven_s: float = 0.5
    """Servers say "begin", ask who that is, and hang up: only what has lasted so long is live."""
    fresh_s: float = 5.0
    """How long ago the far end may have accepted something for a destination to be live."""
    stuck_s: float = 15.0
    """After so long without progress the connection is given up."""
    backlog_s: float = 3.0
    """How long media may wait before whole GOPs are left out."""
    early_s: float = 5.0
    """A connection that a server ends before that was probably refused."""
    settled_s: float = 10.0
    """What was live for so long may be tried again soon when it breaks."""
