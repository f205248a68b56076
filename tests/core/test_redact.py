"""Secrets never reach a log or an error."""

import json
import logging
from io import StringIO

import pytest
import structlog

from streamstead.core import log as log_module
from streamstead.core.redact import redact_destination, redact_text


@pytest.mark.parametrize(
    "text",
    [
        "rtmp://h/live/cam?secret=hunter2&x=1",
        "POST /verify?hook=hunter2 HTTP/1.1",
        "Authorization: Bearer hunter2",
        '{"password": "hunter2"}',
        "password='hunter2'",
        "rtsp://admin:hunter2@camera/1",
        "token=hunter2",
    ],
)
def test_values_of_secrets_are_replaced(text: str) -> None:
    assert "hunter2" not in redact_text(text)
    assert "***" in redact_text(text)


def test_other_text_stays_as_it_is() -> None:
    text = "stream live/cam from 203.0.113.7:1935 at 30 fps"
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://a.example/live/abc-key", "rtmp://a.example/live/***"),
        ("rtmps://a.example:443/app/key?x=1", "rtmps://a.example:443/app/***"),
        ("rtmp://a.example/live/", "rtmp://a.example/live/"),
    ],
)
def test_a_destination_is_shown_without_its_key(url: str, shown: str) -> None:
    assert redact_destination(url) == shown


def test_log_lines_are_json_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("sys.stderr", stream)
    log_module.configure_logging("info", "test")
    log_module.get_logger("x").info("thing.done", url="rtmp://h/a?secret=hunter2", token="hunter2")
    structlog.reset_defaults()
    line = json.loads(stream.getvalue())
    assert (line["event"], line["service"]) == ("thing.done", "test")
    assert "hunter2" not in stream.getvalue()
