"""Which version of a program it is, asked once."""

import re
from typing import Any

from ...core.errors import StreamsteadError
from ...core.version import VERSION
from ..house import House
from ..runtime.once import RunOnce
from ..runtime.spec import RuntimeName, ServiceSpec

_OURS = ("hooks", "recorder", "platform", "ffmpeg_forward")
_ASK = {
    "redis": "--version",
    "front": "-v",
    "prometheus": "--version",
    "node_exporter": "--version",
}
_ENVIRONMENT = {"redis": "REDIS_VERSION", "front": "NGINX_VERSION"}
_NUMBER = re.compile(r"(?:version[ =]+|nginx/|v=)(\d+\.\d+(?:\.\d+)?)")
_TIMEOUT_S = 10.0


class Versions:
    """Of what others wrote: by its image, or by what the program says of itself."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[tuple[str, ...], str] = {}

    async def of(self, spec: ServiceSpec) -> str:
        """Return it; empty when it is not to be known: the media server tells its own."""
        if spec.name in _OURS:
            return VERSION
        in_container = spec.runtime is RuntimeName.DOCKER
        key = (spec.name, spec.image, spec.pin, "" if in_container else spec.argv[0])
        if key not in self._known:
            try:
                found = await (self._of_image(spec) if in_container else self._asked(spec))
            except (OSError, StreamsteadError):
                return ""
            self._known[key] = found
        return self._known[key]

    async def _asked(self, spec: ServiceSpec) -> str:
        option = _ASK.get(spec.name)
        if option is None:
            return ""
        runtime = self._house.supervisor.runtimes[RuntimeName.PROCESS]
        once = RunOnce(f"{spec.name}-version", (spec.argv[0], option))
        found = _NUMBER.search((await runtime.run(once, _TIMEOUT_S)).output)
        return found[1] if found else ""

    async def _of_image(self, spec: ServiceSpec) -> str:
        from ..runtime.docker import DockerRuntime

        runtime = self._house.supervisor.runtimes[RuntimeName.DOCKER]
        assert isinstance(runtime, DockerRuntime)

        def look(client: Any) -> str:
            from docker.errors import ImageNotFound

            try:
                config = client.images.get(spec.pin or spec.image).attrs["Config"] or {}
            except ImageNotFound:
                return ""
            labels = config.get("Labels") or {}
            env = dict(one.split("=", 1) for one in config.get("Env") or () if "=" in one)
            told = labels.get("org.opencontainers.image.version")
            return str(told or env.get(_ENVIRONMENT.get(spec.name, ""), ""))

        return await runtime.call(look)
