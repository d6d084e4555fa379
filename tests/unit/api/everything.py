"""One object of everything that the API has, and where it is listed and shown."""

from typing import Any

from tests.unit.api.conftest import PROJECT, Service, paths
from tests.unit.api.test_machines import serve

TREE = ("lb", "listener", "pool", "member", "hm", "policy", "rule")
OFFERS = {
    "flavorprofile": ("/flavorprofiles", "flavorprofile", "flavorprofile_links"),
    "flavor": ("/flavors", "flavor", "flavors_links"),
    "zoneprofile": ("/availabilityzoneprofiles", "availability_zone_profile", "availability_zone_profile_links"),
    "zone": ("/availabilityzones", "availability_zone", "availability_zones_links"),
}
KINDS = (*TREE, *OFFERS, "amphora", "quota")


class World:
    """One of everything, settled, and where it is listed and shown."""

    def __init__(self, api: Service, tree: dict[str, str]) -> None:
        self.api = api
        of_tree = paths(tree)
        api.token = "admin"
        self.keys = {**tree, **_offered(api), "amphora": serve(api, tree["lb"], cached_zone="a"), "quota": PROJECT}
        api.ask("PUT", f"/quotas/{PROJECT}", {"quota": {"pool": 7}})
        self.where = {kind: (path.rpartition("/")[0], root) for kind, (path, root) in of_tree.items()}
        self.where |= {kind: where[:2] for kind, where in OFFERS.items()}
        self.where |= {"amphora": ("/v2/octavia/amphorae", "amphora"), "quota": ("/quotas", "quota")}

    def many(self, kind: str) -> str:
        root = self.where[kind][1]
        return {"l7policy": "l7policies", "amphora": "amphorae"}.get(root, f"{root}s")

    def key(self, kind: str) -> str:
        return {"zone": "name", "quota": "project_id"}.get(kind, "id")

    def answer(self, kind: str, query: str = "") -> Any:
        return self.api.ask("GET", f"{self.where[kind][0]}?{query}")

    def listed(self, kind: str, query: str = "") -> list[dict[str, Any]]:
        result = self.answer(kind, query)
        assert result.status_code == 200, (kind, query, result.text)
        found: list[dict[str, Any]] = result.json[self.many(kind)]
        return found

    def shown(self, kind: str, query: str = "") -> dict[str, Any]:
        path, root = self.where[kind]
        return dict(self.api.get(f"{path}/{self.keys[kind]}?{query}", root))


def _offered(api: Service) -> dict[str, str]:
    profile = {"name": "p", "provider_name": "amphora"}
    flavors = api.make("/flavorprofiles", "flavorprofile", **profile, flavor_data="{}")["id"]
    zones = api.make("/availabilityzoneprofiles", "availability_zone_profile", **profile, availability_zone_data="{}")
    flavor = api.make("/flavors", "flavor", name="f", description="d", flavor_profile_id=flavors)["id"]
    api.make("/availabilityzones", "availability_zone", name="z", availability_zone_profile_id=zones["id"])
    return {"flavorprofile": flavors, "flavor": flavor, "zoneprofile": zones["id"], "zone": "z"}
