"""Alerts speak two languages, and say the same in the page and in messages."""
# ruff: noqa: RUF001 - Chinese sentences have Chinese punctuation

import json
import re
from pathlib import Path

import pytest

from streamstead.platform.alerts.messages import Message, letter, trial
from streamstead.platform.alerts.models import AlertLevel
from streamstead.platform.alerts.phrases import PHRASES
from streamstead.platform.alerts.rules import RULES
from streamstead.platform.alerts.words_zh import WORDS

LOCALES = Path(__file__).parents[3] / "ui/src/locales"
MINUTE_MS = 60_000


def of_the_page(language: str) -> dict[str, dict[str, str]]:
    """Return name, text and help by rule; the page loads them in two parts."""
    home, incidents = (
        json.loads((LOCALES / f"{part}.{language}.json").read_text())["alertRules"]
        for part in ("home", "incidents")
    )
    assert home.keys() == incidents.keys()
    return {name: home[name] | incidents[name] for name in home}


def places(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def in_the_page(text: str) -> str:
    return re.sub(r"\{(\w+)\}", r"{{\1}}", text)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_says_the_same_in_both_languages_here_and_in_the_page(name: str) -> None:
    english = (RULES[name].text, RULES[name].advice)
    chinese = WORDS[name]
    for here, there in zip(english, chinese, strict=True):
        assert places(here) == places(there)
        assert not there.isascii()
    for language, words in (("en", english), ("zh", chinese)):
        page = of_the_page(language)[name]
        assert page["name"]
        assert (page["text"], page["help"]) == tuple(map(in_the_page, words))


def test_no_words_are_there_for_a_rule_that_is_not() -> None:
    assert WORDS.keys() == RULES.keys()
    assert of_the_page("en").keys() == of_the_page("zh").keys() == RULES.keys()


def test_the_phrases_around_have_the_same_places_in_both_languages() -> None:
    english, chinese = PHRASES["en"], PHRASES["zh"]
    assert english.level.keys() == chinese.level.keys()
    for name in english.__slots__:
        if name != "level":
            assert places(getattr(english, name)) == places(getattr(chinese, name)), name


def disk(level: AlertLevel = "warning", over: bool = False, since_ms: int = 0) -> Message:
    params: dict[str, str | int | float] = {"path": "/data", "free_percent": 7, "free_gb": 3}
    rule = RULES["disk_low"]
    return Message(
        alert="disk_low:/data",
        rule="disk_low",
        subject="/data",
        level=level,
        over=over,
        text=rule.words(params),
        help=rule.help(params),
        since_ms=since_ms,
        at_ms=5 * MINUTE_MS,
        params=params,
    )


def test_a_message_is_in_the_language_of_its_target() -> None:
    told = letter([disk()], "tower", "zh")
    assert told.title == "tower: 警告：磁盘 /data 剩余 7%（3 GB）。"
    assert told.body.splitlines()[1:] == [WORDS["disk_low"][1], "始于 1970-01-01 00:00:00 UTC。"]
    (alert,) = told.as_json("tower")["alerts"]
    assert alert["text"] == "磁盘 /data 剩余 7%（3 GB）。"
    over = letter([disk(over=True)], "tower", "zh")
    assert over.body == "历时 5 分钟，现已恢复：磁盘 /data 剩余 7%（3 GB）。"
    assert letter([disk()], "tower").body.startswith("The disk /data has 7 % left (3 GB).")
    assert trial("tower", 0, "zh").title == "tower: 测试消息"


def test_several_messages_together_are_in_one_language() -> None:
    other = Message("redis_down:", "redis_down", "", "critical", True, "x", "y", 0, 0)
    told = letter([disk(), other], "tower", "zh")
    assert told.title == "tower: 1 个新警报，1 个已恢复"
    assert told.body == f"警告：磁盘 /data 剩余 7%（3 GB）。\n已恢复：{WORDS['redis_down'][0]}"


def test_what_waited_from_before_languages_is_sent_as_it_is() -> None:
    old = Message("a", "disk_low", "", "warning", False, "The disk is low.", "Help.", 0, 0)
    gone = Message("b", "no_such_rule", "", "warning", False, "Strange.", "Help.", 0, 0)
    assert "The disk is low." in letter([old], "tower", "zh").body
    assert "Strange." in letter([gone], "tower", "zh").body
