"""What went wrong, as the API says it: three shapes that clients know."""

from typing import Any

import falcon
import msgspec

from hydria.domain.refusals import Conflict, Refusal
from hydria.drivers import faults
from hydria.kit import log
from hydria.storage.answers import Taken
from hydria.storage.database import Unavailable, Unsure

LOG = log.get()
SAID = {404: "There is nothing at {path}.", 405: "{method} cannot be done at {path}."}
"""What is told where routing found nothing to do."""
SOON_S, LATER_S = "1", "2"
"""When a request may be tried again that something stood against, and one that nobody could serve."""


class Unauthorized(Exception):
    """No token, or one that is worth nothing; `challenge` tells the client how to get one."""

    def __init__(self, challenge: str | None) -> None:
        super().__init__(challenge)
        self.challenge = challenge


def answer(resp: falcon.Response, code: int, body: Any) -> None:
    """Answer with JSON."""
    resp.status = code
    resp.content_type = falcon.MEDIA_JSON
    resp.data = msgspec.json.encode(body)


def _fault(resp: falcon.Response, code: int, text: str) -> None:
    side = "Client" if code < 500 else "Server"
    answer(resp, code, {"faultcode": side, "faultstring": text, "debuginfo": None})


def _refused(_req: falcon.Request, resp: falcon.Response, error: Refusal, _params: dict[str, Any]) -> None:
    if error.code == 409:
        resp.set_header("Retry-After", SOON_S)
    _fault(resp, error.code, str(error))


def _unauthorized(_req: falcon.Request, resp: falcon.Response, error: Unauthorized, _params: dict[str, Any]) -> None:
    text = "The request needs a valid token in X-Auth-Token."
    if error.challenge:
        resp.set_header("WWW-Authenticate", error.challenge)
    answer(resp, 401, {"error": {"code": 401, "title": "Unauthorized", "message": text}})


def _taken(req: falcon.Request, resp: falcon.Response, _error: Taken, params: dict[str, Any]) -> None:
    text = "Idempotency-Key: a request with this key is being answered right now; try again in a second."
    _refused(req, resp, Conflict(text), params)


def _later(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    LOG.warning("api.unavailable", path=req.path, why=str(error))
    resp.set_header("Retry-After", LATER_S)
    # What was sent and not answered may have happened: then only a look tells.
    is_open = isinstance(error, Unsure | faults.Unknown)
    outcome = (
        "Look whether it was done before you try again." if is_open else "Nothing was changed; try again in a moment."
    )
    _fault(resp, 503, f"{str(error).rstrip('.')}. {outcome}")


def _bug(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
    LOG.error("api.bug", method=req.method, path=req.path, exc_info=error)
    _fault(resp, 500, f"Something is wrong in the service; its operator finds it under {req.context.request_id}.")


def _http(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, _params: dict[str, Any]) -> None:
    for name, value in dict(error.headers or {}).items():
        resp.set_header(name, value)
    unsaid = SAID.get(error.status_code, "{title}.").format(path=req.context.path, method=req.method, title=error.title)
    words = error.description or unsaid
    answer(resp, error.status_code, {"code": error.status_code, "title": error.title, "description": words})


def register(app: "falcon.App[falcon.Request, falcon.Response]") -> None:
    """Say how each kind of error is answered; the narrowest wins."""
    app.add_error_handler(Exception, _bug)
    app.add_error_handler(falcon.HTTPError, _http)
    app.add_error_handler(Refusal, _refused)
    app.add_error_handler(Unauthorized, _unauthorized)
    app.add_error_handler(Taken, _taken)
    for error in (Unavailable, faults.Temporary, faults.Unknown):
        app.add_error_handler(error, _later)
