"""Bring what is in force to what a document says; what it does not mention stays as it is."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from ...core.errors import Invalid, StreamsteadError
from .calls import Calls
from .document import (
    VERSION,
    Document,
    fields_of,
    is_reference,
    items_of,
    labels_of,
    put_ids,
    resolve,
    values_of,
)
from .paths import drop, look, put
from .sections import SECTIONS, Items, Values

MAX_BYTES = 1_000_000
_HIDDEN = "(secret)"
_OF_RECORDING = {"target_id": "buckets"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``what``: create, update or remove, and of which."""

    section: str
    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was changed, or would be, and what could not be."""

    changes: list[Change]
    problems: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def parse(text: str) -> Document:
    """Read a document. Raises Invalid for what is none."""
    if len(text.encode()) > MAX_BYTES:
        raise Invalid(f"the text is larger than {MAX_BYTES} bytes", "Split it.")
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise Invalid(f"this is no YAML{where}", "Correct it; the export is an example.") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise Invalid(
            f"this is no configuration of version {VERSION}",
            "Begin with the text that `streamstead config export` writes.",
        )
    known = {section.name for section in SECTIONS} | {"version"}
    for name in found:
        if name not in known:
            raise Invalid(f"there is no section {name!r}", f"Known: {', '.join(sorted(known))}.")
    return found


class Applier:
    """One document put in force, section by section; a failure in one does not stop the next."""

    def __init__(
        self,
        calls: Calls,
        environment: Mapping[str, str],
        *,
        dry_run: bool,
        prune: bool = False,
        files: bool = False,
    ) -> None:
        self._calls = calls
        self._environment = environment
        self._dry_run = dry_run
        self._prune = prune
        self._files = files
        self._changes: list[Change] = []
        self._problems: list[str] = []

    def apply(self, wanted: Document) -> Outcome:
        for section in SECTIONS:
            if section.name not in wanted:
                continue
            given = wanted[section.name]
            try:
                if isinstance(section, Values):
                    self._values(section, given, {}, section.name)
                else:
                    self._items(section, given)
            except StreamsteadError as exc:
                self._problem(section.name, exc)
        return Outcome(self._changes, self._problems)

    def _values(self, section: Values, given: Any, which: dict[str, Any], where: str) -> None:
        if not isinstance(given, dict):
            raise Invalid("it must be a list of names and values", "See the export.")
        before = values_of(self._calls, section, which)
        fields = set(self._calls.takes(section.update)) if section.update else set()
        self._known(given, fields | set(section.single), where)
        new = {
            name: value
            for name, value in given.items()
            if not is_reference(value) and before.get(name) != value
        }
        for secret in section.secrets:
            if is_reference(given.get(secret)) and secret not in before:
                value = resolve(given[secret], self._environment, self._files)
                if value is not None:
                    new[secret] = value
        if not new:
            return
        told = {name: _HIDDEN if name in section.secrets else new[name] for name in new}
        self._changes.append(
            Change(section.name, f"update {where}", {n: before.get(n) for n in new}, told)
        )
        self._do(where, lambda: self._send_values(section, given, new, which))

    def _send_values(
        self, section: Values, given: dict[str, Any], new: dict[str, Any], which: dict[str, Any]
    ) -> None:
        together = {name: value for name, value in new.items() if name not in section.single}
        if together:
            body = {**which, **together}
            if section.name == "play":
                body["kind"] = given.get("kind", values_of(self._calls, section, which)["kind"])
            elif section.name == "window":
                body = {**values_of(self._calls, section, which), **together}
            if section.name == "recording" and body.get("target_id"):
                ids = {label: one for one, label in labels_of(self._calls, "buckets").items()}
                body["target_id"] = ids.get(body["target_id"], body["target_id"])
            self._calls.ask(section.update, body)
        for name, call in section.single.items():
            if name in new:
                self._calls.ask(*call(new[name]))

    def _items(self, section: Items, given: Any) -> None:
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise Invalid("it must be a list", "See the export.")
        there = {
            self._identity(section, shown): (item, shown)
            for item, shown in items_of(self._calls, section)
        }
        seen = set()
        for one in given:
            name = self._identity(section, one)
            if name in seen:
                raise Invalid(f"{name} is there twice", "Names tell one from another.")
            seen.add(name)
            try:
                self._item(section, name, one, there.get(name))
            except StreamsteadError as exc:
                self._problem(f"{section.name}: {name}", exc)
        if self._prune and section.remove:
            for name, (item, shown) in there.items():
                if name not in seen:
                    self._remove(section, name, item, shown)

    def _item(
        self,
        section: Items,
        name: str,
        given: dict[str, Any],
        there: tuple[dict[str, Any], dict[str, Any]] | None,
    ) -> None:
        parts = {part.name for part in section.parts}
        self._known(given, set(fields_of(self._calls, section)) | parts, f"{section.name}: {name}")
        plain = {key: value for key, value in given.items() if key not in parts}
        if there is None:
            if not section.create:
                raise Invalid("there is nothing of this name", "See the export for the names.")
            self._create(section, name, plain)
        else:
            self._update(section, name, plain, *there)
        which = {key: given[key] for key in section.identity}
        for part in section.parts:
            if part.name in given and not (there is None and self._dry_run):
                self._values(part, given[part.name], which, f"{name} {part.name}")

    def _create(self, section: Items, name: str, plain: dict[str, Any]) -> None:
        body, missing = self._with_secrets(plain)
        if missing:
            self._problems.append(
                f"{section.name}: {name}: the secret {', '.join(missing)} is not given; "
                "set the variable of this name and apply again"
            )
            return
        self._changes.append(Change(section.name, f"create {name}", None, _masked(plain)))
        takes = self._calls.takes(section.create)
        first = {key: value for key, value in body.items() if key in takes}
        later = {key: value for key, value in body.items() if key not in takes}

        def work() -> None:
            made = self._calls.ask(section.create, self._with_ids(section, first))
            if later:
                more = {**self._which(section, made or body), **later}
                self._calls.ask(section.update, self._with_ids(section, more))

        self._do(f"{section.name}: {name}", work)

    def _update(
        self,
        section: Items,
        name: str,
        plain: dict[str, Any],
        item: dict[str, Any],
        shown: dict[str, Any],
    ) -> None:
        differs = {
            key: value
            for key, value in plain.items()
            if key not in section.identity and shown.get(key) != value
        }
        body, missing = self._with_secrets(differs)
        for path in missing:
            drop(body, path)
        body = {key: value for key, value in body.items() if value != shown.get(key)}
        if not body:
            return
        fixed = sorted(set(body) & set(section.fixed))
        if fixed:
            raise Invalid(
                f"{', '.join(fixed)} cannot be changed", "Remove it and make it anew instead."
            )
        before = {key: shown.get(key) for key in body}
        after = {key: _masked(plain)[key] for key in body}
        self._changes.append(Change(section.name, f"update {name}", before, after))
        full = {**self._which(section, item), **body}
        self._do(
            f"{section.name}: {name}",
            lambda: self._calls.ask(section.update, self._with_ids(section, full)),
        )

    def _remove(
        self, section: Items, name: str, item: dict[str, Any], shown: dict[str, Any]
    ) -> None:
        self._changes.append(Change(section.name, f"remove {name}", shown, None))
        body = self._which(section, item)
        self._do(f"{section.name}: {name}", lambda: self._calls.ask(section.remove, body))

    def _which(self, section: Items, item: dict[str, Any]) -> dict[str, Any]:
        """Return the fields that name an item in a call."""
        if section.identity != ("label",) and "id" not in self._calls.takes(section.update):
            return {key: item[key] for key in section.identity}
        inner = item.get("target")
        return {"id": (inner if isinstance(inner, dict) else item)["id"]}

    def _with_ids(self, section: Items, body: dict[str, Any]) -> dict[str, Any]:
        body = copy.deepcopy(body)
        for path, other in section.refs.items():
            ids = {label: one for one, label in labels_of(self._calls, other).items()}
            if look(body, path):
                put_ids(body, path, ids)
        return body

    def _with_secrets(self, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the same with the secrets in their places, and the paths of those not given."""
        body = copy.deepcopy(given)
        missing = []
        for path, value in _references(given):
            found = resolve(value, self._environment, self._files)
            if found is None:
                missing.append(path)
            else:
                put(body, path, found)
        return body, missing

    def _identity(self, section: Items, one: dict[str, Any]) -> str:
        absent = [key for key in section.identity if not one.get(key)]
        if absent:
            raise Invalid(f"an entry has no {absent[0]}", "Every entry needs it.")
        return "/".join(str(one[key]) for key in section.identity)

    def _known(self, given: dict[str, Any], fields: set[str], where: str) -> None:
        unknown = sorted(set(given) - fields)
        if unknown:
            raise Invalid(
                f"{where}: {', '.join(unknown)} is not known",
                f"Known: {', '.join(sorted(fields))}.",
                key="unknown_field",
            )

    def _do(self, where: str, work: Callable[[], Any]) -> None:
        if self._dry_run:
            return
        try:
            work()
        except StreamsteadError as exc:
            self._changes.pop()
            self._problem(where, exc)

    def _problem(self, where: str, exc: StreamsteadError) -> None:
        self._problems.append(f"{where}: {exc.message} {exc.help}".strip())


def _references(value: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if is_reference(inner):
            found.append((here, inner))
        elif isinstance(inner, dict):
            found += _references(inner, here)
    return found


def _masked(given: dict[str, Any]) -> dict[str, Any]:
    shown = copy.deepcopy(given)
    for path, _ in _references(given):
        put(shown, path, _HIDDEN)
    return shown
