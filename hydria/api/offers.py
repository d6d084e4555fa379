"""Providers and quotas."""

from collections.abc import Mapping
from typing import Any

import falcon

from hydria.api import access, errors, query, requests
from hydria.api.access import Right
from hydria.api.context import Context
from hydria.domain import forms
from hydria.domain.offers import Quota
from hydria.storage import quotas

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
        access.allow(req.context.ask.caller, Right.READ)
        given = query.parameters(req)
        found = [{"name": n, "description": d} for n, d in sorted(self._context.settings.providers.items())]
        errors.answer(resp, 200, {"providers": [query.only(given, f) for f in found], "providers_links": []})


class Quotas:
    """How many objects projects may have."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        caller = req.context.ask.caller
        access.allow(caller, Right.READ)
        own = self._context.database.read(quotas.every)
        seen = {p: q for p, q in own.items() if access.may(caller, Right.READ_GLOBAL) or p == caller.project_id}
        wanted = query.parameters(req).get("project_id")
        found = [self._shown(q, p) for p, q in seen.items() if wanted is None or p in wanted]
        errors.answer(resp, 200, {"quotas": found, "quotas_links": []})

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        if project_id in DEFAULTS:
            self.on_get_default(req, resp, project_id)
            return
        access.allow(req.context.ask.caller, Right.READ, project_id)
        own = self._context.database.read(lambda c: quotas.limits(c, project_id))
        errors.answer(resp, 200, {"quota": self._shown(own, project_id)})

    def on_get_default(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        access.allow(req.context.ask.caller, Right.READ, None if project_id in DEFAULTS else project_id)
        errors.answer(resp, 200, {"quota": self._shown({}, None)})

    def on_put_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        body = requests.attributes(req, "quota")
        values = forms.update(Quota, body)
        access.allow(req.context.ask.caller, Right.ADMIN, project_id)
        wanted = {TABLES[OLD.get(name, name)]: value for name, value in values.items()}
        self._context.database.write(lambda c: quotas.limit(c, project_id, wanted))
        own = self._context.database.read(lambda c: quotas.limits(c, project_id))
        errors.answer(resp, 202, {"quota": self._shown(own, project_id)})

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, project_id: str) -> None:
        access.allow(req.context.ask.caller, Right.ADMIN, project_id)
        nothing: dict[str, int | None] = dict.fromkeys(TABLES.values())
        self._context.database.write(lambda c: quotas.limit(c, project_id, nothing))
        resp.status = 202

    def _shown(self, own: Mapping[str, int | None], project_id: str | None) -> dict[str, Any]:
        defaults = self._context.settings.quotas
        body: dict[str, Any] = {}
        for name, table in TABLES.items():
            limit = own.get(table)
            body[name] = defaults.get(table, -1) if limit is None else limit
        body |= {old: body[name] for old, name in OLD.items()}
        return {**body, "project_id": project_id, "tenant_id": project_id} if project_id else body
