"""Calls of our own services, as the page makes them; and what they take, by their description."""

import json
from typing import Any

from ...core.errors import Upstream
from ...core.paths import share_dir
from ...core.settings import Settings
from ..cli.client import ask_manager, ask_service

_PREFIX = "/terraform/v1/"
_BY_ROOT = {"mgmt/upgrade/settings/update": "/v1/upgrade/settings"}
"""What the manager does for a service only with the operator's password, and for root without."""
_RECORDER = ("recordings/", "storage/", "hooks/record/", "hooks/dvr/", "hooks/vod/")


class Calls:
    """Who answers what is as in the front's configuration."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._schema: dict[str, Any] = {}

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST; return ``data``. Raises StreamsteadError with the service's own words."""
        if path in _BY_ROOT:
            return ask_manager(self._settings, "POST", _BY_ROOT[path], 30, body)
        return ask_service(self._settings, self._port(path), _PREFIX + path, body or {}, 30)

    def _port(self, path: str) -> int:
        settings = self._settings
        if path.startswith(("ffmpeg/", "mgmt/limits/")):
            return settings.ffmpeg_port
        if path.startswith(_RECORDER):
            return settings.recorder_port
        return settings.hooks_port if path.startswith("hooks/") else settings.platform_port

    def takes(self, path: str) -> frozenset[str]:
        """Return the fields that a call takes, by the description of this release."""
        described = self._description()["paths"][_PREFIX + path]["post"]
        body = described["requestBody"]["content"]["application/json"]["schema"]
        fields = self._resolve(body).get("properties", {})
        return frozenset(fields) - {"token"} - ({"password"} if path in _BY_ROOT else set())

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        for one in schema.get("anyOf", ()):
            if one.get("type") != "null":
                schema = one
                break
        name = schema.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = (
            self._description()["components"]["schemas"][name] if name else schema
        )
        return found

    def _description(self) -> dict[str, Any]:
        if not self._schema:
            for path in (share_dir() / "openapi.json", share_dir() / "ui" / "openapi.json"):
                if path.is_file():
                    self._schema = json.loads(path.read_text(encoding="utf-8"))
                    break
            else:
                raise Upstream("the API description was not installed", "Run ./bootstrap again.")
        return self._schema
