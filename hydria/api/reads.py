"""The read path: objects as users see them, with what was last observed of them."""

from collections.abc import Sequence
from typing import Any

import falcon

from hydria.api import policies
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import kinds
from hydria.domain.refusals import Forbidden, NotFound
from hydria.kit import ids
from hydria.storage import lists, shown, writes
from hydria.storage.lists import Asked


def observed(context: Context, found: Sequence[shown.Shown | None]) -> list[dict[str, Any]]:
    """The bodies of objects, operating statuses filled in."""
    there = [f for f in found if f is not None]
    context.observed.read(lambda o: shown.operating(o, there))
    return [f.body for f in there]


def one(context: Context, ask: Ask, kind: kinds.Kind, object_id: str, action: str) -> dict[str, Any]:
    """The body of one object; raises NotFound for an unknown one, Forbidden where the action is not allowed."""
    return _found(context, ask, kind, object_id, action).body


def found(context: Context, ask: Ask, kind: kinds.Kind, object_id: str, under: str | None = None) -> shown.Shown:
    """One object, beneath another where one is named; raises the same."""
    return _found(context, ask, kind, object_id, "get_one", under)


def _found(
    context: Context, ask: Ask, kind: kinds.Kind, object_id: str, action: str, under: str | None = None
) -> shown.Shown:
    object_id = object_id.lower()
    there = (
        context.database.read(lambda c: shown.one(c, kind, object_id, context.now())) if ids.is_id(object_id) else None
    )
    if there is None or (under is not None and there.parent_id != under):
        message = f"{kind.words} {object_id} could not be found."
        raise NotFound(message)
    ask.must(policies.on(kind, action), there.body["project_id"])
    observed(context, [there])
    return there


def below(context: Context, load_balancer_id: str) -> dict[str, Any]:
    """Everything below a load balancer, as objects inside each other."""
    now = context.now()
    found = context.database.read(lambda c: {k: shown.beneath(c, k, load_balancer_id, now) for k in kinds.CHILDREN})
    observed(context, [s for k in kinds.CHILDREN for s in found[k]])
    for kind, child in ((kinds.L7POLICY, kinds.L7RULE), (kinds.LISTENER, kinds.L7POLICY), (kinds.POOL, kinds.MEMBER)):
        for s in found[kind]:
            s.body[child.many] = [x.body for x in found[child] if x.parent_id == s.body["id"]]
    monitors = {monitor.parent_id: monitor.body for monitor in found[kinds.HEALTHMONITOR]}
    for pool in found[kinds.POOL]:
        pool.body["healthmonitor"] = monitors.get(pool.body["id"])
    return {k.many: [s.body for s in found[k]] for k in (kinds.LISTENER, kinds.POOL)}


def parent(context: Context, kind: kinds.Kind, object_id: str) -> tuple[str, str] | None:
    """The load balancer and the project of an object, or None."""
    return context.database.read(lambda c: writes.parent(c, kind, object_id)) if ids.is_id(object_id) else None


def above(context: Context, kind: kinds.Kind, object_id: str) -> str:
    """The project of what a path names above an object; raises HTTPNotFound, as for a path that leads nowhere."""
    owner = parent(context, kind, object_id)
    if owner is None:
        raise falcon.HTTPNotFound(description=f"{kind.words} {object_id} could not be found.")
    return owner[1]


def visible(ask: Ask, thing: str, wanted: Asked) -> Asked:
    """The same list, of what the caller may see; raises Forbidden when another project is asked for."""
    if ask.may(f"{thing}:get_all-global"):
        return wanted
    ask.must(f"{thing}:get_all")
    projects = {p for name in ("project_id", "tenant_id") for p in wanted.filters.get(name, ())}
    if projects - {ask.caller.project_id}:
        message = "Policy does not allow this request to be performed: only your own project can be listed."
        raise Forbidden(message)
    return lists.within(wanted, "project_id", ask.caller.project_id)


def page(context: Context, kind: kinds.Kind, wanted: Asked) -> list[dict[str, Any]]:
    """One page of a list."""
    seen = context.observed.read(lists.every_observation) if lists.needs_observations(wanted) else {}
    return observed(context, context.database.read(lambda c: lists.page(c, kind, wanted, seen, context.now())))
