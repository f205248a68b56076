"""The page has words, in every language, for everything the services name by a key."""

import json
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.events import EventType
from streamstead.core.scopes import Scope, known_calls, needed_scope
from streamstead.platform.alerts.notify_kinds import KINDS, PRIVATE
from streamstead.platform.alerts.rules import LEVELS, RULES

LOCALES = Path(__file__).resolve().parent.parent.parent / "ui/src/locales"

# Calls by GET, which the audit does not note.
NOT_NOTED = {
    "mgmt/backup/download",
    "mgmt/containers/progress",
    "mgmt/logs/download",
    "mgmt/logs/live",
    "mgmt/support-bundle/download",
}

pytestmark = pytest.mark.parametrize("language", ["en", "zh"])


def words(part: str, language: str) -> dict[str, Any]:
    return dict(json.loads((LOCALES / f"{part}.{language}.json").read_text()))


def test_every_event_type_has_a_name_and_a_group(language: str) -> None:
    found = words("webhooks", language)["webhooks"]
    for type_ in EventType:
        group, name = type_.value.split(".")
        assert found["events"].get(group, {}).get(name), type_
        assert found["groups"].get(group), type_


def test_every_alert_has_a_name_a_sentence_and_advice(language: str) -> None:
    sentences = words("home", language)["alertRules"]
    others = words("incidents", language)["alertRules"]
    assert set(sentences) == set(others) == set(RULES)
    units = words("system", language)["alerts"]["units"]
    for name, rule in RULES.items():
        assert sentences[name]["text"], name
        assert others[name]["name"], name
        assert others[name]["help"], name
        assert rule.unit in ("", "percent", "seconds") or f"{rule.unit}_other" in units, name


def test_every_alert_has_the_same_places_to_fill_as_the_server_fills(language: str) -> None:
    sentences = words("home", language)["alertRules"]
    others = words("incidents", language)["alertRules"]
    for name, rule in RULES.items():
        assert _places(sentences[name]["text"]) == _places(rule.text), name
        assert _places(others[name]["help"]) == _places(rule.advice), name


def test_every_field_of_a_notification_target_has_a_name(language: str) -> None:
    found = words("system", language)["notify"]
    for kind, fields in KINDS.items():
        assert found["kinds"].get(kind), kind
        for field in fields:
            if field.name != PRIVATE:
                assert found["fields"][kind][field.name]["label"], (kind, field.name)


def test_every_level_of_an_alert_has_a_word(language: str) -> None:
    main = json.loads((LOCALES / f"{language}.json").read_text())
    assert set(main["levels"]) == set(LEVELS)


def test_every_call_that_the_audit_notes_has_words(language: str) -> None:
    deeds = words("audit", language)["deeds"]
    noted = {
        call for call in known_calls() if needed_scope(call, "POST") is not Scope.READ
    } - NOT_NOTED
    assert noted - set(deeds) == set()


def _places(text: str) -> set[str]:
    return {part.split("}")[0].strip("{") for part in text.split("{") if "}" in part}
