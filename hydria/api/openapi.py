"""The API's description of itself: OpenAPI 3.1, derived from what the domain declares and from the paths there are."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import falcon
import msgspec
from msgspec import inspect

from hydria.api import marks, schemas
from hydria.api.context import Context
from hydria.api.schemas import Schema
from hydria.domain import kinds, offers
from hydria.domain.articles import an
from hydria.domain.attributes import Kept, Resource, attributes
from hydria.domain.lacks import Lacks

VERSION = "2.30"
PREFIX = "/v2/lbaas"
HERE = "{address of the API}"
OFFERS = (offers.FLAVOR, offers.FLAVOR_PROFILE, offers.ZONE, offers.ZONE_PROFILE)
SINGULAR_LINKS = (offers.FLAVOR_PROFILE, offers.ZONE_PROFILE)
NESTED = {kinds.MEMBER: kinds.POOL, kinds.L7RULE: kinds.L7POLICY}
SCALAR = (inspect.StrType, inspect.IntType, inspect.BoolType, inspect.EnumType, inspect.CustomType, inspect.NoneType)

Operation = dict[str, Any]
Paths = dict[str, dict[str, Any]]

FAULT, ROUTING = schemas.ref("Fault"), schemas.ref("RoutingError")
PROBLEMS: dict[int, tuple[str, Schema]] = {
    400: ("The request cannot be understood or breaks a rule; the text says which.", {"anyOf": [FAULT, ROUTING]}),
    401: ("No token, or one that is worth nothing.", schemas.ref("Unauthorized")),
    403: ("The policy or a quota stands against it.", FAULT),
    404: ("There is no such object.", {"anyOf": [FAULT, ROUTING]}),
    406: ("Only application/json is served.", ROUTING),
}
OF_WRITES: dict[int, tuple[str, Schema]] = {
    409: ("Another object or state stands against it.", FAULT),
    412: ("The object has another tag than If-Match asks for.", FAULT),
    413: ("The body is larger than the operator allows.", ROUTING),
    422: ("The Idempotency-Key was used for another request.", FAULT),
    501: ("The provider cannot do it.", FAULT),
}
UNAVAILABLE = ("The database or the network does not answer; nothing was changed.", FAULT)

REQUEST_ID = {"X-Openstack-Request-Id": {"schema": schemas.TEXT, "description": "Found in every line of the logs."}}
RETRY = {"Retry-After": {"schema": schemas.TEXT, "description": "Seconds after which another try may succeed."}}
TAG = {"ETag": {"schema": schemas.TEXT, "description": "The number of the object's last write, in quotes."}}


def header(name: str, text: str) -> Schema:
    """A header that may be sent."""
    return {"name": name, "in": "header", "required": False, "schema": schemas.TEXT, "description": text}


def query(name: str, text: str, schema: Schema | None = None) -> Schema:
    """A parameter that may be given."""
    return {"name": name, "in": "query", "required": False, "schema": schema or schemas.TEXT, "description": text}


ONCE = header("Idempotency-Key", "The write is made once under this key; for 24 hours it is then answered the same.")
MATCH = header("If-Match", 'Tags the object may have, or "*".')
WAIT = query("wait", "Answer when the data plane runs what was written.", {"type": "string", "enum": ["applied"]})
FIELDS = query("fields", "Only these keys; comma list or repeated.")
LISTED = (
    FIELDS,
    query("limit", "Most objects on the page."),
    query("marker", "The key of the last object of the page before."),
    query("page_reverse", "Go backwards.", {"type": "string", "enum": ["True", "False"]}),
    query("sort", "key[:asc|desc], comma list or repeated."),
    query("sort_key", "The older way to say by which keys."),
    query("sort_dir", "The older way to say in which direction.", {"type": "string", "enum": ["asc", "desc"]}),
)
TAGS = (
    query("tags", "Has all of these."),
    query("tags-any", "Has at least one of these."),
    query("not-tags", "Does not have all of these."),
    query("not-tags-any", "Has none of these."),
)


def document(url: str, lacks: Lacks) -> Schema:
    """The whole description of a deployment that does not serve these."""
    paths: Paths = {}
    for part in (partial(_trees, lacks), _insight, _offers, _quotas, _amphorae, _first):
        for path, methods in part():
            paths.setdefault(path, {}).update(methods)
    for path, methods in paths.items():
        names = [word[1:-1] for word in path.split("/") if word.startswith("{")]
        if names:
            methods["parameters"] = [{"name": n, "in": "path", "required": True, "schema": schemas.TEXT} for n in names]
    token = {
        "type": "apiKey",
        "in": "header",
        "name": "X-Auth-Token",
        "description": "A token of the identity service.",
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hydria", "version": VERSION, "description": "Load balancing as a service: the v2 API."},
        "servers": [{"url": url}],
        "security": [{"X-Auth-Token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components(lacks),
            "responses": _refusals(),
            "securitySchemes": {"X-Auth-Token": token},
        },
    }


def _operation(
    group: str, said: str, answers: dict[int, Schema | None], *given: Schema, body: Schema | None = None
) -> Operation:
    """One method of one path; `answers` by code, None: without a body."""
    writes = any(p["name"] == ONCE["name"] for p in given)
    found: Operation = {"summary": said, "tags": [group], "parameters": list(given), "responses": {}}
    for code, schema in answers.items():
        found["responses"][str(code)] = _response("It is done.", schema, TAG if WAIT in given and schema else {})
    for code in (*PROBLEMS, *(OF_WRITES if writes else ()), 503):
        found["responses"][str(code)] = _refused(code)
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return found


def _refused(code: int) -> Schema:
    return {"$ref": f"#/components/responses/{code}"}


def _refusals() -> Schema:
    known = {**PROBLEMS, **OF_WRITES, 503: UNAVAILABLE}
    return {str(c): _response(*said, RETRY if c in (409, 503) else {}) for c, said in known.items()}


def _response(text: str, schema: Schema | None, headers: Schema) -> Schema:
    found: Schema = {"description": text, "headers": {**REQUEST_ID, **headers}}
    if schema is not None:
        found["content"] = {"application/json": {"schema": schema}}
    return found


def _one(key: str, schema: Schema) -> Schema:
    return schemas.record({key: schema})


def _list(key: str, item: Schema, links: str | None = None) -> Schema:
    return schemas.record({key: schemas.rows(item), links or f"{key}_links": schemas.rows(schemas.ref("Link"))})


def _whole(resource: type[Resource]) -> Schema:
    return {"allOf": [schemas.ref(resource.__name__), {"required": schemas.always(resource)}]}


def _filters(kind: kinds.Kind) -> Iterator[Schema]:
    """Attributes that lists can be filtered by."""
    for a in attributes(kind.resource).values():
        found = inspect.type_info(a.type)
        types = found.types if isinstance(found, inspect.UnionType) else (found,)
        bare = [t.type if isinstance(t, inspect.Metadata) else t for t in types]
        stored = a.kept is Kept.STORED or a.name.endswith("_status")
        if stored and all(isinstance(t, SCALAR) for t in bare):
            yield query(a.name, f"Only those with this value. {a.doc}")
    yield query("tenant_id", "The same as project_id.")
    if kind is not kinds.LOADBALANCER:
        yield query("loadbalancer_id", "Only those of this load balancer.")


def _trees(lacks: Lacks) -> Iterator[tuple[str, Operation]]:
    for kind in kinds.KINDS:
        above = NESTED.get(kind)
        base = f"{PREFIX}/{above.many}/{{{above.one}_id}}/{kind.many}" if above else f"{PREFIX}/{kind.many}"
        yield base, _collection(kind, lacks)
        yield f"{base}/{{{kind.one}_id}}", _item(kind, lacks)
        restored = _one(kind.one, _whole(kind.resource))
        said = f"Give a refused {kind.words} the values that run."
        yield (
            f"{base}/{{{kind.one}_id}}/restore",
            {"put": _operation(kind.many, said, {200: restored}, ONCE, MATCH, WAIT)},
        )
    batch = _one("members", schemas.rows(schemas.ref("MemberCreate")))
    additive = query("additive_only", "Keep members that are not named.", {"type": "string", "enum": ["true", "false"]})
    said = "Make the members of a pool those of the body."
    put = _operation("members", said, {202: None}, ONCE, WAIT, additive, body=batch)
    yield f"{PREFIX}/pools/{{pool_id}}/members", {"put": put}


def _collection(kind: kinds.Kind, lacks: Lacks) -> Operation:
    name, many = kind.resource.__name__, kind.many
    made = schemas.ref(f"{name}WithChildren") if kind is kinds.LOADBALANCER else schemas.ref(name)
    answer = _one(kind.one, {"allOf": [made, {"required": schemas.always(kind.resource)}]})
    body = _one(kind.one, schemas.ref(f"{name}Create"))
    listed = _list(many, schemas.ref(name))
    said = f"Create {an(kind.words)}."
    return {
        "get": _operation(many, f"List {many}.", {200: listed}, *LISTED, *TAGS, *_filters(kind)),
        "post": _operation(many, said, {201: answer}, ONCE, WAIT, body=body) | marks.of_kind(kind.resource, lacks),
    }


def _item(kind: kinds.Kind, lacks: Lacks) -> Operation:
    name, many, words = kind.resource.__name__, kind.many, kind.words
    answer, body = _one(kind.one, _whole(kind.resource)), _one(kind.one, schemas.ref(f"{name}Update"))
    cascade = [query("cascade", "With all beneath it.")] if kind is kinds.LOADBALANCER else []
    shown = _operation(many, f"Show {an(words)}.", {200: _one(kind.one, schemas.ref(name))}, FIELDS)
    shown["responses"]["200"]["headers"] |= TAG
    change = _operation(many, f"Change {an(words)}.", {200: answer}, ONCE, MATCH, WAIT, body=body)
    return {
        "get": shown,
        "put": change | marks.of_kind(kind.resource, lacks),
        "delete": _operation(many, f"Delete {an(words)}.", {204: None}, ONCE, MATCH, WAIT, *cascade),
    }


def _insight() -> Iterator[tuple[str, Operation]]:
    group, base = kinds.LOADBALANCER.many, f"{PREFIX}/loadbalancers/{{loadbalancer_id}}"
    for word in ("status", "statuses"):
        tree = _one("statuses", schemas.ref("StatusTree"))
        yield f"{base}/{word}", {"get": _operation(group, "The statuses of the whole tree.", {200: tree})}
    counted = _one("stats", schemas.ref("Statistics"))
    yield f"{base}/stats", {"get": _operation(group, "What passed through it.", {200: counted})}
    listener = f"{PREFIX}/listeners/{{listener_id}}/stats"
    yield listener, {"get": _operation(kinds.LISTENER.many, "What passed through it.", {200: counted})}
    said = "What was done to it: who asked for what and when, and how each run went. Newest first."
    limits = (FIELDS, query("limit", "Most events."), query("marker", "The number of the last event seen."))
    yield f"{base}/events", {"get": _operation(group, said, {200: _list("events", schemas.ref("Event"))}, *limits)}
    yield f"{base}/failover", {"put": _operation(group, "Give it new amphorae.", {202: None}, ONCE)}


def _offers() -> Iterator[tuple[str, Operation]]:
    for kind in OFFERS:
        name, words, many = kind.resource.__name__, kind.words, kind.path
        links = f"{kind.one}_links" if kind in SINGULAR_LINKS else None
        answer = _one(kind.one, _whole(kind.resource))
        said, body = f"Create {an(words)}.", _one(kind.one, schemas.ref(f"{name}Create"))
        yield (
            f"{PREFIX}/{many}",
            {
                "get": _operation(many, f"List {many}.", {200: _list(kind.many, schemas.ref(name), links)}, *LISTED),
                "post": _operation(many, said, {201: answer}, ONCE, body=body),
            },
        )
        body = _one(kind.one, schemas.ref(f"{name}Update"))
        yield (
            f"{PREFIX}/{many}/{{{kind.key}}}",
            {
                "get": _operation(many, f"Show {an(words)}.", {200: _one(kind.one, schemas.ref(name))}, FIELDS),
                "put": _operation(many, f"Change {an(words)}.", {200: answer}, ONCE, body=body),
                "delete": _operation(many, f"Delete {an(words)}.", {204: None}, ONCE),
            },
        )
    group, one = "providers", schemas.ref("Provider")
    yield f"{PREFIX}/providers", {"get": _operation(group, "List providers.", {200: _list(group, one)}, FIELDS)}
    for word in ("flavor_capabilities", "availability_zone_capabilities"):
        known = schemas.record({word: schemas.rows(one), f"{word}_links": schemas.rows(schemas.ref("Link"))}, (word,))
        operation = _operation(group, "What an operator may set of it.", {200: known}, FIELDS, *LISTED[1:])
        operation["responses"]["501"] = _refused(501)
        yield f"{PREFIX}/providers/{{name}}/{word}", {"get": operation}


def _quotas() -> Iterator[tuple[str, Operation]]:
    group, quota = "quotas", schemas.ref("Quota")
    one = _one("quota", quota)
    owner = query("project_id", "Only of this project.")
    yield f"{PREFIX}/quotas", {"get": _operation(group, "List quotas.", {200: _list(group, quota)}, owner, *LISTED)}
    base = f"{PREFIX}/quotas/{{project_id}}"
    yield (
        base,
        {
            "get": _operation(group, "The limits of a project.", {200: one}),
            "put": _operation(group, "Set limits.", {202: one}, ONCE, body=_one("quota", schemas.ref("QuotaUpdate"))),
            "delete": _operation(group, "Go back to the defaults.", {202: None}, ONCE),
        },
    )
    yield f"{base}/default", {"get": _operation(group, "The default limits.", {200: one})}


def _amphorae() -> Iterator[tuple[str, Operation]]:
    group, base, amphora = "amphorae", "/v2/octavia/amphorae", schemas.ref("Amphora")
    yield base, {"get": _operation(group, "List amphorae.", {200: _list(group, amphora)}, *LISTED)}
    one = f"{base}/{{amphora_id}}"
    yield (
        one,
        {
            "get": _operation(group, "Show an amphora.", {200: _one("amphora", amphora)}, FIELDS),
            "delete": _operation(group, "Delete an amphora that is in ERROR.", {204: None}, ONCE),
        },
    )
    counted = _one("amphora_stats", schemas.rows(schemas.ref("AmphoraStatistics")))
    yield f"{one}/stats", {"get": _operation(group, "What passed through it.", {200: counted}, FIELDS)}
    for word, said in (("failover", "Put another in its place."), ("config", "Tell it its settings anew.")):
        yield f"{one}/{word}", {"put": _operation(group, said, {202: None}, ONCE)}


def _first() -> Iterator[tuple[str, Operation]]:
    link = schemas.record({"rel": schemas.TEXT, "href": schemas.TEXT})
    version = schemas.record(
        {"id": schemas.TEXT, "status": schemas.TEXT, "updated": schemas.TEXT, "links": schemas.rows(link)}
    )
    found = _one("versions", schemas.rows(version))
    yield "/", {"get": _operation("versions", "Which versions are spoken.", {200: found}) | {"security": []}}
    yield "/v2", {"get": _operation("versions", "The root of the API.", {200: {"const": "v2"}})}


class Document:
    """Serves the description; it is made once, when it is first asked for, save the address it was asked for at."""

    def __init__(self, context: Context) -> None:
        self._url = context.settings.public_url
        self._lacks = context.lacks
        self._made: bytes | None = None

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if self._made is None:
            self._made = msgspec.json.encode(document(HERE, self._lacks))
        here = msgspec.json.encode(self._url or req.prefix)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = self._made.replace(msgspec.json.encode(HERE), here)
