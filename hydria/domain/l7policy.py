"""The L7 policy: what a listener does with requests that all its rules match."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Since
from hydria.domain.part import Part
from hydria.domain.types import HttpCode, Name, PolicyAction, Position, Url, Uuid

LAST = 2147483647


class L7Policy(Part, kw_only=True, frozen=True):
    """An action of a listener; its rules are AND-ed."""

    listener_id: Annotated[Uuid, At.CREATE, Doc("The listener it belongs to.")]
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    description: Annotated[Name, At.BOTH, Doc("A description for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: it is passed over.")] = True
    action: Annotated[PolicyAction, At.BOTH, Doc("What is done.")]
    redirect_pool_id: Annotated[Uuid | None, At.BOTH, Doc("Where to; REDIRECT_TO_POOL.")] = None
    redirect_url: Annotated[Url | None, At.BOTH, Doc("Where to; REDIRECT_TO_URL.")] = None
    redirect_prefix: Annotated[Url | None, At.BOTH, Doc("Where to; REDIRECT_PREFIX.")] = None
    redirect_http_code: Annotated[HttpCode | None, At.BOTH, Since("2.9"), Doc("301, 302, 303, 307 or 308.")] = None
    position: Annotated[Position, At.BOTH, Doc("Its place among the listener's policies, from 1.")] = LAST
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    rules: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its rules.")] = []
