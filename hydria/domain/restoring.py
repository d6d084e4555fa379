"""Restoring: an object that the data plane refuses gets back the values that run. Pure."""

from typing import Any

from hydria.domain.attributes import SPELLED, At, Kept, attributes, spelled
from hydria.domain.part import Part
from hydria.domain.refusals import Conflict
from hydria.domain.verdict import Verdict

MOVED = "subnet_id"
"""What a batch may change although no other update can."""


def values(part: Part, runs: Part | None, verdict: Verdict | None) -> dict[str, Any]:
    """What is to be written into an object; raises Conflict when nothing of it is refused, or nothing of it runs."""
    if verdict is None or verdict.changed != part.changed:
        message = f"Nothing of {part.id} is refused by the data plane: there is nothing to restore."
        raise Conflict(message)
    if runs is None:
        message = f"Nothing of {part.id} runs, as it was refused when it was new: change it or delete it."
        raise Conflict(message)
    known = attributes(type(part))
    names = [a.name for a in known.values() if (a.at & At.UPDATE or a.name == MOVED) and a.kept is Kept.STORED]
    return {name: getattr(runs, name) for name in (*names, *(n + SPELLED for n in spelled(type(part)) if n in names))}
