"""The functional tests that openstacksdk brings along, against our API with its local identity and drivers that do nothing.

    python -m tests.cloud.sdk [REGEX]

Needs what scripts/setup.sh --dev --tempest installs. Failures and skips are told with their reasons, the table comes last.
"""

import sys
import time

from bench import deployment
from bench.deployment import Stored
from tests.cloud import suites
from tests.cloud.suites import Suite
from tests.servers import process

CLOUDS = {
    "OS_CLOUD": "hydria-admin",
    "OPENSTACKSDK_OPERATOR_CLOUD": "hydria-admin",
    "OPENSTACKSDK_SYSTEM_ADMIN_CLOUD": "hydria-admin",
    "OPENSTACKSDK_DEMO_CLOUD": "hydria",
    "OPENSTACKSDK_DEMO_CLOUD_ALT": "hydria",
}
"""Who the suite is: an operator, and somebody who uses the cloud."""
MOST = {"OS_TEST_TIMEOUT": "120", "OPENSTACKSDK_FUNC_TEST_TIMEOUT": "60"}
"""Seconds that a test, and what it waits for, may take."""


def main(tests: str) -> int:
    """How many tests failed."""
    began = time.monotonic()
    with process.folder("root") as own, process.folder("root") as folder, deployment.running(own, Stored()) as house:
        people = {"OS_CLIENT_CONFIG_FILE": str(house.deployment.clouds), **CLOUDS, **MOST}
        found = Suite(folder, "openstack/tests/functional/load_balancer", people).run(tests)
    line, failed = suites.told("openstacksdk", "sqlite", found, began)
    print(f"{suites.HEAD}\n{line}")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1] if sys.argv[1:] else ""), 1))
