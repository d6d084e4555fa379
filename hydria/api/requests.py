"""What every request goes through: one form of its path, its id in the log, its caller; and how its body is read."""

from dataclasses import dataclass
from typing import Any

import falcon
import msgspec

from hydria.api.context import Context
from hydria.api.errors import Unauthorized
from hydria.domain.refusals import Invalid
from hydria.drivers.identity import Caller
from hydria.kit import ids, log

LOG = log.get()
MOST_BYTES = 4 * 1024 * 1024
OPEN = ("/", "/healthcheck")
"""Paths that need no token; /identity looks after itself."""


@dataclass(frozen=True)
class Ask:
    """Who asks, and under which request id."""

    caller: Caller
    request_id: str


def canonical(path: str) -> str:
    """The one form of a path: /v2.0, /lbaas, a slash at the end and .json are other ways to write it."""
    path = path.rstrip("/").removesuffix(".json") or "/"
    for version in ("/v2.0", "/v2"):
        if path == version or path.startswith(f"{version}/"):
            rest = path.removeprefix(version)
            return f"/v2{rest.removeprefix('/lbaas') if rest == '/lbaas' or rest.startswith('/lbaas/') else rest}"
    return path


class Gate:
    """Middleware: before and after every request."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.request_id = f"req-{ids.new()}"
        req.context.bound = log.bound(request_id=req.context.request_id)
        req.context.bound.__enter__()
        req.context.started = self._context.clock.monotonic()
        resp.set_header("X-Openstack-Request-Id", req.context.request_id)
        req.context.url = (self._context.settings.public_url or req.prefix) + req.path
        req.path = canonical(req.path)
        if req.path.startswith("/identity"):
            return
        if req.path not in OPEN:
            self._let_in(req)
        accept = req.get_header("Accept") or "*/*"
        if (
            req.path != "/healthcheck"
            and "*/*" not in accept
            and "application/json" not in accept
            and "application/*" not in accept
        ):
            raise falcon.HTTPNotAcceptable(description="Only application/json is served.")

    def process_response(self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool) -> None:
        if req.method not in ("GET", "HEAD"):
            took = round((self._context.clock.monotonic() - req.context.started) * 1000, 1)
            LOG.info("api.write", method=req.method, path=req.path, status=resp.status_code, ms=took)
        req.context.bound.__exit__(None, None, None)

    def _let_in(self, req: falcon.Request) -> None:
        caller = self._context.identity.caller(req.get_header("X-Auth-Token"))
        if caller is None:
            raise Unauthorized
        req.context.ask = Ask(caller, req.context.request_id)


def body(req: falcon.Request, key: str) -> Any:
    """The value under the root key of a JSON body; raises Invalid."""
    if (req.content_length or 0) > MOST_BYTES:
        message = f"The body is larger than {MOST_BYTES} bytes."
        raise Invalid(message)
    raw = req.bounded_stream.read(MOST_BYTES)
    try:
        read = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = "The body is not valid JSON."
        raise Invalid(message) from None
    if b"\\u0000" in raw:
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
        message = f"{key!r} must be an object."
        raise Invalid(message)
    return found
