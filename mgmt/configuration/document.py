"""What is in force, as a document; and secrets, which are in it by reference only.

Where a secret is set the document says ``{env: NAME}``. Who applies it gives the values by
variables of these names, or writes ``{file: PATH}`` instead.
"""

import copy
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...core.errors import Invalid
from .calls import Calls
from .paths import drop, look, put
from .sections import SECTIONS, Items, Values

VERSION = 1
MAX_SECRET_BYTES = 8192

Document = dict[str, Any]


def current(calls: Calls) -> Document:
    """Return everything that is in force."""
    found: Document = {"version": VERSION}
    for section in SECTIONS:
        if isinstance(section, Values):
            found[section.name] = values_of(calls, section, {})
        else:
            found[section.name] = [shown for _, shown in items_of(calls, section)]
    return found


def values_of(calls: Calls, section: Values, which: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that can be set. ``which``: of which item."""
    told = calls.ask(section.query, which)
    fields = calls.takes(section.update) if section.update else frozenset()
    wanted = (fields | set(section.single)) - set(which) - set(section.secrets)
    shown = {name: told[name] for name in sorted(wanted) if name in told}
    for secret in section.secrets:
        if told.get(f"{secret}_set"):
            shown[secret] = reference(section.name, *which.values(), secret)
    return _with_labels(calls, section.name, shown)


def items_of(calls: Calls, section: Items) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return (as told, as shown in the document) of every item."""
    told = calls.ask(section.query)
    fields = fields_of(calls, section)
    found = []
    for item in told[section.key]:
        shown = {name: item[name] for name in item if name in fields}
        shown = copy.deepcopy(shown)
        for path, other in section.refs.items():
            labels = labels_of(calls, other)
            put_ids(shown, path, labels)
        for path, has in section.secrets.items():
            drop(shown, has)
            if look(item, has):
                put(shown, path, reference(section.name, *_names(section, item), path))
        _file_secrets(told, section, item, shown)
        _tidy(section, shown)
        which = {name: item[name] for name in section.identity}
        for part in section.parts:
            shown[part.name] = values_of(calls, part, which)
        found.append((item, shown))
    return found


def fields_of(calls: Calls, section: Items) -> frozenset[str]:
    """Return what of an item can be set."""
    fields = calls.takes(section.update) | set(section.identity) | set(section.fixed)
    if section.create:
        fields |= calls.takes(section.create)
    return fields - {"id"} - set(section.leave)


def labels_of(calls: Calls, name: str) -> dict[str, str]:
    """Return label by id of a list."""
    section = next(one for one in SECTIONS if isinstance(one, Items) and one.name == name)
    return {one["id"]: one["label"] for one in calls.ask(section.query)[section.key]}


def put_ids(item: dict[str, Any], path: str, names: Mapping[str, str]) -> None:
    """Replace ids by names, or names by ids; what has none stays."""
    value = look(item, path)
    if isinstance(value, list):
        put(item, path, [names.get(one, one) for one in value])
    elif value:
        put(item, path, names.get(value, value))


def reference(*names: Any) -> dict[str, str]:
    """Return where the value of a secret is to be found, by a name that says what it is."""
    text = "_".join(str(name) for name in ("secret", *names))
    return {"env": re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")}


def is_reference(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("env", "file")


def resolve(value: dict[str, str], environment: Mapping[str, str], files: bool) -> str | None:
    """Return the secret; None when it is not there. Raises Invalid for a file that may not be."""
    if "env" in value:
        return environment.get(value["env"]) or None
    if not files:
        raise Invalid(
            "secrets from files are read by the command line alone",
            "Use `streamstead config apply`, or refer to the secret by env.",
        )
    try:
        with Path(value["file"]).open("rb") as file:
            raw = file.read(MAX_SECRET_BYTES + 1)
    except OSError as exc:
        raise Invalid(
            f"{os.fspath(value['file'])} cannot be read: {exc.strerror}", "Correct the path."
        ) from None
    if len(raw) > MAX_SECRET_BYTES:
        raise Invalid(f"{value['file']} is too large for a secret", "Correct the path.")
    return raw.decode(errors="replace").strip() or None


def _names(section: Items, item: dict[str, Any]) -> list[str]:
    return [str(item[name]) for name in section.identity]


def _with_labels(calls: Calls, name: str, shown: dict[str, Any]) -> dict[str, Any]:
    if name == "recording" and shown.get("target_id"):
        shown["target_id"] = labels_of(calls, "buckets").get(shown["target_id"], "")
    return shown


def _file_secrets(
    told: dict[str, Any], section: Items, item: dict[str, Any], shown: dict[str, Any]
) -> None:
    """Fields of a notification depend on its kind; the secret ones are left out of the answer."""
    kinds = {one["kind"]: one["fields"] for one in told.get("kinds", ())}
    for one in kinds.get(item.get("kind"), ()):
        if one["secret"]:
            shown["fields"][one["name"]] = reference(section.name, item["label"], one["name"])


def _tidy(section: Items, shown: dict[str, Any]) -> None:
    """Leave out what the house finds out by itself."""
    for entry in shown.get("items", ()) if section.name == "channels" else ():
        for name in set(entry) - {"type", "name", "target"}:
            del entry[name]
