"""The application: every path, and what answers there."""

from typing import Any

import falcon
from falcon import responders, routing

from hydria.api import (
    docs,
    errors,
    events,
    failover,
    flavors,
    insight,
    keystone,
    machines,
    neutron,
    offers,
    openapi,
    resources,
    versions,
)
from hydria.api.context import Context
from hydria.api.requests import Gate
from hydria.domain import kinds
from hydria.drivers.identity.local import LocalIdentity

App = falcon.App[falcon.Request, falcon.Response]


class Routes(routing.CompiledRouter):
    """Knows the methods that the API has and no others: falcon would answer OPTIONS by itself."""

    def map_http_methods(self, resource: object, **more: Any) -> Any:
        found = dict(super().map_http_methods(resource, **more))
        return {**found, "OPTIONS": responders.create_method_not_allowed(sorted(found))}


def create(context: Context) -> App:
    """The API as a WSGI application."""
    app: App = falcon.App(middleware=[Gate(context)], router=Routes())
    errors.register(app)
    _first(app, context)
    for kind in kinds.KINDS:
        base = _base(kind)
        app.add_route(base, resources.Collection(context, kind))
        item = resources.Item(context, kind)
        app.add_route(f"{base}/{{{_field(kind)}}}", item)
        app.add_route(f"{base}/{{{_field(kind)}}}/restore", item, suffix="restore")
    _insight(app, context)
    _offers(app, context)
    if context.local:
        _identity(app, context, context.local)
        _network(app, context)
    return app


def _base(kind: kinds.Kind) -> str:
    """The path of a kind's collection."""
    if kind in resources.NESTED:
        return f"/v2/{resources.NESTED[kind][0].many}/{{parent_id}}/{kind.many}"
    return f"/v2/{kind.many}"


def _field(kind: kinds.Kind) -> str:
    """The router wants one name for one place in a path: the first id may be that of a parent."""
    return "child_id" if kind in resources.NESTED else "parent_id"


def _first(app: App, context: Context) -> None:
    app.add_route("/", versions.Versions(context))
    app.add_route("/v2", versions.Stub())
    if context.settings.healthcheck:
        app.add_route("/healthcheck", versions.Health(context))
    app.add_route("/openapi", openapi.Document(context))
    app.add_route("/docs", docs.Page())


def _insight(app: App, context: Context) -> None:
    status = insight.Status(context)
    app.add_route("/v2/loadbalancers/{parent_id}/status", status)
    app.add_route("/v2/loadbalancers/{parent_id}/statuses", status)
    app.add_route("/v2/loadbalancers/{parent_id}/stats", insight.Statistics(context, kinds.LOADBALANCER))
    app.add_route("/v2/loadbalancers/{parent_id}/events", events.Events(context))
    app.add_route("/v2/listeners/{parent_id}/stats", insight.Statistics(context, kinds.LISTENER))
    app.add_route("/v2/loadbalancers/{parent_id}/failover", failover.LoadBalancers(context))
    amphorae = machines.Amphorae(context)
    app.add_route("/v2/octavia/amphorae", amphorae)
    app.add_route("/v2/octavia/amphorae/{amphora_id}", amphorae, suffix="one")
    app.add_route("/v2/octavia/amphorae/{amphora_id}/stats", amphorae, suffix="stats")
    app.add_route("/v2/octavia/amphorae/{amphora_id}/failover", amphorae, suffix="failover")
    app.add_route("/v2/octavia/amphorae/{amphora_id}/config", amphorae, suffix="config")


def _offers(app: App, context: Context) -> None:
    app.add_route("/v2/providers", offers.Providers(context))
    app.add_route("/v2/providers/{name}/flavor_capabilities", offers.Capabilities(context, of_zones=False))
    app.add_route("/v2/providers/{name}/availability_zone_capabilities", offers.Capabilities(context, of_zones=True))
    for kind in flavors.ACTIONS:
        app.add_route(f"/v2/{kind.path}", flavors.Collection(context, kind))
        app.add_route(f"/v2/{kind.path}/{{key}}", flavors.Item(context, kind))
    quotas = offers.Quotas(context)
    app.add_route("/v2/quotas", quotas)
    app.add_route("/v2/quotas/{project_id}", quotas, suffix="one")
    app.add_route("/v2/quotas/{project_id}/default", quotas, suffix="default")


def _identity(app: App, context: Context, local: LocalIdentity) -> None:
    app.add_error_handler(keystone.Rejected, keystone.rejected)
    root, tokens, projects = keystone.Root(context), keystone.Tokens(context, local), keystone.Projects(local)
    app.add_route("/identity", root)
    app.add_route("/identity/v3", root, suffix="version")
    app.add_route("/identity/v3/auth/tokens", tokens)
    app.add_route("/identity/v3/auth/catalog", tokens, suffix="catalog")
    app.add_route("/identity/v3/auth/projects", projects)
    app.add_route("/identity/v3/projects", projects)
    app.add_route("/identity/v3/projects/{project_id}", projects, suffix="one")


def _network(app: App, context: Context) -> None:
    root = neutron.Root(context)
    app.add_route("/network", root)
    app.add_route("/network/v2.0", root, suffix="version")
    app.add_route("/network/v2.0/extensions", root, suffix="extensions")
    app.add_route("/network/v2.0/extensions/{alias}", root, suffix="extension")
    for path, collection in neutron.collections(context).items():
        app.add_route(f"/network/v2.0/{path}", collection)
        app.add_route(f"/network/v2.0/{path}/{{thing_id}}", collection, suffix="one")
