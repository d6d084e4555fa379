"""Logs: one event, one line, fields not prose; what is bound to the context rides along."""

import contextlib
import logging
import os
import stat
import sys
from typing import Any, TextIO, cast

import structlog


class Lossy:
    """Standard error, which loses lines rather than wait for a logger that cannot write: its disk may be full."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, False)

    def write(self, text: str) -> int:
        with contextlib.suppress(BlockingIOError):
            os.write(self._descriptor, text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Everything is written at once."""


def setup(process: str, *, level: str = "info") -> None:
    """Write JSON lines to standard error; called once by main."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", Lossy(sys.stderr.fileno()))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get() -> Any:
    """A logger; call it at module level or wherever a line is written."""
    return structlog.get_logger()


def bound(**fields: object) -> Any:
    """A context manager that adds fields to every line written inside it."""
    return structlog.contextvars.bound_contextvars(**fields)
