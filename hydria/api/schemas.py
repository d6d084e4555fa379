"""JSON schemas of requests and answers, derived from the attributes that the domain declares."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from msgspec import NODEFAULT, inspect

from hydria.api import marks
from hydria.domain import forms, graphs, kinds, offers, rules, types
from hydria.domain.amphora import Amphora
from hydria.domain.attributes import At, Attribute, Kept, Resource, attributes
from hydria.domain.lacks import Lacks
from hydria.domain.offers import Quota
from hydria.kit import ids

Schema = dict[str, Any]

NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
MOMENT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$",
    "description": "UTC, without a zone.",
}
ADDRESS: Schema = {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
CUSTOM: dict[Any, Schema] = {
    types.Address: ADDRESS,
    types.AsWritten: ADDRESS,
    types.Cidr: {"type": "string", "format": "cidr"},
    types.HttpVersion: {"type": "number", "enum": [1.0, 1.1]},
}
TROUBLE = ("reason", "failed_step", "request_id", "remedy")
"""Shown of what is in ERROR, or pending because a run has failed."""

CHILDREN: dict[str, dict[str, str]] = {
    "LoadBalancer": {"listeners": "[Listener", "pools": "[Pool"},
    "Listener": {"default_pool": "Pool", "l7policies": "[L7Policy"},
    "Pool": {"members": "[Member", "healthmonitor": "HealthMonitor"},
    "L7Policy": {"redirect_pool": "Pool", "rules": "[L7Rule"},
}
"""What may be created together with an object: attribute to kind, "[" for a list."""

IN_TREES_ONLY = ("redirect_pool",)
"""Of these what a parent brings along; by itself the child names what is there."""

RESOURCES = {kind.resource.__name__: kind.resource for kind in kinds.KINDS}

NAMES = {"insert_headers": sorted(rules.FORWARDED | rules.OF_CLIENT)}
"""What the names in a map may be."""

SHOWN_INSIDE = ("listeners", "pools", "l7policies", "members", "healthmonitor", "rules")


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: Schema, required: tuple[str, ...] | None = None) -> Schema:
    """An object with these properties and no others; all are required unless some are named."""
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def rows(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def of(kind: inspect.Type) -> Schema:
    """The schema of a type."""
    if isinstance(kind, inspect.Metadata):
        return {**of(kind.type), **(kind.extra_json_schema or {})}
    if isinstance(kind, inspect.UnionType):
        return {"anyOf": [of(t) for t in kind.types]}
    if isinstance(kind, inspect.ListType):
        return rows(of(kind.item_type))
    if isinstance(kind, inspect.DictType):
        return {"type": "object", "additionalProperties": of(kind.value_type)}
    if isinstance(kind, inspect.EnumType):
        return {"type": "string", "enum": [e.value for e in kind.cls]}
    if isinstance(kind, inspect.CustomType):
        return CUSTOM[kind.cls]
    return _plain(kind)


def _plain(kind: inspect.Type) -> Schema:
    if isinstance(kind, inspect.NoneType):
        return NULL
    if isinstance(kind, inspect.BoolType):
        return {"type": "boolean"}
    if isinstance(kind, inspect.IntType):
        limits = {"minimum": kind.ge, "maximum": kind.le}
        return {"type": "integer", **{k: v for k, v in limits.items() if v is not None}}
    if isinstance(kind, inspect.StrType):
        return _text(kind)
    if isinstance(kind, inspect.StructType):
        inside = {a.name: _described(a, of(inspect.type_info(a.type))) for a in attributes(kind.cls).values()}
        return record(inside, tuple(f.name for f in kind.fields if f.required))
    raise TypeError(kind)


def _text(kind: inspect.StrType) -> Schema:
    if kind.pattern and ids.TEXT in kind.pattern:
        return {"type": "string", "format": "uuid"}
    limits: Schema = {"minLength": kind.min_length, "maxLength": kind.max_length}
    if kind.pattern:
        limits["pattern"] = re.sub(r"\\A", "^", re.sub(r"\\Z", "$", kind.pattern))
    return {"type": "string", **{k: v for k, v in limits.items() if v is not None}}


def _described(a: Attribute, schema: Schema) -> Schema:
    return {**schema, **({"description": a.doc} if a.doc else {}), "x-since": a.since}


def _nullable(schema: Schema) -> Schema:
    return schema if NULL in schema.get("anyOf", ()) else {"anyOf": [schema, NULL]}


# --- requests


def form(resource: type[Resource], at: At, lacks: Lacks) -> Schema:
    """The body of a request to create or to update, with marks on what is not served."""
    found, required = {}, []
    for a in attributes(resource).values():
        if not a.at & at:
            continue
        schema = of(inspect.type_info(a.type))
        schema |= {"propertyNames": {"enum": NAMES[a.name]}} if a.name in NAMES else {}
        needed = at is At.CREATE and a.default in (NODEFAULT, ids.NIL)
        resets = not needed and not (at is At.UPDATE and a.default is NODEFAULT)
        schema = _described(a, _nullable(schema) if resets else schema)
        found[a.name] = schema | marks.of_attribute(resource, a.name, lacks)
        required += [a.name] if needed else []
    return record(found, tuple(required)) | marks.of_kind(resource, lacks)


def _creation(resource: type[Resource], lacks: Lacks) -> Schema:
    """The same of an object of a tree: its children may come along, and it has a project under two names."""
    schema = _whole_creation(resource, lacks)
    for name in IN_TREES_ONLY:
        schema["properties"].pop(name, None)
    return schema


def _whole_creation(resource: type[Resource], lacks: Lacks) -> Schema:
    schema = form(resource, At.CREATE, lacks)
    owner = {n: _nullable(of(inspect.type_info(types.ProjectId))) for n in forms.PROJECT_NAMES}
    schema["properties"] |= {**owner, **_inside(resource, "InTree", lacks)}
    return schema


def _in_tree(resource: type[Resource], lacks: Lacks) -> Schema:
    """The same inside its parent, which it need not name. A pool may be named only: it is then described elsewhere."""
    schema = _whole_creation(resource, lacks)
    for name in graphs.ABOVE:
        schema["properties"].pop(name, None)
    schema["required"] = [n for n in schema["required"] if n not in graphs.ABOVE and resource.__name__ != "Pool"]
    return schema


def _inside(resource: type[Resource], suffix: str, lacks: Lacks) -> Schema:
    found = {}
    for name, child in CHILDREN.get(resource.__name__, {}).items():
        kind = child.removeprefix("[")
        inner = ref(f"{kind}{suffix}")
        found[name] = _nullable(rows(inner) if child.startswith("[") else inner)
        found[name] |= marks.of_kind(RESOURCES[kind], lacks)
    return found


# --- answers


def shown(resource: type[Resource]) -> Schema:
    """An object as it is answered; which keys are required is said where all are there."""
    found = {}
    for a in attributes(resource).values():
        if a.kept in (Kept.STORED, Kept.COMPUTED):
            found[a.name] = _described(a, _answered(resource, a))
    if "project_id" in found:
        found["tenant_id"] = {**found["project_id"], "description": "The same as project_id."}
    if resource in kinds.BY_RESOURCE:
        found |= {n: {"type": ["string", "null"], "description": "Of what is not as it is wanted."} for n in TROUBLE}
    return record(found, ())


def _answered(resource: type[Resource], a: Attribute) -> Schema:
    schema = of(inspect.type_info(a.type))
    if a.kept is Kept.COMPUTED and isinstance(inspect.type_info(a.type), inspect.ListType):
        return rows(ref("Reference"))
    if a.name.endswith("_at") or a.name == "cert_expiration":
        return _nullable(MOMENT) if a.nullable else MOMENT
    if resource is Quota and a.name != "project_id":
        return {"type": "integer", "minimum": -1}
    return _nullable(schema) if a.is_null_if_empty else schema


def always(resource: type[Resource]) -> list[str]:
    """The keys that are there in every answer that shows a whole object."""
    found = shown(resource)["properties"]
    return [n for n in found if n not in (*TROUBLE, "healthmonitor_id")]


def _with_children(resource: type[Resource]) -> Schema:
    """An object with its children inside, as the answer to a whole tree shows it."""
    schema = shown(resource)
    inside = {n: s for n, s in _inside(resource, "WithChildren", Lacks()).items() if n in SHOWN_INSIDE}
    for name, with_children in inside.items():
        own = schema["properties"].get(name)
        schema["properties"][name] = {"anyOf": [with_children, own]} if own else with_children
    return schema


def _trees(lacks: Lacks) -> Iterator[tuple[str, Schema]]:
    for kind in kinds.KINDS:
        name = kind.resource.__name__
        yield name, shown(kind.resource)
        yield f"{name}Create", _creation(kind.resource, lacks)
        yield f"{name}Update", form(kind.resource, At.UPDATE, lacks)
        yield f"{name}WithChildren", _with_children(kind.resource)
        if kind is not kinds.LOADBALANCER:
            yield f"{name}InTree", _in_tree(kind.resource, lacks)


def _offers(lacks: Lacks) -> Iterator[tuple[str, Schema]]:
    for kind in (offers.FLAVOR, offers.FLAVOR_PROFILE, offers.ZONE, offers.ZONE_PROFILE):
        name = kind.resource.__name__
        yield name, shown(kind.resource)
        yield f"{name}Create", form(kind.resource, At.CREATE, lacks)
        yield f"{name}Update", form(kind.resource, At.UPDATE, lacks)
    for resource in (offers.Provider, Quota, Amphora):
        yield resource.__name__, shown(resource)
    yield "QuotaUpdate", form(Quota, At.UPDATE, lacks)


def _errors() -> Iterator[tuple[str, Schema]]:
    side = {"type": "string", "enum": ["Client", "Server"]}
    yield "Fault", record({"faultcode": side, "faultstring": TEXT, "debuginfo": NULL})
    yield "RoutingError", record({"code": {"type": "integer"}, "title": TEXT, "description": TEXT})
    inner = record({"code": {"const": 401}, "title": TEXT, "message": TEXT})
    yield "Unauthorized", record({"error": inner})


def _insight() -> Iterator[tuple[str, Schema]]:
    counted = ("active_connections", "bytes_in", "bytes_out", "request_errors", "total_connections")
    yield "Statistics", record(dict.fromkeys(counted, COUNT))
    named = {n: of(inspect.type_info(types.Uuid)) for n in ("id", "listener_id", "loadbalancer_id")}
    yield "AmphoraStatistics", record({**named, **dict.fromkeys(counted, COUNT)}, ())
    brief: partial[Schema] = partial(dict, id=TEXT, name=TEXT, operating_status=TEXT, provisioning_status=TEXT)
    member = record(brief(address=ADDRESS, protocol_port=COUNT))
    pool = brief(health_monitor=_nullable(record(brief(type=TEXT))), members=rows(member))
    listener = record(brief(pools=rows(record(pool))))
    yield "StatusTree", record({"loadbalancer": record(brief(listeners=rows(listener)))})
    step = record({"step": TEXT, "ms": {"type": "number"}, "outcome": TEXT})
    maybe = {"type": ["string", "null"]}
    event = {"number": COUNT, "at": MOMENT, "entry": {"type": "string", "enum": ["write", "run"]}, "action": TEXT}
    event |= {"type": TEXT, "id": TEXT, "generation": COUNT, "who": TEXT, "request_id": maybe}
    event |= {"changes": {"type": "object", "additionalProperties": {"type": "array"}}, "steps": rows(step)}
    yield "Event", record({**event, "outcome": maybe}, ())


def components(lacks: Lacks) -> dict[str, Schema]:
    """Every schema by name, with marks on what is not served."""
    reference = record({"id": of(inspect.type_info(types.Uuid))})
    link = record({"rel": {"type": "string", "enum": ["next", "previous"]}, "href": TEXT})
    return {
        "Reference": reference,
        "Link": link,
        **dict(_trees(lacks)),
        **dict(_offers(lacks)),
        **dict(_insight()),
        **dict(_errors()),
    }
