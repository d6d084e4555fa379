"""Logs: one event, one line, fields not prose; what is bound to the context rides along."""

import logging
import sys
from typing import Any

import structlog


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get() -> Any:
    """A logger; call it at module level or wherever a line is written."""
    return structlog.get_logger()


def bound(**fields: object) -> Any:
    """A context manager that adds fields to every line written inside it."""
    return structlog.contextvars.bound_contextvars(**fields)
