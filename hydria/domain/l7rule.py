"""The L7 rule: one condition of a policy."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Since
from hydria.domain.part import Part
from hydria.domain.types import Compare, Line, Name, RuleType, Uuid


class L7Rule(Part, kw_only=True, frozen=True):
    """A condition that a request must meet."""

    l7policy_id: Annotated[Uuid, Kept.HIDDEN]
    type: Annotated[RuleType, At.BOTH, Doc("What is looked at.")]
    compare_type: Annotated[Compare, At.BOTH, Doc("How it is compared.")]
    key: Annotated[Line | None, At.BOTH, Doc("Name of the header, cookie or field.")] = None
    value: Annotated[Line, At.BOTH, Doc("What it is compared with.")]
    invert: Annotated[bool, At.BOTH, Doc("True: met when it does not match.")] = False
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: it is passed over.")] = True
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
