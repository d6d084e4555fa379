"""The seven kinds of a tree over HTTP: one implementation for all of them."""

from typing import Any

import falcon
import msgspec

from hydria.api import batch, conditions, errors, policies, query, reads, requests, vip, writes
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import forms, graphs, kinds
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.domain.pool import Pool
from hydria.domain.refusals import Invalid, NotFound
from hydria.kit import ids
from hydria.storage import shown

NESTED: dict[kinds.Kind, tuple[kinds.Kind, str]] = {
    kinds.MEMBER: (kinds.POOL, "pool_id"),
    kinds.L7RULE: (kinds.L7POLICY, "l7policy_id"),
}
"""Kinds whose path names what they are beneath, and the attribute that says the same."""


class Collection:
    """All objects of a kind."""

    def __init__(self, context: Context, kind: kinds.Kind) -> None:
        self._context = context
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, parent_id: str | None = None) -> None:
        given = query.shown(req, self._context.settings)
        within = self._within(req, parent_id)
        wanted = query.asked(given, within, self._context.settings.page)
        wanted = wanted if within else reads.visible(req.context.ask, policies.thing(self._kind), wanted)
        found = reads.page(self._context, self._kind, wanted)
        errors.answer(resp, 200, query.page(req.context.url, given, wanted, self._kind.many, found))

    def on_post(self, req: falcon.Request, resp: falcon.Response, parent_id: str | None = None) -> None:
        body = requests.attributes(req, self._kind.one)
        self._owner(parent_id)
        ask = req.context.ask
        if self._kind is kinds.LOADBALANCER:
            _answer(resp, 201, self._kind, self._root(ask, body))
            return
        under = {NESTED[self._kind][1]: parent_id} if parent_id else {}
        own, planned = graphs.Reader(ids.new).read_below(self._kind, body, **under)
        _answer(resp, 201, self._kind, writes.create(self._context, ask, own, planned))

    def _root(self, ask: Ask, body: dict[str, Any]) -> shown.Shown:
        project_id = forms.project(body) or ask.caller.project_id
        below = graphs.Reader(ids.new).read(body)
        return vip.create(self._context, ask, forms.create(LoadBalancer, body), project_id, below)

    def on_put(self, req: falcon.Request, resp: falcon.Response, parent_id: str | None = None) -> None:
        if self._kind is not kinds.MEMBER or parent_id is None:
            raise falcon.HTTPMethodNotAllowed(["GET", "POST"])
        batch.members(self._context, req, parent_id)
        resp.status = 202

    def _within(self, req: falcon.Request, parent_id: str | None) -> dict[str, str]:
        """The condition that the path names; raises when there is no such parent or listing it is not allowed."""
        owner = self._owner(parent_id)
        if parent_id is None or owner is None:
            return {}
        req.context.ask.must(policies.on(self._kind, "get_all"), owner)
        return {NESTED[self._kind][1]: parent_id.lower()}

    def _owner(self, parent_id: str | None) -> str | None:
        """The project of what the path names; raises when there is no such parent."""
        return None if parent_id is None else reads.above(self._context, NESTED[self._kind][0], parent_id)


class Item(conditions.Tagged):
    """One object of a kind."""

    def __init__(self, context: Context, kind: kinds.Kind) -> None:
        self._context = context
        self._kind = kind

    def on_get(self, req: falcon.Request, resp: falcon.Response, parent_id: str, child_id: str | None = None) -> None:
        object_id, under = _named(parent_id, child_id)
        found = reads.found(self._context, req.context.ask, self._kind, object_id, self._under(under))
        if req.query_string:
            found = found._replace(body=query.only(query.shown(req, self._context.settings), found.body))
        _answer(resp, 200, self._kind, found)

    def on_put(self, req: falcon.Request, resp: falcon.Response, parent_id: str, child_id: str | None = None) -> None:
        object_id, above = _named(parent_id, child_id)
        under = self._under(above)
        body = requests.attributes(req, self._kind.one)
        if self._kind is kinds.L7POLICY and not body:
            message = "An L7 policy cannot be updated with nothing."
            raise Invalid(message)
        values = self._values(
            body, writes.stored(self._context, self._kind, object_id) if self._is_partial(body) else None
        )
        self._beneath(object_id, under)
        again = (lambda part: self._values(body, part)) if self._is_partial(body) else None
        changed = writes.update(self._context, req.context.ask, self._kind, object_id, values, again)
        _answer(resp, 200, self._kind, changed)

    def on_put_restore(
        self, req: falcon.Request, resp: falcon.Response, parent_id: str, child_id: str | None = None
    ) -> None:
        object_id, above = _named(parent_id, child_id)
        self._beneath(object_id, self._under(above))
        _answer(resp, 200, self._kind, writes.restore(self._context, req.context.ask, self._kind, object_id))

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, parent_id: str, child_id: str | None = None
    ) -> None:
        object_id, above = _named(parent_id, child_id)
        self._beneath(object_id, self._under(above))
        cascade = query.is_true(query.parameters(req), "cascade")
        writes.delete(self._context, req.context.ask, self._kind, object_id, cascade=cascade)
        resp.status = 204

    def _under(self, parent_id: str | None) -> str | None:
        """What the object must be beneath; raises when the path names nothing."""
        if parent_id is None:
            return None
        reads.above(self._context, NESTED[self._kind][0], parent_id)
        return parent_id.lower()

    def _beneath(self, object_id: str, under: str | None) -> None:
        """Raise NotFound unless the object is beneath what the path names, if anything."""
        if under is None:
            return
        stored = writes.stored(self._context, self._kind, object_id)
        if stored is None or getattr(stored, NESTED[self._kind][1]) != under:
            message = f"{self._kind.words} {object_id} could not be found."
            raise NotFound(message)

    def _is_partial(self, body: dict[str, Any]) -> bool:
        """Whether a body changes a pool's session persistence without naming its type."""
        partial = body.get("session_persistence")
        return self._kind is kinds.POOL and isinstance(partial, dict) and "type" not in partial

    def _values(self, body: dict[str, Any], stored: Part | None) -> dict[str, Any]:
        """What a body sets; a session persistence without a type is what is stored, with what the body says."""
        if isinstance(stored, Pool) and stored.session_persistence is not None and self._is_partial(body):
            kept = msgspec.to_builtins(stored.session_persistence, enc_hook=str)
            body = {**body, "session_persistence": {**kept, **body["session_persistence"]}}
        return forms.update(self._kind.resource, body)


def _answer(resp: falcon.Response, code: int, kind: kinds.Kind, found: shown.Shown) -> None:
    """Answer with an object and its tag."""
    conditions.say(resp, found.changed)
    errors.answer(resp, code, {kind.one: found.body})


def _named(first: str, second: str | None) -> tuple[str, str | None]:
    """The object that a path of one or two ids names, and what it is beneath."""
    return (first, None) if second is None else (second, first)
