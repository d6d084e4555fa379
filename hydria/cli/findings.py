"""What the doctor finds: checks that run side by side, each judged in order, causes before what they explain."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hydria.cli.bounded import Begun
from hydria.cli.trouble import Trouble

State = Literal["ok", "warning", "wrong"]


class Concern(Trouble):
    """What works, and should be looked at soon."""


@dataclass(frozen=True)
class Check:
    """Something to look at; `causes` are the checks that explain its trouble when they are wrong themselves."""

    name: str
    look: Callable[[], str]
    causes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a check found. `details`: lines that name what is wrong, or the end of a log."""

    name: str
    state: State
    found: str = ""
    reason: str = ""
    remedy: str = ""
    details: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """The same for a machine."""
        return {**asdict(self), "details": list(self.details)}


def examine(checks: Sequence[Check], seconds: float) -> Iterator[Finding]:
    """A finding for each check, in their order; all of them within so many seconds, whatever hangs."""
    until = time.monotonic() + seconds
    begun = [(check, Begun(check.look)) for check in checks]
    wrong: set[str] = set()
    for check, work in begun:
        finding = _judged(check, work, until - time.monotonic(), [c for c in check.causes if c in wrong])
        if finding.state == "wrong":
            wrong.add(check.name)
        yield finding


def _judged(check: Check, work: Begun[str], seconds: float, causes: Sequence[str]) -> Finding:
    state: State = "wrong"
    try:
        return Finding(check.name, "ok", found=work.result(seconds))
    except Concern as concern:
        state = "warning"
        if not causes:
            return _told(check, state, concern)
    except Trouble as trouble:
        if not causes:
            return _told(check, state, trouble)
    except Exception as error:  # noqa: BLE001  (whatever breaks in one check, the others are told)
        if not causes:
            what = f"it could not be looked at: {type(error).__name__}: {error}"
            return Finding(check.name, state, reason=" ".join(what.split()), remedy="report this defect")
    because = f"explained by what is wrong with: {', '.join(causes)}"
    return Finding(check.name, state, reason=because, remedy=f"mend this first: {causes[0]}")


def _told(check: Check, state: State, trouble: Trouble) -> Finding:
    details = tuple(trouble.log.splitlines())
    return Finding(check.name, state, reason=trouble.reason, remedy=trouble.remedy, details=details)
