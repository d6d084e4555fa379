"""Logs: one event, one line of JSON, fields not prose; what is bound to the context rides along.

What libraries and the interpreter have to say becomes such lines too, so that a log holds nothing else.
"""

import contextlib
import io
import json
import logging
import os
import select
import stat
import sys
import threading
import types
from collections.abc import Iterator, MutableMapping
from typing import Any, TextIO, cast

import msgspec
import structlog

MOST = select.PIPE_BUF
"""Bytes of a line. The kernel takes so much at once or nothing, so that processes which share a pipe never tear lines."""
LEAST = 64
"""A text that is no longer than this is not cut."""
CUT = " ... "


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


class Printed(io.TextIOBase):
    """What is printed to standard error, as lines of the log: servers and the interpreter know no other way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._begun = ""

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            self._begun = self._begun[-MOST:]
        for line in filter(str.strip, lines):
            get().warning("printed", text=line)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """For whoever dumps to it when the interpreter itself is in trouble."""
        return self._descriptor


class Told(logging.Handler):
    """What libraries log, as lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        line = {"logger": record.name, "text": record.getMessage(), "exc_info": record.exc_info or None}
        level = min(record.levelno, logging.ERROR) // 10 * 10
        get().log(max(level, logging.DEBUG), "library.said", **{k: v for k, v in line.items() if v})


def setup(process: str, *, level: str = "info") -> None:
    """Write JSON lines to standard error; called once by main. Libraries are heard from `warning` on."""
    descriptor = sys.stderr.fileno()
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            _of(process),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", Lossy(descriptor))),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Told()], level=max(least, logging.WARNING), force=True)
    logging.captureWarnings(capture=True)
    sys.stderr = Printed(descriptor)
    sys.excepthook = _died
    threading.excepthook = _thread_died
    sys.unraisablehook = _ignored


def get() -> Any:
    """A logger; call it at module level or wherever a line is written."""
    return structlog.get_logger()


def bound(**fields: object) -> Any:
    """A context manager that adds fields to every line written inside it."""
    return structlog.contextvars.bound_contextvars(**fields)


class Seldom:
    """Says the same at most once in so many seconds, with how often it was not said since; not for what must be kept."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._unsaid: dict[str, tuple[float, int]] = {}  # event -> when it may be said again, how often it was not

    def warning(self, event: str, now: float, **fields: object) -> None:
        """A warning; `now` is a monotonic time."""
        with self._lock:
            until, unsaid = self._unsaid.get(event, (now, 0))
            quiet = now < until
            self._unsaid[event] = (until, unsaid + 1) if quiet else (now + self._seconds, 0)
        if not quiet:
            get().warning(event, **fields, **({"unsaid": unsaid} if unsaid else {}))


def _of(process: str) -> structlog.types.Processor:
    """Names the process; not bound to the context, as threads begin with nothing bound."""

    def name(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["process"] = process
        return line

    return name


def _rendered(_logger: object, _method: str, line: MutableMapping[str, Any]) -> str:
    """One line of JSON that fits; the longest texts lose what is in their middle."""
    raw = _encoded(line)
    for name in _longest_first(line) if len(raw) >= MOST else ():
        text = line[name] if isinstance(line[name], str) else _encoded(line[name]).decode(errors="replace")
        size = len(text)
        while len(raw) >= MOST and size > LEAST:
            size = size * 3 // 4
            # An error is named at the end of a traceback: most of what stays is from there.
            line[name] = text[: size // 4] + CUT + text[-(size - size // 4) :]
            raw = _encoded(line)
    return raw.decode(errors="replace")


def _longest_first(line: MutableMapping[str, Any]) -> Iterator[str]:
    lengths = {name: len(_encoded(value)) for name, value in line.items()}
    yield from (name for name in sorted(lengths, key=lambda n: -lengths[n]) if lengths[name] > LEAST)


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value, enc_hook=repr)
    except (TypeError, ValueError, UnicodeEncodeError):  # keys that are no text, lone surrogates
        return json.dumps(value, default=repr, skipkeys=True).encode()


def _died(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    get().error("process.died", exc_info=(kind, error, trace))


def _thread_died(gone: threading.ExceptHookArgs) -> None:
    if gone.exc_value is not None and not issubclass(gone.exc_type, SystemExit):
        name = gone.thread.name if gone.thread else ""
        get().error("thread.died", thread=name, exc_info=(gone.exc_type, gone.exc_value, gone.exc_traceback))


def _ignored(what: Any) -> None:
    exc_info = (what.exc_type, what.exc_value, what.exc_traceback)
    get().error("error.ignored", where=repr(what.object), exc_info=exc_info)
