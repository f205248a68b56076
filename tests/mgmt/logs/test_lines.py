"""Every program's own way of writing a line."""

import json

import pytest

from streamstead.core.paths import DataDir
from streamstead.mgmt.logs import journal
from streamstead.mgmt.logs.files import parse_block
from streamstead.mgmt.logs.line import key_of, parse

AT = 1795255201000
"""2026-11-21 10:00:01 UTC."""


@pytest.mark.parametrize(
    ("raw", "level", "at_ms", "text"),
    [
        ("2026/11/21 18:00:01 [crit] 5#5: *7 no room", "error", AT, "*7 no room"),
        ("2026/11/21 18:00:01 [warn] 5#5: old option", "warning", AT, "old option"),
        ("7:M 21 Nov 2026 18:00:01.250 # low", "warning", AT + 250, "low"),
        ("7:C 21 Nov 2026 18:00:01.250 * done", "info", AT + 250, "done"),
        ("[2026-11-21 18:00:01.250][WARN][1][a1b2][104] refused", "warning", AT + 250, "refused"),
        ("\x1b[33m[2026-11-21 18:00:01.250][ERROR][1][9x] no\x1b[0m", "error", AT + 250, "no"),
        (
            "\x1b[0m[2026-11-21 18:00:01.250][WARN][1][9x][104] client disconnect peer. ret=1007",
            "debug",
            AT + 250,
            "client disconnect peer. ret=1007",
        ),
        ('time=2026-11-21T10:00:01.250Z level=ERROR msg="x"', "error", AT + 250, 'msg="x"'),
        ("Traceback (most recent call last):", "info", 7, "Traceback (most recent call last):"),
    ],
)
def test_time_and_level_of_other_programs_are_understood(
    data: DataDir, raw: str, level: str, at_ms: int, text: str
) -> None:
    line = parse(raw.encode(), "x", 7)
    assert (line.level, line.at_ms, line.text) == (level, at_ms, text)


def test_a_line_of_nothing_but_a_colour_is_none() -> None:
    block = b"\x1b[33m[2026-11-21 18:00:01.250][WARN][1][9x] no\n\x1b[0m\n"
    assert [line.text for line in parse_block(block, "media", 0)] == ["no"]


def test_ours_are_taken_apart_and_their_facts_kept() -> None:
    raw = {
        "service": "hooks",
        "event": "stream.refused",
        "level": "warning",
        "timestamp": "2026-11-21T10:00:01.250Z",
        "param": "?secret=s3cr3t-key&b=2",
        "token": "abc",
        "more": {"list": ["rtmp://host/live?secret=s3cr3t-key"], "password": "s3cr3t-key"},
    }
    line = parse(json.dumps(raw).encode(), "hooks")
    assert (line.level, line.at_ms, line.text) == ("warning", AT + 250, "stream.refused")
    assert line.fields["param"] == "?secret=***&b=2"
    assert line.fields["token"] == "***"
    assert "s3cr3t-key" not in json.dumps(line.as_dict())


@pytest.mark.parametrize(
    "raw",
    [
        'http hook: {"action":"on_publish","param":"?secret=s3cr3t-key","stream":"a"}',
        r"client {\"param\":\"?secret=s3cr3t-key\",\"secret\":\"s3cr3t-key\"} refused",
        "srt streamid=#!::r=live/a,secret=s3cr3t-key,m=publish",
        "GET /rtc/v1/whip/?app=live&secret%3Ds3cr3t-key",
        "redirect to rtmp://user:s3cr3t-key@host/live",
        "authorization: Bearer s3cr3t-key",
        "used ssk_ab12_s3cr3t-key here",
    ],
)
def test_a_secret_that_the_media_server_wrote_is_hidden(raw: str) -> None:
    assert "s3cr3t-key" not in parse(raw.encode(), "media").text


def test_an_id_names_its_line() -> None:
    line = parse(b"x", "a-b.c", 12)
    line.offset = 34
    assert key_of(line.id) == (12, "a-b.c", 34)
    assert key_of("nonsense") is None


def test_entries_of_the_journal_are_lines_of_the_manager() -> None:
    said = '{"event":"service.started","level":"info","timestamp":"2026-11-21T10:00:00Z"}'
    raw = {"__REALTIME_TIMESTAMP": str(AT * 1000 + 42), "MESSAGE": said}
    line = journal.entry(json.dumps(raw).encode())
    assert line is not None
    assert (line.service, line.at_ms, line.text) == ("mgmt", AT, "service.started")
    raw["MESSAGE"] = list(b"not a text: token=abc \xff")  # type: ignore[assignment]
    line = journal.entry(json.dumps(raw).encode())
    assert line is not None
    assert line.text.startswith("not a text: token=***")
    assert journal.entry(b"-- no entries --") is None
