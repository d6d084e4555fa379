"""Providers with what they are able to do, and quotas."""

from collections.abc import Mapping
from typing import Any

import falcon

from hydria.api import errors, idempotency, query, requests
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import capabilities, forms
from hydria.domain.offers import Quota
from hydria.domain.refusals import Forbidden, Invalid, NotFound
from hydria.storage import lists, quotas
from hydria.storage.database import Connection
from hydria.storage.lists import Asked

TABLES = {
    "loadbalancer": "load_balancer",
    "listener": "listener",
    "pool": "pool",
    "member": "member",
    "healthmonitor": "health_monitor",
    "l7policy": "l7policy",
    "l7rule": "l7rule",
}
"""What a quota calls a kind, and the kind's table."""

OLD = {"load_balancer": "loadbalancer", "health_monitor": "healthmonitor"}
DEFAULTS = ("default", "defaults")


class Providers:
    """What can serve load balancers."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.ask.must("provider:get_all")
        given = query.shown(req, self._context.settings)
        found = [{"name": n, "description": d} for n, d in sorted(self._context.settings.providers.items())]
        errors.answer(resp, 200, {"providers": [query.only(given, f) for f in found], "providers_links": []})


class Capabilities:
    """What flavors or availability zones may set of a provider."""

    def __init__(self, context: Context, *, of_zones: bool) -> None:
        self._context = context
        self._many = "availability_zone_capabilities" if of_zones else "flavor_capabilities"
        lacks = context.lacks
        known, served = (capabilities.ZONE, lacks.zone) if of_zones else (capabilities.FLAVOR, lacks.flavor)
        self._offered = capabilities.offered(known, served)
        self._action = "provider-availability-zone:get_all" if of_zones else "provider-flavor:get_all"

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        req.context.ask.must(self._action)
        is_own = self._context.settings.provider(name) == capabilities.OWN
        given = query.shown(req, self._context.settings)
        found = [{"name": k.name, "description": k.description} for k in self._offered if is_own]
        found = [f for f in found if all(f[name] in given.get(name, [f[name]]) for name in f)]
        errors.answer(resp, 200, {self._many: [query.only(given, f) for f in found]})


class Quotas:
    """How many objects projects may have."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = query.shown(req, self._context.settings)
        wanted = query.asked(given, {}, self._context.settings.page)
        wanted = _visible(req.context.ask, wanted)
        names = TABLES | {old: TABLES[name] for old, name in OLD.items()}
        defaults = self._context.settings.quotas
        own = self._context.database.read(lambda c: quotas.page(c, names, defaults, wanted))
        found = [self._shown(q, p) for p, q in own.items()]
        errors.answer(resp, 200, query.page(req.context.url, given, wanted, "quotas", found, key="project_id"))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        if project_id in DEFAULTS:
            self.on_get_default(req, resp, project_id)
            return
        forms.project({"project_id": project_id})
        req.context.ask.must("quota:get_one", project_id)
        own = self._context.database.read(lambda c: quotas.limits(c, project_id))
        self._show(req, resp, self._shown(own, project_id))

    def on_get_default(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        forms.project({"project_id": project_id})
        req.context.ask.must("quota:get_defaults", None if project_id in DEFAULTS else project_id)
        self._show(req, resp, self._shown({}, project_id))

    def on_put_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        body = requests.attributes(req, "quota")
        values = forms.update(Quota, body)
        forms.project({"project_id": project_id})
        req.context.ask.must("quota:put", project_id)
        wanted = _limits(values)

        def work(c: Connection) -> dict[str, Any]:
            quotas.limit(c, project_id, wanted)
            answer = {"quota": self._shown(quotas.limits(c, project_id), project_id)}
            idempotency.keep_plain(self._context, c, req.context.ask.once, 202, answer)
            return answer

        errors.answer(resp, 202, self._context.database.write(work))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        req.context.ask.must("quota:delete", project_id)

        def work(c: Connection) -> None:
            if not quotas.forget(c, project_id):
                message = f"quota of project {project_id} could not be found: nothing of it was ever set or counted."
                raise NotFound(message)
            idempotency.keep_plain(self._context, c, req.context.ask.once, 202)

        self._context.database.write(work)
        resp.status = 202

    def _show(self, req: falcon.Request, resp: falcon.Response, body: dict[str, Any]) -> None:
        errors.answer(resp, 200, {"quota": query.only(query.shown(req, self._context.settings), body)})

    def _shown(self, own: Mapping[str, int | None], project_id: str) -> dict[str, Any]:
        defaults = self._context.settings.quotas
        body: dict[str, Any] = {}
        for name, table in TABLES.items():
            limit = own.get(table)
            body[name] = defaults.get(table, -1) if limit is None else limit
        body |= {old: body[name] for old, name in OLD.items()}
        return {**body, "project_id": project_id, "tenant_id": project_id}


def _limits(values: Mapping[str, Any]) -> dict[str, int | None]:
    """Limits by table; raises Invalid when the two names of one differ."""
    for old, name in OLD.items():
        if old in values and values.get(name, values[old]) != values[old]:
            message = f"{old} and {name} are two names of one limit; they must not differ."
            raise Invalid(message)
    return {TABLES[OLD.get(name, name)]: value for name, value in values.items()}


def _visible(ask: Ask, wanted: Asked) -> Asked:
    """The same list of quotas, of what the caller may see; raises Forbidden when another project is asked for."""
    if ask.may("quota:get_all-global"):
        return wanted
    ask.must("quota:get_all")
    if {*wanted.filters.get("project_id", ()), *wanted.filters.get("tenant_id", ())} - {ask.caller.project_id}:
        message = (
            "Policy does not allow this request to be performed: only the quota of your own project can be listed."
        )
        raise Forbidden(message)
    return lists.within(wanted, "project_id", ask.caller.project_id)
