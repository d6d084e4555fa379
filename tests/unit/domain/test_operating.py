"""The operating statuses follow from what haproxy says."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain import operating
from hydria.domain.operating import ListenerOutline, MemberOutline, Outline, PoolOutline, Server
from hydria.domain.statuses import Operating

S = Operating
LB, LI, PO, M1, M2 = b"lb", b"listener", b"pool", b"member1", b"member2"
OPEN = {LI: True}


def outline(*, lb=True, listener=True, pool=True, monitored=True, used=True, up=(True, True), weights=(1, 1)):
    members = tuple(MemberOutline(m, u, w) for m, u, w in zip((M1, M2), up, weights, strict=True))
    return Outline(LB, 1, lb, (ListenerOutline(LI, listener),), (PoolOutline(PO, pool, monitored, used, members),))


def statuses(tree, one, two, takes=OPEN):
    found = operating.statuses(tree, {k: v for k, v in ((M1, one), (M2, two)) if v}, takes)
    return found[LB], found[LI], found[PO], found[M1], found[M2]


UP, DOWN, DRAIN, MAINT, NO_CHECK = Server


@pytest.mark.parametrize(
    "one, two, expected",
    [
        (UP, UP, (S.ONLINE, S.ONLINE, S.ONLINE, S.ONLINE, S.ONLINE)),
        (UP, DOWN, (S.DEGRADED, S.ONLINE, S.DEGRADED, S.ONLINE, S.ERROR)),
        (DOWN, DOWN, (S.ERROR, S.ONLINE, S.ERROR, S.ERROR, S.ERROR)),
        (UP, DRAIN, (S.ONLINE, S.ONLINE, S.ONLINE, S.ONLINE, S.DRAINING)),
        (UP, MAINT, (S.ONLINE, S.ONLINE, S.ONLINE, S.ONLINE, S.OFFLINE)),
        (DOWN, MAINT, (S.ERROR, S.ONLINE, S.ERROR, S.ERROR, S.OFFLINE)),
        (NO_CHECK, UP, (S.ONLINE, S.ONLINE, S.ONLINE, S.NO_MONITOR, S.ONLINE)),
        (UP, None, (S.ONLINE, S.ONLINE, S.ONLINE, S.ONLINE, S.OFFLINE)),
        (None, None, (S.ONLINE, S.ONLINE, S.OFFLINE, S.OFFLINE, S.OFFLINE)),
    ],
)
def test_the_worst_that_is_seen_rises_to_the_load_balancer(one, two, expected):
    assert statuses(outline(), one, two) == expected


def test_members_of_a_pool_without_a_monitor_are_not_monitored():
    assert statuses(outline(monitored=False), NO_CHECK, None)[2:] == (S.ONLINE, S.NO_MONITOR, S.NO_MONITOR)


def test_a_member_without_a_monitor_drains_when_haproxy_says_so():
    assert statuses(outline(monitored=False), DRAIN, NO_CHECK)[3] == S.DRAINING


def test_a_verdict_of_a_monitor_that_is_gone_counts_no_more():
    assert statuses(outline(monitored=False), DOWN, DOWN)[2:] == (S.ONLINE, S.NO_MONITOR, S.NO_MONITOR)


def test_weight_0_drains():
    assert statuses(outline(weights=(0, 1)), UP, UP)[3] == S.DRAINING
    assert statuses(outline(weights=(0, 1)), DOWN, UP)[3] == S.ERROR


def test_admin_down_is_offline_with_everything_beneath():
    assert set(statuses(outline(lb=False), UP, DOWN)) == {S.OFFLINE}
    assert statuses(outline(pool=False), UP, DOWN) == (S.ONLINE, S.ONLINE, S.OFFLINE, S.OFFLINE, S.OFFLINE)
    assert statuses(outline(listener=False), UP, UP)[1] == S.OFFLINE
    assert statuses(outline(up=(True, False)), UP, DOWN)[4] == S.OFFLINE


def test_a_listener_that_takes_no_connections_degrades_its_load_balancer():
    assert statuses(outline(), UP, UP, {LI: False})[:2] == (S.DEGRADED, S.DEGRADED)


def test_a_listener_that_is_not_heard_of_is_offline():
    assert statuses(outline(), UP, UP, {})[:2] == (S.ONLINE, S.OFFLINE)


def test_a_pool_that_no_listener_uses_is_offline():
    assert statuses(outline(used=False), UP, UP)[2] == S.OFFLINE


def test_a_pool_without_members_is_online():
    full = outline()
    tree = msgspec.structs.replace(full, pools=(msgspec.structs.replace(full.pools[0], members=()),))
    assert operating.statuses(tree, {}, OPEN) == {LB: S.ONLINE, LI: S.ONLINE, PO: S.ONLINE}


@given(
    st.dictionaries(st.binary(max_size=8), st.sampled_from(Server)),
    st.dictionaries(st.binary(max_size=8), st.booleans()),
)
def test_only_what_is_in_the_outline_gets_a_status(servers, takes):
    assert operating.statuses(outline(), servers, takes).keys() == {LB, LI, PO, M1, M2}
