"""A public conformance suite, octavia-tempest-plugin, against our API behind a real Keystone, by policies and databases.

    python -m tests.cloud.tempest [--policies NAME,...] [--databases KIND,...] [--tests REGEX]

NAME is one of keystone_default_roles, advanced, owner_or_admin: what the suite calls the three sets of rules in
etc/policy. KIND is sqlite, or mariadb or postgresql with RabbitMQ as broker. Drivers do nothing. Needs what
scripts/setup.sh --dev --keystone --tempest installs. Every failure and skip is told with its reason, the table comes last.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import deployment
from hydria import options
from hydria.domain import capabilities
from tests.cloud import conftest
from tests.servers import keystone, network, process
from tests.servers.keystone import Keystone
from tests.system.house import ROOT

ENVIRONMENT = ROOT / "build/tempest"
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
AT_ONCE = 2
MOST_S = 3600
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


@dataclass(frozen=True)
class Outcome:
    """One test: `ok`, `failed` or `skipped`, and why."""

    name: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Suite:
    """The suite in a folder of its own, with its settings and records."""

    folder: Path

    def prepare(self, identity: Keystone, policies: str, *, ipv6: bool) -> None:
        """Write the settings."""
        providers = ",".join(f"{name}:{words}" for name, words in options.PROVIDERS.items())
        written = {"folder": self.folder, "identity": identity.url, "region": keystone.REGION, "policies": policies}
        # What a capability or provider is for is prose: ours is expected of us.
        flavor, zone = capabilities.FLAVOR[1], capabilities.ZONE[0]
        (self.folder / "tempest.conf").write_text(
            SETTINGS.format(
                **written,
                password=keystone.PASSWORD,
                providers=providers,
                flavor=f"{flavor.name}:{flavor.description}",
                zone=f"{zone.name}:{zone.description}",
                ipv6=ipv6,
            )
        )
        installed = next((ENVIRONMENT / "lib").glob("python3*/site-packages"))
        tests = installed / "octavia_tempest_plugin/tests/api"
        (self.folder / ".stestr.conf").write_text(f"[DEFAULT]\ntest_path={tests}\ntop_dir={installed}\n")

    def run(self, tests: str) -> list[Outcome]:
        """Run what a regular expression names, two at a time; what became of each test."""
        self._call("stestr", "run", "--concurrency", str(AT_ONCE), *([tests] if tests else []))
        return list(outcomes(self._call("subunit2pyunit", said=self._call("stestr", "last", "--subunit")).decode()))

    def _call(self, program: str, *words: str, said: bytes = b"") -> bytes:
        """A program of the suite's; what it prints."""
        places = {"HOME": str(self.folder), "TEMPEST_CONFIG_DIR": str(self.folder), "TEMPEST_CONFIG": "tempest.conf"}
        environment = {"PATH": f"{ENVIRONMENT}/bin:{os.defpath}", "PYTHONWARNINGS": "ignore", **places}
        line = [str(ENVIRONMENT / "bin" / program), *words]
        done = subprocess.run(
            line, input=said, capture_output=True, env=environment, cwd=self.folder, timeout=MOST_S, check=False
        )
        return done.stdout or done.stderr


def outcomes(text: str) -> Iterator[Outcome]:
    """What is told of each test, read from the words of unittest."""
    blocks = re.split(r"^={70}\n", text, flags=re.MULTILINE)
    why = {block.split("\n", 1)[0].partition(": ")[2]: _reason(block) for block in blocks[1:]}
    for name, said in re.findall(r"^(.+) \.\.\. (ok|FAIL|ERROR|skipped .*)$", blocks[0], flags=re.MULTILINE):
        status = {"ok": "ok", "FAIL": "failed", "ERROR": "failed"}.get(said, "skipped")
        short = re.sub(r"octavia_tempest_plugin\.tests\.api\.v2\.|\[id-.*\]", "", name)
        yield Outcome(short, status, why.get(name, "") if status == "failed" else said.removeprefix("skipped "))


def _reason(block: str) -> str:
    """The last exception of a traceback, in one line."""
    lines = [line.strip() for line in block.partition("Traceback (most recent call last)")[2].splitlines()]
    ends = [n for n, line in enumerate(lines) if re.match(r"(\w+\.)+\w+: |\w+Error: ", line)]
    return " ".join(lines[ends[-1] : ends[-1] + 3])[:300] if ends else "no traceback"


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
        suite = Suite(folder)
        suite.prepare(identity, policies, ipv6=True)
        found = {one.name: one for one in suite.run(tests)}
        again = [name for name, one in found.items() if one.status == "skipped" and re.search(WITHOUT_IPV6, name)]
        if again:
            suite.prepare(identity, policies, ipv6=False)
            found |= {one.name: one for one in suite.run(WITHOUT_IPV6) if one.name in again}
    for one in found.values():
        if one.status != "ok":
            print(f"  {one.status} {one.name}: {one.reason}", flush=True)
    count = Counter(one.status for one in found.values())
    numbers = f"{count['ok']:6} {count['failed']:6} {count['skipped']:7} {time.monotonic() - began:6.0f}"
    return f"{policies:23} {database:9} {numbers}", count["failed"]


def main(arguments: list[str]) -> int:
    """Judge all that is asked for; how many tests failed."""
    parser = argparse.ArgumentParser(prog="tests.cloud.tempest")
    parser.add_argument("--policies", default=",".join(RULES), help=f"of {', '.join(RULES)}")
    parser.add_argument("--databases", default=DATABASES, help="of sqlite, mariadb, postgresql")
    parser.add_argument("--tests", default="", help="only those that a regular expression names")
    asked = parser.parse_args(arguments)
    lines, failed = [], 0
    for policies in asked.policies.split(","):
        for database in asked.databases.split(","):
            line, more = judged(policies, database, asked.tests)
            lines.append(line)
            failed += more
    print("\n".join([f"{'policies':23} database  passed failed skipped seconds", *lines]))
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
