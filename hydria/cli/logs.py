"""The end of a log, for people."""

import json
from pathlib import Path

LONGEST = 8192
"""Bytes of a line."""
FIRST = ("time", "level", "event")
LAST = ("exception", "traceback")


def end(file: Path, lines: int) -> list[str]:
    """The last lines of a log, of which a traceback makes several; none where there is no log."""
    if not file.exists():
        return []
    with file.open("rb") as log:
        log.seek(max(0, file.stat().st_size - lines * LONGEST))
        read = log.read().decode(errors="replace").splitlines()
    return [shown for line in read[-lines:] for shown in readable(line)]


def readable(line: str) -> list[str]:
    """A line of a log as people read it; what is no JSON stays as it is."""
    try:
        found = json.loads(line)
        first = " ".join(str(found.pop(name)) for name in FIRST)
    except (ValueError, KeyError, AttributeError, TypeError):
        return [line]
    traces = [str(found.pop(name)) for name in LAST if name in found]
    fields = " ".join(f"{name}={value}" for name, value in found.items())
    return [f"{first} {fields}", *(text for trace in traces for text in trace.splitlines())]
