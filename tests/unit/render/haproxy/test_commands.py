"""Which changes take a reload, and in which order the others are made."""

import pytest

from hydria.domain.tree import Tree
from hydria.domain.types import Algorithm, MonitorType, PoolProtocol
from hydria.render import haproxy
from hydria.render.haproxy import commands
from tests.golden.trees import listener, loadbalancer, member, monitor, name, pool, tree

BEFORE = tree(listener(), pool(), monitor(), member("a"), member("b", address="192.0.2.2"))
SERVERS = f"{name('pool')}:{name('listener')}"


def after(*parts, gone=()):
    """The commands for a change; None when it takes a reload."""
    return made(BEFORE, BEFORE.plus(*parts).minus(*(name(word) for word in gone)))


def made(old, new):
    steps = commands.commands(old, new)
    return steps if steps is None else list(steps)


def test_nothing_to_do_when_the_files_are_equal():
    assert after(listener(name="new", tags=["new"]), member("a", name="new")) == []


def test_a_new_member_is_added_checked_and_opened():
    add, check, ready = after(member("c", address="2001:db8::1", weight=7))
    assert add.startswith(f"add server {SERVERS}/{name('c')} [2001:db8::1]:8080 id ")
    assert add.endswith(" weight 7")
    assert check == f"enable health {SERVERS}/{name('c')}"
    assert ready == f"set server {SERVERS}/{name('c')} state ready"


def test_a_new_member_that_is_down_stays_in_maintenance():
    assert len(after(member("c", admin_state_up=False))) == 1


def test_a_member_leaves_traffic_before_it_is_deleted():
    server = f"{SERVERS}/{name('a')}"
    assert after(gone=["a"]) == [f"set server {server} state maint", f"del server {server}"]


def test_a_member_that_is_down_is_just_deleted():
    down = BEFORE.plus(member("a", admin_state_up=False))
    assert made(down, down.minus(name("a"))) == [f"del server {SERVERS}/{name('a')}"]


def test_capacity_comes_before_it_goes():
    steps = after(member("c"), member("b", address="192.0.2.2", weight=0), gone=["a"])
    assert [step.split()[0] for step in steps] == ["add", "enable", "set", "set", "set", "del"]
    assert steps[-2].endswith("weight 0")


def test_a_member_goes_down_and_up():
    down = BEFORE.plus(member("a", admin_state_up=False))
    server = f"{SERVERS}/{name('a')}"
    assert made(BEFORE, down) == [f"set server {server} state maint"]
    assert made(down, BEFORE) == [f"enable health {server}", f"set server {server} state ready"]


def test_a_connection_limit_is_set():
    assert after(listener(connection_limit=9)) == [f"set maxconn frontend {name('listener')} 9"]
    assert after(listener(connection_limit=0)) == []


def test_every_listener_of_a_pool_learns_of_its_member():
    both = BEFORE.plus(listener("other", port=81))
    assert len(made(both, both.plus(member("c")))) == 6


@pytest.mark.parametrize(
    "change",
    [
        loadbalancer("127.0.0.2"),
        loadbalancer(admin_state_up=False),
        listener(admin_state_up=False),
        listener("other", port=81),
        listener(pool=None),
        listener(timeout_client_data=1),
        listener(insert_headers={"X-Forwarded-For": "true"}),
        listener(cidrs=["10.0.0.0/8"]),
        pool(algorithm=Algorithm.LEAST_CONNECTIONS),
        pool(protocol=PoolProtocol.PROXY),
        pool(keep="SOURCE_IP"),
        pool(admin_state_up=False),
        monitor(delay=6),
        monitor(timeout=4),
        monitor(admin_state_up=False),
        monitor(kind=MonitorType.HTTP),
        member("a", backup=True),
        member("a", monitor_port=99),
    ],
)
def test_everything_else_takes_a_reload(change):
    assert after(change) is None


def test_members_kept_by_our_cookie_come_and_go_by_reload():
    kept = BEFORE.plus(pool(keep="HTTP_COOKIE"))
    assert made(kept, kept.plus(member("c"))) is None
    assert made(kept, kept.minus(name("a"))) is None
    assert made(kept, kept.plus(member("a", weight=4)))


def test_pinged_members_come_and_go_by_reload():
    pinged = BEFORE.plus(monitor(kind=MonitorType.PING))
    assert made(pinged, pinged.plus(member("c"))) is None
    assert made(pinged, pinged.minus(name("a"))) is None
    assert made(pinged, pinged.plus(member("a", weight=4)))


def test_from_nothing_to_nothing_takes_nothing():
    assert made(Tree(), tree()) == []
    assert haproxy.render(Tree(), haproxy.Node()) == haproxy.render(tree(), haproxy.Node())
