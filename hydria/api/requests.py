"""What every request goes through: one form of its path, its id in the log, its caller; and how its body is read."""

from dataclasses import dataclass
from typing import Any

import falcon
import msgspec

from hydria.api import access, conditions, idempotency, query
from hydria.api.accesslog import AccessLog
from hydria.api.context import Context
from hydria.api.errors import Unauthorized
from hydria.api.idempotency import Mark
from hydria.domain.refusals import Changed, Invalid
from hydria.drivers.identity import Caller
from hydria.kit import ids, log

OPEN = ("/", "/healthcheck", "/openapi", "/docs")
"""Paths that need no token; /identity looks after itself."""
PAGES = ("/healthcheck", "/docs")
"""Paths that answer people too, not only in JSON."""
LOGIN_BYTES = 64 * 1024
"""Largest body of whoever has no token yet."""
JSON = ("*/*", "application/json", "application/*")
"""What a client accepts who accepts JSON."""


@dataclass(frozen=True)
class Ask:
    """Who asks, under which request id, and what they may do."""

    caller: Caller
    request_id: str
    policy: access.Policy
    once: Mark | None = None
    """Set: the write is made once under this key."""
    etags: frozenset[str] | None = None
    """Set: the object must have one of these."""
    waits: bool = False
    """Whether the answer is to wait until the write is applied."""

    def may(self, action: str, project_id: str | None = None) -> bool:
        """Whether they may do an action, such as `pool:get_one`, to what a project owns (None: their own)."""
        return self.policy.may(self.caller, action, self.caller.project_id if project_id is None else project_id)

    def must(self, action: str, project_id: str | None = None) -> None:
        """Raise Forbidden unless they may."""
        if not self.may(action, project_id):
            raise access.refusal(action)


def canonical(path: str) -> str:
    """The one form of a path: /v2.0, /lbaas, a slash at the end and .json are other ways to write it."""
    path = path.rstrip("/").removesuffix(".json") or "/"
    for version in ("/v2.0", "/v2"):
        if path == version or path.startswith(f"{version}/"):
            rest = path.removeprefix(version)
            return f"/v2{rest.removeprefix('/lbaas') if rest == '/lbaas' or rest.startswith('/lbaas/') else rest}"
    return path


def most_bytes(path: str, usual: int) -> int:
    """The largest body that may be sent to a path, in its one form."""
    return min(LOGIN_BYTES, usual) if path.startswith("/identity") else usual


@dataclass(frozen=True)
class Allowance:
    """How much of a body the server reads. Of what it does not read the gate sees the length, and refuses it."""

    most_bytes: int
    needs_token: bool = True

    def __call__(self, path: str, has_token: bool) -> int:
        path = canonical(path)
        if self.needs_token and not has_token and not path.startswith("/identity"):
            return 0
        return most_bytes(path, self.most_bytes)


class Gate:
    """Middleware: before and after every request."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._access_log = AccessLog()

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.request_id = f"req-{ids.new()}"
        req.context.bound = log.bound(request_id=req.context.request_id)
        req.context.bound.__enter__()
        req.context.started = self._context.clock.monotonic()
        resp.set_header("X-Openstack-Request-Id", req.context.request_id)
        req.context.url = (self._context.settings.public_url or req.prefix) + req.path
        req.context.path = req.path
        req.path = canonical(req.path)
        if "\0" in req.path:
            raise falcon.HTTPNotFound
        most = most_bytes(req.path, self._context.settings.most_bytes)
        if (req.content_length or 0) > most:
            raise falcon.HTTPContentTooLarge(description=f"The body is larger than {most} bytes.")
        if req.path.startswith("/identity"):
            return
        if req.path not in OPEN:
            self._let_in(req, resp)
        accept = (req.get_header("Accept") or "*/*").lower()
        if req.path not in PAGES and not any(kind in accept for kind in JSON):
            raise falcon.HTTPNotAcceptable(description="Only application/json is served.")

    def process_resource(self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object) -> None:
        """Refuse a write that expects a tag of what has none: it could only be passed over."""
        ask = req.context.get("ask")
        if ask is not None and ask.etags is not None and not isinstance(resource, conditions.Tagged):
            message = "If-Match: what is asked for here has no tag; leave it out, or send it with the object itself."
            raise Changed(message)

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool) -> None:
        took = self._context.clock.monotonic() - req.context.started
        self._context.meter(req.method, req.uri_template or "", resp.status_code, took)
        self._access_log(req, resp, req.context.started, took)
        req.context.bound.__exit__(None, None, None)

    def _let_in(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = self._context.identity.caller(req.get_header("X-Auth-Token"), req.env)
        if caller is None:
            raise Unauthorized(self._context.identity.challenge)
        req.context.caller = caller
        policy = self._context.policy
        ask = req.context.ask = Ask(policy.known(caller), req.context.request_id, policy, *_conditions(req, caller))
        if ask.once and (kept := idempotency.before(self._context, ask.once)):
            idempotency.again(resp, kept)


def _conditions(req: falcon.Request, caller: Caller) -> tuple[Mark | None, frozenset[str] | None, bool]:
    """What a write says of itself beside its body: the last fields of `Ask`. Raises Invalid."""
    if req.method not in idempotency.METHODS:
        return None, None, False
    once = idempotency.mark(req, caller, raw(req)) if req.get_header("Idempotency-Key") is not None else None
    return once, conditions.wanted(req.get_header("If-Match")), query.waits(query.parameters(req))


def raw(req: falcon.Request) -> bytes:
    """The body as it was sent; the server has it as a whole."""
    if "raw" not in req.context:
        req.context.raw = req.bounded_stream.read()
    return bytes(req.context.raw)


def body(req: falcon.Request, key: str) -> Any:
    """The value under the root key of a JSON body; raises Invalid."""
    sent = raw(req)
    try:
        read = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = f"The body is not valid JSON; it must be an object with the key {key!r}."
        raise Invalid(message) from None
    if b"\\u0000" in sent:
        message = "The body must not hold the character NUL."
        raise Invalid(message)
    if not isinstance(read, dict) or key not in read:
        message = f"The body must be an object with the key {key!r}."
        raise Invalid(message)
    if len(read) > 1:
        other = next(k for k in read if k != key)
        message = f"Unknown key {other!r} beside {key!r}."
        raise Invalid(message)
    return read[key]


def attributes(req: falcon.Request, key: str) -> dict[str, Any]:
    """The same where the value must be an object."""
    found = body(req, key)
    if not isinstance(found, dict):
        message = f"{key!r} must be an object, not {msgspec.json.encode(found).decode():.120}."
        raise Invalid(message)
    return found
