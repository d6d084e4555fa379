"""The health monitor: how a pool's members are checked."""

from typing import Annotated

from hydria.domain.attributes import At, Doc, Kept, Since
from hydria.domain.part import Part
from hydria.domain.types import (
    Codes,
    DomainName,
    HttpMethod,
    HttpVersion,
    MonitorType,
    Name,
    Retries,
    Seconds,
    UrlPath,
    Uuid,
)


class HealthMonitor(Part, kw_only=True, frozen=True):
    """Checks every member of a pool."""

    pool_id: Annotated[Uuid, At.CREATE, Kept.HIDDEN, Doc("The pool it checks.")]
    name: Annotated[Name, At.BOTH, Doc("A name for people.")] = ""
    admin_state_up: Annotated[bool, At.BOTH, Doc("False: nothing is checked.")] = True
    type: Annotated[MonitorType, At.CREATE, Doc("What is tried.")]
    delay: Annotated[Seconds, At.BOTH, Doc("Seconds between checks.")]
    timeout: Annotated[Seconds, At.BOTH, Doc("Seconds a check may take.")]
    max_retries: Annotated[Retries, At.BOTH, Doc("Successes before a member is up.")]
    max_retries_down: Annotated[Retries, At.BOTH, Doc("Failures before a member is down.")] = 3
    http_method: Annotated[HttpMethod | None, At.BOTH, Doc("Method; HTTP and HTTPS.")] = None
    url_path: Annotated[UrlPath | None, At.BOTH, Doc("Path; HTTP and HTTPS.")] = None
    expected_codes: Annotated[Codes | None, At.BOTH, Doc("Codes that mean healthy; HTTP and HTTPS.")] = None
    http_version: Annotated[HttpVersion | None, At.BOTH, Since("2.10"), Doc("1.0 or 1.1.")] = None
    domain_name: Annotated[DomainName | None, At.BOTH, Since("2.10"), Doc("Host header; with HTTP 1.1.")] = None
    tags: Annotated[list[Name], At.BOTH, Since("2.5"), Doc("Words to find it by.")] = []
    pools: Annotated[list[dict[str, str]], Kept.COMPUTED, Doc("Its pool.")] = []
