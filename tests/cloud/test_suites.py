"""Public suites: a few of their tests each time, all of them in a soak; and what is read of how they went."""

from tests.cloud import sdk, suites, tempest
from tests.cloud.suites import Outcome

FEW = "FlavorProfileAPITest"
SAID = """pkg.tests.v2.test_x.X.test_a[id-1]
pkg.tests.v2.test_x.X.test_a[id-1] ... ok
pkg.tests.v2.test_x.X.test_b[id-2]
pkg.tests.v2.test_x.X.test_b[id-2] ... FAIL
setUpClass (pkg.tests.v2.test_y.Y)
setUpClass (pkg.tests.v2.test_y.Y) ... skipped 'no such thing'
======================================================================
FAIL: pkg.tests.v2.test_x.X.test_b[id-2]
----------------------------------------------------------------------
Traceback (most recent call last):
  File "x.py", line 1, in test_b
    ask()
lib.exceptions.NotFound: Object not found
Details: there is none
"""


def test_every_outcome_is_read_with_its_reason() -> None:
    assert list(suites.outcomes(SAID)) == [
        Outcome("test_x.X.test_a", "ok", "ok"),
        Outcome("test_x.X.test_b", "failed", "lib.exceptions.NotFound: Object not found Details: there is none"),
        Outcome("setUpClass (test_y.Y)", "skipped", "'no such thing'"),
    ]


def test_a_suite_of_which_nothing_ran_has_failed() -> None:
    assert suites.told("x", "sqlite", [], 0)[1] == 1


def test_a_public_conformance_suite_passes(soak: bool) -> None:
    few = ["--policies", "keystone_default_roles", "--databases", "sqlite", "--tests", FEW]
    assert tempest.main([] if soak else few) == 0


def test_the_functional_tests_of_the_sdk_pass(soak: bool) -> None:
    assert sdk.main("" if soak else "test_quota_update|test_pool_update") == 0
