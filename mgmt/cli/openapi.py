"""One OpenAPI description of everything the house answers."""

from importlib.metadata import entry_points
from typing import Any, cast

from ...core.errors import ConfigError
from ...core.runner import Service
from ...core.version import VERSION


def merged() -> dict[str, Any]:
    """Return the descriptions of all services as one document.

    Raises ConfigError when two services mean different things by one path or schema name.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    for entry in sorted(entry_points(group="streamstead.services"), key=lambda e: e.name):
        service = cast(Service, entry.load())
        if service.api is None:
            continue
        document = service.api().openapi()
        _merge(paths, document.get("paths", {}), "path")
        for kind, named in document.get("components", {}).items():
            _merge(components.setdefault(kind, {}), named, kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Streamstead", "version": VERSION},
        "paths": paths,
        "components": components,
    }


def _merge(into: dict[str, Any], more: dict[str, Any], kind: str) -> None:
    for name, value in more.items():
        if into.get(name, value) != value:
            raise ConfigError(
                f"two services describe the {kind} {name!r} differently", "Rename one."
            )
        into[name] = value
