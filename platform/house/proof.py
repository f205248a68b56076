"""What a call carries that needs more than a session."""

from pydantic import Field

from ...core.app import Body
from ..sign_in import Password


class Proven(Body):
    """Such a call makes somebody root, or replaces our code. The manager itself checks it, because
    whoever breaks into a service can make a session."""

    password: Password | None = Field(default=None, description="The operator's password")
