"""What the text holds: a table. Fields come from the description of the API, so that a new field of
a form is in the text without a change here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Values:
    """A form with one set of values. ``single``: fields that have a call of their own."""

    name: str
    query: str
    update: str = ""
    secrets: tuple[str, ...] = ()
    single: Mapping[str, Callable[[Any], Call]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Items:
    """A list.

    ``identity``: fields that tell one from another and never change. ``fixed``: fields that only
    ``create`` takes. ``refs``: paths of fields that hold ids of another list, written as their
    labels. ``secrets``: paths of fields that are never shown, and of the field that tells whether
    one is set. ``parts``: forms of their own of each item.
    """

    name: str
    query: str
    key: str
    create: str
    update: str
    remove: str
    identity: tuple[str, ...] = ("label",)
    fixed: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Values, ...] = ()


def _items(name: str, path: str, key: str, **more: Any) -> Items:
    """The usual four calls below one path."""
    query, create, update, remove = (
        f"{path}/{verb}" for verb in ("list", "create", "update", "remove")
    )
    return Items(name, query, key, create, update, remove, **more)


def _site(name: str) -> Callable[[Any], Call]:
    return lambda value: ("mgmt/beian/update", {"beian": name, "text": value or ""})


SECTIONS: tuple[Values | Items, ...] = (
    _items(
        "buckets",
        "storage/targets",
        "targets",
        secrets={"access_key": "secret_set", "secret_key": "secret_set"},
    ),
    _items(
        "streams",
        "hooks/streams",
        "streams",
        identity=("app", "stream"),
        parts=(
            Values(
                "play",
                "hooks/play/rule/query",
                "hooks/play/rule/update",
                secrets=("passphrase", "webhook_secret"),
            ),
            Values("recording", "recordings/stream/query", "recordings/stream/update"),
        ),
    ),
    Values(
        "play",
        "hooks/play/rule/query",
        "hooks/play/rule/update",
        secrets=("passphrase", "webhook_secret"),
    ),
    Values("publishing", "hooks/publish/rules/query", "hooks/publish/rules/update"),
    Values("recording", "recordings/rules/query", "recordings/rules/update"),
    Values("retention", "recordings/retention/query", "recordings/retention/update"),
    _items("schedules", "recordings/schedules", "schedules"),
    Values("uploads", "storage/settings/query", "storage/settings/update"),
    _items("programmes", "ffmpeg/programme", "programmes"),
    _items(
        "outputs",
        "ffmpeg/outputs",
        "outputs",
        refs={"source.programme": "programmes"},
        secrets={"key": "has_key"},
    ),
    Values("channel_limits", "ffmpeg/channels/limits/query", "ffmpeg/channels/limits/update"),
    _items(
        "channels",
        "ffmpeg/channels",
        "channels",
        fixed=("kind",),
        refs={"to.outputs": "outputs"},
        secrets={"to.key": "to.key_hint"},
    ),
    _items("ladders", "ffmpeg/transcode", "transcodes", identity=("app", "stream")),
    _items("webhooks", "mgmt/hooks/targets", "targets"),
    _items("notifications", "mgmt/notify", "targets", fixed=("kind",)),
    Items(
        "alerts",
        "mgmt/alerts/rules/list",
        "rules",
        create="",
        update="mgmt/alerts/rules/update",
        remove="",
        identity=("rule",),
        leave=("reset",),
    ),
    Values("traffic", "mgmt/traffic/query", "mgmt/traffic/update"),
    Values(
        "front",
        "mgmt/front/query",
        "mgmt/front/update",
        single={
            "hls": lambda value: ("mgmt/nginx/hls", {"enabled": value}),
            "noHlsCtx": lambda value: ("mgmt/hphls/update", {"noHlsCtx": value}),
            "hlsLowLatency": lambda value: ("mgmt/hlsll/update", {"hlsLowLatency": value}),
            "homepage": lambda value: ("mgmt/nginx/homepage", {"homepage": value}),
        },
    ),
    Items(
        "proxies",
        "mgmt/front/query",
        "proxies",
        create="mgmt/nginx/proxy",
        update="mgmt/nginx/proxy",
        remove="mgmt/nginx/proxy",
        identity=("location",),
    ),
    Values(
        "site",
        "mgmt/beian/query",
        single={name: _site(name) for name in ("title", "icp", "police")},
    ),
    Values("window", "mgmt/window/query", "mgmt/window/update"),
    Values("strategy", "mgmt/upgrade/status", "mgmt/strategy"),
    Values("upgrades", "mgmt/upgrade/settings/query", "mgmt/upgrade/settings/update"),
    Values(
        "backups",
        "mgmt/backup/schedule/query",
        "mgmt/backup/schedule/update",
        secrets=("passphrase",),
    ),
)
"""In the order in which they are put in force: what is referred to comes first."""
