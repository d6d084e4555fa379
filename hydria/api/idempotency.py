"""`Idempotency-Key`: a write that is asked for twice under one key is made once, and answered the same both times."""

import hashlib
from dataclasses import dataclass
from typing import Any

import falcon
import msgspec

from hydria.api import conditions
from hydria.api.context import Context
from hydria.domain import kinds
from hydria.domain.refusals import Conflict, Invalid, NotFound, Reused
from hydria.drivers.identity import Caller
from hydria.storage import answers, shown
from hydria.storage.answers import Kept, Key
from hydria.storage.database import Connection

KEPT_US = 86_400_000_000
"""A day."""
ANSWERING_US = 60_000_000
"""After so long a write without an answer is not being answered any more: its process has ended."""
METHODS = ("POST", "PUT", "DELETE")
LONGEST = 255


@dataclass(frozen=True)
class Mark:
    """Whose key it is, and a digest of what was asked under it."""

    key: Key
    digest: str


def mark(req: falcon.Request, caller: Caller, raw: bytes) -> Mark:
    """The key of a request; raises Invalid."""
    text = req.get_header("Idempotency-Key") or ""
    if not 0 < len(text) <= LONGEST:
        message = f"Idempotency-Key must have 1 to {LONGEST} characters."
        raise Invalid(message)
    asked = b"\0".join((req.method.encode(), req.path.encode(), req.query_string.encode(), raw))
    key = hashlib.sha256(text.encode()).hexdigest()
    return Mark(Key(caller.project_id, caller.user_id, key), hashlib.sha256(asked).hexdigest())


def before(context: Context, asked: Mark) -> Kept | None:
    """The answer that was given to the same request; None when it is new. Raises Reused, and Conflict for now."""
    now = context.now()
    kept = context.database.read(lambda c: answers.find(c, asked.key, now - KEPT_US))
    if kept is None:
        return None
    if kept.digest != asked.digest:
        message = "Idempotency-Key: this key was used for another request; use a key of its own for each."
        raise Reused(message)
    if kept.code is None and now - kept.at < ANSWERING_US:
        raise being_answered()
    return kept if kept.code is not None else _as_it_is(context, kept)


def being_answered() -> Conflict:
    """The refusal of a request whose twin is still being answered."""
    return Conflict("Idempotency-Key: a request with this key is being answered right now; try again in a second.")


def _as_it_is(context: Context, kept: Kept) -> Kept:
    """A load balancer that was made, and whose answer was lost with the process that made it."""
    lb_id = kept.object_id or ""
    found = context.database.read(lambda c: shown.one(c, kinds.LOADBALANCER, lb_id, context.now()))
    if found is None:
        message = f"load balancer {lb_id} was made under this Idempotency-Key, and is gone."
        raise NotFound(message)
    return msgspec.structs.replace(kept, code=201, **_answer(context, kinds.LOADBALANCER, found))


def again(resp: falcon.Response, kept: Kept) -> None:
    """Answer as before."""
    resp.status = kept.code or 200
    if kept.etag:
        resp.set_header("ETag", kept.etag)
    resp.set_header("Idempotent-Replayed", "true")
    if kept.body:
        resp.content_type = falcon.MEDIA_JSON
        resp.data = kept.body
    resp.complete = True


def keep(context: Context, c: Connection, asked: Mark | None, code: int, kind: kinds.Kind, found: shown.Shown) -> None:
    """Keep what will be answered, an object of a tree; part of the transaction of the write. Raises answers.Taken."""
    if asked is not None:
        answer = _answer(context, kind, found)
        _keep(context, c, asked, Kept(digest=asked.digest, at=context.now(), code=code, **answer))


def keep_plain(context: Context, c: Connection, asked: Mark | None, code: int, body: Any = None) -> None:
    """The same of any other answer."""
    if asked is not None:
        raw = None if body is None else msgspec.json.encode(body)
        _keep(context, c, asked, Kept(digest=asked.digest, at=context.now(), code=code, body=raw))


def begin(context: Context, c: Connection, asked: Mark | None, object_id: str) -> None:
    """Keep that something is made whose answer is not known yet; part of the transaction that makes it."""
    if asked is not None:
        _keep(context, c, asked, Kept(digest=asked.digest, at=context.now(), object_id=object_id))


def complete(context: Context, asked: Mark | None, body: dict[str, Any], changed: int) -> None:
    """Keep the answer to what was begun: it was made."""
    if asked is not None:
        raw = msgspec.json.encode(body)
        context.database.write(lambda c: answers.complete(c, asked.key, 201, conditions.tag(changed), raw))


def undo(c: Connection, asked: Mark | None) -> None:
    """What was begun is undone in this transaction: the key is free again."""
    if asked is not None:
        answers.forget(c, asked.key)


def _keep(context: Context, c: Connection, asked: Mark, kept: Kept) -> None:
    answers.keep(c, asked.key, kept, context.now() - KEPT_US)


def _answer(context: Context, kind: kinds.Kind, found: shown.Shown) -> dict[str, Any]:
    context.observed.read(lambda o: shown.operating(o, [found]))
    return {"etag": conditions.tag(found.changed), "body": msgspec.json.encode({kind.one: found.body})}
