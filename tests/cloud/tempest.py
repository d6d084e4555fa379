"""A public conformance suite, octavia-tempest-plugin, against our API behind a real Keystone, by policies and databases.

    python -m tests.cloud.tempest [--policies NAME,...] [--databases KIND,...] [--tests REGEX]

NAME is one of keystone_default_roles, advanced, owner_or_admin: what the suite calls the three sets of rules in
etc/policy. KIND is sqlite, or mariadb or postgresql with RabbitMQ as broker. Drivers do nothing. Needs what
scripts/setup.sh --dev --keystone --tempest installs. Every failure and skip is told with its reason, the table comes last.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import deployment
from hydria import options
from hydria.domain import capabilities
from tests.cloud import conftest, suites
from tests.cloud.suites import Suite
from tests.servers import keystone, network, process
from tests.servers.keystone import Keystone
from tests.system.house import ROOT

RULES = {
    "keystone_default_roles": "keystone-default-roles",
    "advanced": "load-balancer-roles",
    "owner_or_admin": "admin-or-owner",
}
"""What the suite calls each set of policies, and its file."""
DATABASES = "sqlite,mariadb"
ROLES = tuple(f"load-balancer_{name}" for name in ("admin", "member", "observer", "global_observer", "quota_admin"))
WITHOUT_IPV6 = "test_member.*UDP"
"""What the suite passes over where it tests IPv6: members of UDP pools whose family is not the VIP's."""
SETTINGS = """[DEFAULT]
log_file = {folder}/tempest.log
debug = false
[oslo_concurrency]
lock_path = {folder}/locks
[auth]
use_dynamic_credentials = true
create_isolated_networks = false
admin_username = admin
admin_password = {password}
admin_project_name = admin
admin_domain_name = Default
[identity]
auth_version = v3
uri_v3 = {identity}
region = {region}
v3_endpoint_type = public
[identity-feature-enabled]
api_v2 = false
[service_available]
cinder = false
glance = false
horizon = false
neutron = false
nova = false
swift = false
[network]
project_networks_reachable = true
[enforce_scope]
octavia = true
[load_balancer]
RBAC_test_type = {policies}
test_with_noop = true
test_with_ipv6 = {ipv6}
provider = octavia
availability_zone = one
availability_zone2 = two
availability_zone3 = three
enabled_provider_drivers = {providers}
expected_flavor_capability = {flavor}
expected_availability_zone_capability = {zone}
check_interval = 0.1
build_interval = 0.1
lb_build_interval = 0.1
check_timeout = 30
build_timeout = 30
lb_build_timeout = 30
"""


def written(folder: Path, identity: Keystone, policies: str, *, ipv6: bool) -> None:
    """The settings of the suite, in a folder."""
    providers = ",".join(f"{name}:{words}" for name, words in options.PROVIDERS.items())
    flavor, zone = capabilities.FLAVOR[1], capabilities.ZONE[0]
    (folder / "tempest.conf").write_text(
        SETTINGS.format(
            folder=folder,
            identity=identity.url,
            region=keystone.REGION,
            password=keystone.PASSWORD,
            policies=policies,
            providers=providers,
            # What a capability or provider is for is prose: ours is expected of us.
            flavor=f"{flavor.name}:{flavor.description}",
            zone=f"{zone.name}:{zone.description}",
            ipv6=ipv6,
        )
    )


@contextmanager
def behind_keystone(policies: str, database: str) -> Iterator[Keystone]:
    """A deployment with this set of rules in the catalogue of a Keystone."""
    more = f"[oslo_policy]\npolicy_file = {ROOT}/etc/policy/{RULES[policies]}.yaml\n"
    with (
        keystone.running(threads=1) as identity,
        network.running() as net,
        deployment.stored(database) as servers,
        process.folder("root") as own,
        conftest.serving(identity, own, "10.60", more, servers) as service,
    ):
        for kind, url in (("load-balancer", f"http://127.0.0.1:{service.port}"), ("network", net)):
            identity.offer(kind, url)
        for role in ROLES:
            identity.make("roles", "role", name=role)
        yield identity


def judged(policies: str, database: str, tests: str) -> tuple[str, int]:
    """A line of the table and the number of failures."""
    began = time.monotonic()
    with behind_keystone(policies, database) as identity, process.folder("root") as folder:
        places = {"TEMPEST_CONFIG_DIR": str(folder), "TEMPEST_CONFIG": "tempest.conf"}
        suite = Suite(folder, "octavia_tempest_plugin/tests/api", places)
        written(folder, identity, policies, ipv6=True)
        found = {one.name: one for one in suite.run(tests)}
        again = [name for name, one in found.items() if one.status == "skipped" and re.search(WITHOUT_IPV6, name)]
        if again:
            written(folder, identity, policies, ipv6=False)
            found |= {one.name: one for one in suite.run(WITHOUT_IPV6) if one.name in again}
    return suites.told(policies, database, found.values(), began)


def main(arguments: list[str]) -> int:
    """Judge all that is asked for; how many tests failed."""
    parser = argparse.ArgumentParser(prog="tests.cloud.tempest")
    parser.add_argument("--policies", default=",".join(RULES), help=f"of {', '.join(RULES)}")
    parser.add_argument("--databases", default=DATABASES, help="of sqlite, mariadb, postgresql")
    parser.add_argument("--tests", default="", help="only those that a regular expression names")
    asked = parser.parse_args(arguments)
    pairs = [(policies, database) for policies in asked.policies.split(",") for database in asked.databases.split(",")]
    lines = [judged(*pair, asked.tests) for pair in pairs]
    print("\n".join([suites.HEAD, *(line for line, _ in lines)]))
    return sum(failed for _, failed in lines)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
