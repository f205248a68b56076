"""Structured logs: one JSON object a line on stderr, secrets removed before they are written."""

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import orjson

from .redact import redact_text
from .without import without

with without("rich"):  # for errors in colours, 4 MB
    import structlog
    from structlog.typing import EventDict, WrappedLogger

SECRET_FIELDS = {
    "secret",
    "password",
    "token",
    "key",
    "authorization",
    "cookie",
    "code",
    "setup_code",
}
"""Names of facts whose value is never shown."""


class _Stderr:
    """The standard error of the moment: a cached logger must not hold on to one that was closed.

    What cannot be written is lost: a full disk must end no service at its next word.
    """

    copy: int | None = None

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stderr.write(text)
        if self.copy is not None:
            with suppress(OSError):
                os.write(self.copy, text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


_stderr = _Stderr()


def copy_log_to(fd: int) -> None:
    """Write what follows into an open file, too; it stays open to the end of the process."""
    _stderr.copy = fd


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name in SECRET_FIELDS:
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = redact_text(value)
    return event


def configure_logging(level: str, service: str) -> None:
    """Set up structlog and the standard library's logging for one process; call once."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _l, _m, event: {"service": service, **event},
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _stderr)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(cast(TextIO, _stderr))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_dumps),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger; events are dotted names, facts are keyword arguments."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))
