"""Rules of L7 policies and rules by themselves: which values an action or a condition needs. Pure."""

import re
from urllib.parse import urlsplit

import msgspec

from hydria.domain.articles import an
from hydria.domain.l7policy import L7Policy
from hydria.domain.l7rule import L7Rule
from hydria.domain.refusals import Invalid
from hydria.domain.types import Compare, PolicyAction, RuleType

NEEDS: dict[PolicyAction, str | None] = {
    PolicyAction.REJECT: None,
    PolicyAction.REDIRECT_TO_POOL: "redirect_pool_id",
    PolicyAction.REDIRECT_TO_URL: "redirect_url",
    PolicyAction.REDIRECT_PREFIX: "redirect_prefix",
}
"""What an action must be given; what belongs to other actions is dropped."""

CODES = (301, 302, 303, 307, 308)
KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
PRINTABLE = re.compile(r"[!-~]+")
QUOTED = re.compile(r'"[ -~]*"')

EXACT: dict[RuleType, tuple[Compare, ...]] = {
    RuleType.FILE_TYPE: (Compare.EQUAL_TO, Compare.REGEX),
    RuleType.SSL_CONN_HAS_CERT: (Compare.EQUAL_TO,),
    RuleType.SSL_VERIFY_RESULT: (Compare.EQUAL_TO,),
}
"""Conditions that cannot be compared in every way."""

KEYED = {RuleType.HEADER: KEY, RuleType.COOKIE: KEY, RuleType.SSL_DN_FIELD: FIELD}


def policy(p: L7Policy) -> L7Policy:
    """The policy with what its action needs and nothing of other actions; raises Invalid."""
    needed = NEEDS[p.action]
    if needed and not getattr(p, needed):
        message = f"{needed} is required when action is {p.action}."
        raise Invalid(message)
    for name in ("redirect_url", "redirect_prefix"):
        if name == needed and not _leads_somewhere(getattr(p, name)):
            message = f"{name} must be an http or https URL with a host, and a port from 0 to 65535 if any; not {getattr(p, name)!r}."
            raise Invalid(message)
    if p.redirect_http_code is not None and p.redirect_http_code not in CODES:
        message = f"redirect_http_code must be one of {', '.join(map(str, CODES))}; not {p.redirect_http_code}."
        raise Invalid(message)
    dropped: dict[str, object] = {name: None for name in NEEDS.values() if name and name != needed}
    sends = p.action in (PolicyAction.REDIRECT_TO_URL, PolicyAction.REDIRECT_PREFIX)
    return msgspec.structs.replace(p, **dropped, redirect_http_code=(p.redirect_http_code or 302) if sends else None)


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port >= 0)
    except ValueError:  # brackets that do not close, a port that is none
        return False


def rule(r: L7Rule) -> None:
    """Whether a condition makes sense; raises Invalid."""
    ways = EXACT.get(r.type, tuple(Compare))
    if r.compare_type not in ways:
        message = f"compare_type of {an(r.type)} rule must be one of {', '.join(ways)}."
        raise Invalid(message)
    _key(r)
    _value(r)


def _key(r: L7Rule) -> None:
    fits = KEYED.get(r.type)
    if fits and not (r.key and fits.fullmatch(r.key)):
        message = f"key of {an(r.type)} rule must be the name of a header, cookie or field; not {r.key!r}."
        raise Invalid(message)
    if not fits and r.key and r.type in (RuleType.SSL_CONN_HAS_CERT, RuleType.SSL_VERIFY_RESULT):
        message = f"{an(r.type)} rule has no key."
        raise Invalid(message)


def _value(r: L7Rule) -> None:
    if r.type is RuleType.SSL_CONN_HAS_CERT:
        fits, allowed = r.value.lower() == "true", "true"
    elif r.type is RuleType.SSL_VERIFY_RESULT:
        fits, allowed = r.value.isdecimal() and r.value.isascii(), "a whole number, at least 0"
    elif r.compare_type is Compare.REGEX:
        fits, allowed = _compiles(r.value), "a regular expression"
    else:
        quoted = r.type is RuleType.HEADER and QUOTED.fullmatch(r.value)
        fits, allowed = bool(quoted or PRINTABLE.fullmatch(r.value)), "printable characters without spaces"
    if not fits:
        message = f"value of {an(r.type)} rule must be {allowed}; not {r.value!r}."
        raise Invalid(message)


def _compiles(expression: str) -> bool:
    try:
        re.compile(expression)
    except re.error:
        return False
    return True
