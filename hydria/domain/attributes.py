"""How an attribute is declared: once, with everything the rest of the system must know of it.

    class Listener(Part, kw_only=True, frozen=True):
        protocol_port: Annotated[Port, At.CREATE, Doc("The port.")]
        hsts_max_age: Annotated[Seconds | None, At.BOTH, Since("2.27"), Doc("How long browsers must use HTTPS.")] = None

Derived from it: request forms (`form`), JSON schema, table columns, command-line options, docs. Limits live in named
types (msgspec refuses them on unions). Patterns are written bare and anchored by `pattern`: msgspec searches, so an
unanchored or `$`-anchored one lets text through.
"""

import enum
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

Mark = TypeVar("Mark")

SPELLED = "_spelled"
"""At the end of a hidden attribute's name: how the address of that name was written, where that is not its shortest form."""


class At(enum.Flag):
    """When a user may write an attribute."""

    NEVER = 0
    CREATE = enum.auto()
    UPDATE = enum.auto()
    BOTH = CREATE | UPDATE


class Kept(enum.Enum):
    """Where an attribute lives."""

    STORED = enum.auto()  # a column, shown to users
    HIDDEN = enum.auto()  # a column, never shown
    ASKED = enum.auto()  # accepted in a request, neither stored nor shown
    COMPUTED = enum.auto()  # shown, worked out from other facts


class Empty(enum.Enum):
    """How an empty list is shown, where not as itself."""

    NULL = enum.auto()


@dataclass(frozen=True)
class Since:
    """The minor API version that brought the attribute."""

    version: str


@dataclass(frozen=True)
class Doc:
    """What the attribute means, for every reader: schema, command line, reference."""

    text: str


def pattern(body: str) -> str:
    """Anchor a bare pattern so that the whole text, line ends included, must fit it."""
    return rf"\A(?:{body})\Z"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A thing the API serves. Attributes are declared in subclasses, in the order they are shown."""


@dataclass(frozen=True)
class Attribute:
    """One attribute as the derived layers see it."""

    name: str
    type: Any  # as declared, limits included: what msgspec checks
    at: At
    kept: Kept
    since: str
    doc: str
    default: Any  # msgspec.NODEFAULT when required
    nullable: bool
    is_null_if_empty: bool = False  # in answers


def _mark(marks: list[Any], kind: type[Mark], otherwise: Mark) -> Mark:
    return next((m for m in marks if isinstance(m, kind)), otherwise)


def _attribute(name: str, hint: Any, field: Any) -> Attribute:
    kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    metas = tuple(m for m in marks if isinstance(m, Meta))  # typing flattens Annotated[Port, …]: keep its limits
    default = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return Attribute(
        name=name,
        type=Annotated[(kind, *metas)] if metas else kind,
        at=_mark(marks, At, At.NEVER),
        kept=_mark(marks, Kept, Kept.STORED),
        since=_mark(marks, Since, Since("2.0")).version,
        doc=_mark(marks, Doc, Doc("")).text,
        default=default,
        nullable=get_origin(kind) in (Union, UnionType) and type(None) in get_args(kind),
        is_null_if_empty=Empty.NULL in marks,
    )


@cache
def attributes(resource: type[Resource]) -> dict[str, Attribute]:
    """All attributes of a resource, in order of declaration."""
    hints = get_type_hints(resource, include_extras=True)
    fields = {f.name: f for f in msgspec.structs.fields(resource)}
    return {name: _attribute(name, hint, fields[name]) for name, hint in hints.items()}


@cache
def spelled(resource: type[Resource]) -> tuple[str, ...]:
    """Addresses that are shown as they were written, by name."""
    return tuple(name.removesuffix(SPELLED) for name in attributes(resource) if name.endswith(SPELLED))


@cache
def form(resource: type[Resource], at: At) -> type[msgspec.Struct]:
    """The request body of a create or an update: what may be written then, nothing else.

    An update may leave any attribute out (UNSET) and may reset any to its default with null.
    """
    fields: list[Any] = []
    for a in attributes(resource).values():
        if not a.at & at:
            continue
        if at is At.UPDATE:
            fields.append((a.name, a.type | None | UnsetType, UNSET))
        elif a.default is msgspec.NODEFAULT:
            fields.append((a.name, a.type))
        else:
            fields.append((a.name, a.type | None, msgspec.field(default=None)))
    name = f"{resource.__name__}{'Create' if at is At.CREATE else 'Update'}"
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def written(resource: type[Resource], body: msgspec.Struct) -> dict[str, Any]:
    """What a request body sets: only the attributes given, null turned into the declared default."""
    known = attributes(resource)
    given = {f: getattr(body, f) for f in body.__struct_fields__ if getattr(body, f) is not UNSET}
    return {
        name: known[name].default if value is None and not known[name].nullable else value
        for name, value in given.items()
    }
