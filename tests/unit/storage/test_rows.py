"""What is stored of an object of any kind is read back equal, and its words are those of the domain."""

import enum
from typing import Any

import pytest

from hydria.domain import kinds
from hydria.domain.attributes import Kept, attributes
from hydria.domain.loadbalancer import AdditionalVip
from hydria.domain.pool import SessionPersistence
from hydria.domain.types import Address, Algorithm, Alpn, AsWritten, Cidr, HttpVersion, Persistence, PoolProtocol
from hydria.storage import intents, rows
from tests.unit.control import growing
from tests.unit.storage.making import load_balancer, part

MORE: dict[kinds.Kind, dict[str, Any]] = {
    kinds.POOL: {
        "session_persistence": SessionPersistence(type=Persistence.APP_COOKIE, cookie_name="c"),
        "alpn_protocols": [Alpn.H2],
        "tags": ["a", "ö"],
        "protocol": PoolProtocol.PROXYV2,
        "lb_algorithm": Algorithm.SOURCE_IP,
    },
    kinds.LISTENER: {"allowed_cidrs": [Cidr("10.0.0.0/8")], "insert_headers": {"X-Forwarded-For": "true"}},
    kinds.HEALTHMONITOR: {"http_version": HttpVersion(1.1)},
}
PARENTS = ("pool_id", "listener_id", "l7policy_id")


def made(kind, lb):
    values = {**growing.REQUIRED[kind.resource], **MORE.get(kind, {})}
    stored = attributes(kind.resource)
    values |= {p: lb.id for p in PARENTS if p in stored and stored[p].kept is not Kept.ASKED}
    return part(kind, lb, 1, **values)


def words_of(one):
    return {name: type(value) for name, value in rows.values(one).items() if isinstance(value, enum.Enum)}


@pytest.mark.parametrize("kind", kinds.CHILDREN, ids=lambda k: k.one)
def test_an_object_comes_back_as_it_went(db, lb, kind):
    one = made(kind, lb)
    db.write(lambda c: intents.add(c, one))
    back = db.read(lambda c: rows.one(c, kind, one.id))
    assert back == one
    assert words_of(back) == words_of(one)


def test_a_load_balancer_comes_back_with_its_addresses(db):
    vips = [AdditionalVip(subnet_id=load_balancer().id, ip_address=AsWritten("fd00::1"))]
    lb = load_balancer().__class__(
        **{**rows.values(load_balancer()), "vip_address": Address("10.0.0.1"), "additional_vips": vips}
    )
    db.write(lambda c: intents.create_root(c, lb))
    back = db.read(lambda c: rows.one(c, kinds.LOADBALANCER, lb.id))
    assert back == lb
    assert isinstance(back.additional_vips[0].ip_address, AsWritten)


def test_what_is_deleted_is_found_only_when_asked_for(db, lb):
    pool = part(kinds.POOL, lb, 1, deleted=2)
    db.write(lambda c: intents.add(c, pool))
    assert db.read(lambda c: rows.one(c, kinds.POOL, pool.id)) == pool
    assert db.read(lambda c: rows.one(c, kinds.POOL, pool.id, deleted=False)) is None


def test_objects_come_in_order_of_birth(db, lb):
    pools = [part(kinds.POOL, lb, generation) for generation in (3, 1, 2)]
    db.write(lambda c: intents.add(c, *pools))
    assert [p.born for p in db.read(lambda c: rows.where(c, kinds.POOL))] == [1, 2, 3]
