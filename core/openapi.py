"""One description of the API of all services, for clients and for the page's types."""

from importlib.metadata import entry_points
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .runner import Service
from .version import VERSION


def merged_openapi() -> dict[str, Any]:
    """Return an OpenAPI 3.1 document made of every service that has an API.

    A model of the same name must mean the same everywhere; a second meaning is an error.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for entry in sorted(entry_points(group="streamstead.services"), key=lambda one: one.name):
        service = cast(Service, entry.load())
        if service.api is None:
            continue
        app: FastAPI = service.api()
        part = get_openapi(title=app.title, version=VERSION, routes=app.routes)
        paths |= part.get("paths", {})
        for name, schema in part.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(name, schema) != schema:
                raise ValueError(f"two services mean different things by {name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Streamstead",
            "version": VERSION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
