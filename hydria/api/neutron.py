"""The part of a network API that clients look things up in, answered by the network driver. Nothing can be changed here."""

from collections.abc import Callable, Iterable
from typing import Any

import falcon

from hydria.api import errors, query
from hydria.api.context import Context
from hydria.drivers.network import Port, Segment, Subnet
from hydria.kit import ids

EXTENSIONS = ("subnet_allocation", "security-group", "qos")


def network(s: Segment) -> dict[str, Any]:
    """A network as network APIs show it."""
    return {
        "id": s.id,
        "name": s.name,
        "project_id": s.project_id,
        "tenant_id": s.project_id,
        "subnets": [n.id for n in s.subnets],
        "mtu": s.mtu,
        "status": "ACTIVE",
        "admin_state_up": True,
        "shared": not s.project_id,
        "router:external": False,
        "port_security_enabled": True,
    }


def subnet(s: Subnet) -> dict[str, Any]:
    """A subnet."""
    return {
        "id": s.id,
        "name": s.name,
        "project_id": s.project_id,
        "tenant_id": s.project_id,
        "network_id": s.network_id,
        "cidr": s.cidr,
        "ip_version": 6 if ":" in s.cidr else 4,
        "gateway_ip": s.gateway,
        "enable_dhcp": False,
        "allocation_pools": [],
        "dns_nameservers": [],
        "host_routes": [{"destination": d, "nexthop": via} for d, via in s.routes],
    }


def port(p: Port) -> dict[str, Any]:
    """A port."""
    return {
        "id": p.id,
        "name": p.name,
        "network_id": p.network_id,
        "fixed_ips": [{"subnet_id": p.subnet_id, "ip_address": p.address}],
        "mac_address": p.mac,
        "device_id": p.device_id,
        "device_owner": "",
        "admin_state_up": True,
        "status": "ACTIVE",
        "allowed_address_pairs": [{"ip_address": a} for a in p.also],
        "security_groups": [],
        "qos_policy_id": None,
    }


class Root:
    """The versions of the network look-up."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        href = f"{self._context.settings.public_url or req.prefix}/network/v2.0/"
        errors.answer(
            resp, 200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [{"rel": "self", "href": href}]}]}
        )

    def on_get_version(self, _req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 200, {"resources": []})

    def on_get_extensions(self, _req: falcon.Request, resp: falcon.Response) -> None:
        errors.answer(resp, 200, {"extensions": [{"alias": a, "name": a} for a in EXTENSIONS]})

    def on_get_extension(self, _req: falcon.Request, resp: falcon.Response, alias: str) -> None:
        if alias not in EXTENSIONS:
            _absent(resp, "extension", alias)
            return
        errors.answer(resp, 200, {"extension": {"alias": alias, "name": alias}})


class Collection:
    """Things of one kind: `every` gives those that may be listed, `one` any of them by id."""

    def __init__(
        self,
        many: str,
        single: str,
        every: Callable[[bool], Iterable[dict[str, Any]]],
        one: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self._many, self._single, self._every, self._one = many, single, every, one

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = query.parameters(req)
        listed = list(self._every(req.context.ask.caller.is_admin))
        by_id = [f for i in given.get("id", ()) if ids.is_id(i) and (f := self._one(i))]
        wanted = by_id if "id" in given else listed
        filters = {
            k: v for k, v in given.items() if k not in ("id", "fields", "limit", "marker", "sort_key", "sort_dir")
        }
        found = [t for t in wanted if all(str(t.get(k)) in v for k, v in filters.items() if k in t)]
        errors.answer(resp, 200, {self._many: found})

    def on_get_one(self, _req: falcon.Request, resp: falcon.Response, thing_id: str) -> None:
        found = self._one(thing_id) if ids.is_id(thing_id) else None
        if found is None:
            _absent(resp, self._single, thing_id)
            return
        errors.answer(resp, 200, {self._single: found})


def _absent(resp: falcon.Response, single: str, thing_id: str) -> None:
    words = f"{single} {thing_id} could not be found."
    errors.answer(resp, 404, {"NeutronError": {"type": "NotFound", "message": words, "detail": ""}})


def collections(context: Context) -> dict[str, Collection]:
    """Every collection by its path."""
    net = context.network

    def networks(_admin: bool) -> Iterable[dict[str, Any]]:
        return [network(s) for s in net.networks()]

    def subnets(_admin: bool) -> Iterable[dict[str, Any]]:
        return [subnet(n) for s in net.networks() for n in s.subnets]

    def ports(admin: bool) -> Iterable[dict[str, Any]]:
        return [port(p) for p in net.list_ports()] if admin else []

    def nothing(_admin: bool) -> Iterable[dict[str, Any]]:
        return []

    return {
        "networks": Collection(
            "networks", "network", networks, lambda i: network(s) if (s := net.network(i)) else None
        ),
        "subnets": Collection("subnets", "subnet", subnets, lambda i: subnet(s) if (s := net.subnet(i)) else None),
        "ports": Collection("ports", "port", ports, lambda i: port(p) if (p := net.port(i)) else None),
        "security-groups": Collection("security_groups", "security_group", nothing, lambda _: None),
        "qos/policies": Collection("policies", "policy", nothing, lambda _: None),
    }
