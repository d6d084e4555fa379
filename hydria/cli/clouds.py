"""clouds.yaml: how clients reach a deployment as the people it knows. Only what works as it is written stands there."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hydria.cli import keystone

HEAD = """# How the openstack client reaches this deployment:
#   export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD={cloud}
"""
REGION = "RegionOne"
SERVICE = "hydria-service"
"""The account of this service at Keystone: the operator's own."""


def local(url: str, users: Mapping[str, tuple[str, str, str]], *, public: str = "") -> dict[str, Any]:
    """Cloud -> user, password, project of the users of this machine. Where the catalogue says `public`, which need not be
    known here, nothing is looked up in it.
    """
    domains = {"user_domain_id": "default", "project_domain_id": "default"}
    past = {
        "auth_type": "v3password",  # it takes auth_url as it is
        "load_balancer_endpoint_override": url,
        "network_endpoint_override": f"{url}/network/v2.0",
    }
    return {
        cloud: {
            "auth": {
                "auth_url": f"{url}/identity/v3",
                "username": user,
                "password": password,
                "project_name": project,
                **domains,
            },
            "region_name": REGION,
            "identity_api_version": 3,
            **(past if public not in {"", url} else {}),
        }
        for cloud, (user, password, project) in users.items()
    }


def opened(url: str) -> dict[str, Any]:
    """Where nobody is asked who they are."""
    return {"hydria": {"auth_type": "none", "auth": {"endpoint": url}, "region_name": REGION}}


def behind_keystone(settings: Any, url: str) -> dict[str, Any]:
    """The account of this service, told where we are whatever the catalogue says; nothing for kinds clients know otherwise."""
    account = keystone.account(settings).cloud()
    if account is None:
        return {}
    return {SERVICE: {**account, "load_balancer_endpoint_override": url, "identity_api_version": 3}}


def text(path: object, clouds: Mapping[str, Any]) -> str:
    """The file."""
    head = HEAD.format(path=path, cloud=next(iter(clouds)))
    return head + "\n".join(_lines({"clouds": clouds})) + "\n"


def how(settings: Any) -> str:
    """How clients reach us, for people."""
    openrc = settings.state / "openrc"
    own = f". {openrc}" if openrc.exists() else ""
    if not settings.is_behind_keystone():
        return f"clients: {own}"
    told = "clients: by Keystone, whose catalogue must have us as the type load-balancer"
    return told + (f"; as this service's own account: {own}" if own else "")


def _lines(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """YAML: what is in quotes here is so in JSON too, whatever a password holds."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}: {json.dumps(value)}"
