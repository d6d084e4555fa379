"""What Keystone's middleware found out becomes a caller, and is remembered for a while."""

import subprocess
import sys
from typing import Any

import pytest

from hydria.drivers import faults
from hydria.drivers.identity import Caller
from hydria.drivers.identity.keystone import OUTCOME, KeystoneIdentity, Remembered
from hydria.kit.clock import HandClock

HEADERS = {"HTTP_X_USER_ID": "u", "HTTP_X_PROJECT_ID": "p", "HTTP_X_ROLES": "member,reader"}


def test_a_caller_is_what_the_middleware_confirmed() -> None:
    found = KeystoneIdentity().caller("token", {OUTCOME: "confirmed", **HEADERS})
    assert found == Caller("u", "p", frozenset({"member", "reader"}))


def test_the_scope_of_a_token_is_kept() -> None:
    more = {"HTTP_OPENSTACK_SYSTEM_SCOPE": "all", "HTTP_X_DOMAIN_ID": "d"}
    found = KeystoneIdentity().caller("token", {OUTCOME: "confirmed", "HTTP_X_USER_ID": "u", **more})
    assert found == Caller("u", "", domain_id="d", system_scope="all")


@pytest.mark.parametrize("environ", [{}, {OUTCOME: 401}, {OUTCOME: "CONFIRMED"}])
def test_headers_alone_make_nobody_anybody(environ: dict[str, Any]) -> None:
    assert KeystoneIdentity().caller("token", {**HEADERS, **environ}) is None


def test_nobody_is_let_in_while_keystone_is_silent() -> None:
    with pytest.raises(faults.Temporary):
        KeystoneIdentity().caller("token", {OUTCOME: 503, **HEADERS})


def test_what_is_remembered_counts_for_its_time() -> None:
    clock = HandClock()
    remembered = Remembered(clock)
    remembered.set("a", b"1", time=300)
    assert (remembered.get("a"), remembered.get("b")) == (b"1", None)
    clock.turn(300)
    assert remembered.get("a") is None


def test_the_oldest_are_forgotten_first() -> None:
    remembered = Remembered(HandClock(), most=2)
    for key in "aba":
        remembered.set(key, key.encode(), time=9)
    remembered.set("c", b"c", time=9)
    assert [remembered.get(key) for key in "abc"] == [b"a", None, b"c"]


def test_a_machine_with_users_of_its_own_loads_nothing_of_keystone() -> None:
    program = (
        "import sys; from hydria import main; from hydria.api import app, access; from hydria.drivers.identity import local;"
        "from hydria.kit.clock import HandClock; access.Rules(access.PolicySettings(), HandClock());"
        "print([m for m in ('keystonemiddleware', 'keystoneauth1', 'oslo_middleware', 'webob') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
