"""Reading a request body into values, with words of our own for what does not fit."""

import enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, UnsetType

from hydria.domain import types
from hydria.domain.attributes import SPELLED, At, Attribute, Kept, Resource, attributes, form, spelled, written
from hydria.domain.refusals import Invalid
from hydria.kit import ids

SHOWN_LENGTH = 120
PROJECT_NAMES = ("project_id", "tenant_id")
BROUGHT = {"Listener": "default_pool", "Pool": "healthmonitor", "L7Policy": "redirect_pool"}
"""What may come along on creation and is no attribute."""


def create(resource: type[Resource], body: dict[str, Any]) -> dict[str, Any]:
    """What a request to create sets; raises Invalid."""
    return _read(resource, At.CREATE, body)


def update(resource: type[Resource], body: dict[str, Any]) -> dict[str, Any]:
    """What a request to change sets: null resets to the default; raises Invalid."""
    known = attributes(resource)
    for name, value in body.items():
        if value is None and name in known and known[name].default is NODEFAULT and known[name].at & At.UPDATE:
            raise Invalid(_message(known[name], value))
    values = _read(resource, At.UPDATE, body)
    if "admin_state_up" in body and body["admin_state_up"] is None:
        values["admin_state_up"] = False
    return values


def project(body: dict[str, Any]) -> str | None:
    """Take the project out of a body; it has two names. Raises Invalid when they differ or are no id."""
    given = {name: value for name in PROJECT_NAMES if (value := body.pop(name, None)) is not None}
    for name, value in given.items():
        try:
            msgspec.convert(value, types.ProjectId)
        except msgspec.ValidationError:
            message = f"{name} must be letters, digits, '_', '.' or '-', at most 36; not {quoted(value)}."
            raise Invalid(message) from None
    found: set[str] = set(given.values())
    if len(found) > 1:
        message = "project_id and tenant_id are two names of one attribute; they must not differ."
        raise Invalid(message)
    return found.pop() if found else None


def _read(resource: type[Resource], at: At, body: dict[str, Any]) -> dict[str, Any]:
    try:
        read = msgspec.convert(body, form(resource, at), strict=False, dec_hook=types.custom)
    except msgspec.ValidationError:
        raise Invalid(_culprit(resource, at, body)) from None
    values = written(resource, read)
    for name, kind in _identifiers(resource).items():
        if name in values:
            values[name] = _small(kind, values[name])
    for name in spelled(resource):
        if name in values:
            values[name + SPELLED] = body[name] if body.get(name) != values[name] else None
    return values


@cache
def _identifiers(resource: type[Resource]) -> dict[str, Any]:
    """Attributes that are identifiers, or hold some, with their types."""
    return {a.name: a.type for a in attributes(resource).values() if _holds_identifiers(a.type)}


def _holds_identifiers(kind: Any) -> bool:
    bare, metas = _bare(kind)
    if isinstance(bare, type) and issubclass(bare, Resource):
        return bool(_identifiers(bare))
    inside = get_args(bare)[:1] if get_origin(bare) is list else ()
    return any(m.pattern and ids.TEXT in m.pattern for m in metas) or any(_holds_identifiers(k) for k in inside)


def _small(kind: Any, value: Any) -> Any:
    """A value with its identifiers in lower case, as they are compared and shown."""
    if isinstance(value, list):
        element = get_args(_bare(kind)[0])[0]
        return [_small(element, v) for v in value]
    if isinstance(value, Resource):
        own = {name: _small(k, getattr(value, name)) for name, k in _identifiers(type(value)).items()}
        return msgspec.structs.replace(value, **own)
    return value.lower() if isinstance(value, str) else value


def _culprit(resource: type[Resource], at: At, body: dict[str, Any]) -> str:
    """What is wrong with a body that does not fit: attribute, value, what is allowed."""
    known = {a.name: a for a in attributes(resource).values() if a.at & at}
    for name, value in body.items():
        if name not in known:
            return _unwritable(resource, at, name)
        if value is not None and not _fits(known[name], value):
            return _message(known[name], value)
    for name, a in known.items():
        if at is At.CREATE and a.default is NODEFAULT and body.get(name) is None:
            return f"{name} is required: {allowed(a.type)}."
    return "The body does not fit."


def _unwritable(resource: type[Resource], at: At, name: str) -> str:
    """Why an attribute cannot be written now: it is fixed, worked out, or there is no such one."""
    known = attributes(resource)
    a = known.get("project_id" if name in PROJECT_NAMES else name)
    is_brought = name == BROUGHT.get(resource.__name__)
    if is_brought and at is At.CREATE:
        return f"{quoted(name)} can be given only inside a parent that is made with it."
    if is_brought or (a and (a.at & At.CREATE or name in PROJECT_NAMES)):
        return f"{quoted(name)} cannot be changed: it is fixed when the object is created."
    if a and a.kept is not Kept.HIDDEN:
        return f"{quoted(name)} cannot be set here: it follows from other facts."
    return f"Unknown attribute {quoted(name)}."


def _fits(a: Attribute, value: Any) -> bool:
    try:
        msgspec.convert(value, a.type, strict=False, dec_hook=types.custom)
    except msgspec.ValidationError:
        return False
    return True


def _message(a: Attribute, value: Any) -> str:
    return f"Invalid value for {a.name}: {quoted(value)}; it must be {allowed(a.type)}."


def quoted(value: Any) -> str:
    """A value as the user sent it, its beginning if it is long."""
    shown = msgspec.json.encode(value).decode()
    return shown if len(shown) <= SHOWN_LENGTH else f"{shown[:SHOWN_LENGTH]}…"


def _bare(kind: Any) -> tuple[Any, list[Meta]]:
    """A type without Annotated and without None, and its limits."""
    metas: list[Meta] = []
    while True:
        if get_origin(kind) is Annotated:
            kind, *marks = get_args(kind)
            metas += [m for m in marks if isinstance(m, Meta)]
        elif get_origin(kind) in (Union, UnionType):
            kind = next(a for a in get_args(kind) if a not in (type(None), UnsetType))
        else:
            return kind, metas


PLAIN: dict[Any, str] = {
    bool: "true or false",
    types.Address: "an IP address",
    types.AsWritten: "an IP address",
    types.Cidr: "a network in CIDR notation",
    types.HttpVersion: "1.0 or 1.1",
}


def allowed(kind: Any) -> str:
    """What a value of a type may be, for people."""
    bare, metas = _bare(kind)
    if bare in PLAIN:
        return PLAIN[bare]
    if get_origin(bare) is list:
        return f"a list; each element {allowed(get_args(bare)[0])}"
    if get_origin(bare) is dict:
        return f"an object; each value {allowed(get_args(bare)[1])}"
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return f"one of {', '.join(str(e.value) for e in bare)}"
    if isinstance(bare, type) and issubclass(bare, Resource):
        return "an object with " + "; ".join(f"{a.name}: {allowed(a.type)}" for a in attributes(bare).values())
    return _limited(bare, metas)


def _limited(bare: Any, metas: list[Meta]) -> str:
    said = next((m.description for m in metas if m.description), None)
    least = next((m.ge for m in metas if m.ge is not None), None)
    most = next((m.le for m in metas if m.le is not None), None)
    longest = next((m.max_length for m in metas if m.max_length is not None), None)
    if bare is int and not said:
        return f"a whole number from {least} to {most}" if most is not None else f"a whole number, at least {least}"
    if said:
        return said if longest is None else f"{said}, at most {longest} characters"
    body = next((m.pattern for m in metas if m.pattern), None)
    words = f"text of at most {longest} characters"
    return (
        f"{words} that fits {body.removeprefix(chr(92) + 'A(?:').removesuffix(')' + chr(92) + 'Z')}" if body else words
    )
