"""How the description of the API says what this deployment does not serve.

`x-supported: false` with `x-reason`: an attribute, a kind or an operation, whatever is sent. `x-unsupported`: of the words
that an attribute can be, or the names that it can hold, those that are refused, each with the reason.
"""

from typing import Any

from hydria.domain.attributes import Resource
from hydria.domain.lacks import Lacks

Marks = dict[str, Any]


def of_kind(resource: type[Resource], lacks: Lacks) -> Marks:
    """What is said of a whole kind: of its forms, of what writes it, of where it may stand inside its parent."""
    reason = lacks.whole(resource)
    return {"x-supported": False, "x-reason": reason} if reason else {}


def of_attribute(resource: type[Resource], name: str, lacks: Lacks) -> Marks:
    """What is said of an attribute."""
    words: dict[str, str] = {}
    for lack in lacks.about(resource, name):
        if not lack.values:
            return {"x-supported": False, "x-reason": lack.reason}
        words |= dict.fromkeys(map(str, lack.values), lack.reason)
    return {"x-unsupported": words} if words else {}
