"""Every kind of object has one set of names, and parents come before children."""

import pytest

from hydria.domain import kinds
from hydria.domain.attributes import attributes
from hydria.domain.part import Part
from hydria.domain.tree import FIELD
from tests.unit.control.growing import part

PARENT = {
    "listener": "loadbalancer",
    "pool": "loadbalancer",
    "member": "pool",
    "healthmonitor": "pool",
    "l7policy": "listener",
    "rule": "l7policy",
}


def test_every_kind_of_part_is_listed_and_stands_in_a_tree():
    resources = {k.resource for k in kinds.KINDS}
    assert resources == set(Part.__subclasses__()) == set(FIELD) == set(kinds.BY_RESOURCE)


@pytest.mark.parametrize("name", ["one", "many", "table", "words"])
def test_no_two_kinds_share_a_name(name):
    assert len({getattr(k, name) for k in kinds.KINDS}) == len(kinds.KINDS)


def test_parents_come_before_children():
    order = [k.one for k in kinds.KINDS]
    assert all(order.index(parent) < order.index(child) for child, parent in PARENT.items())
    assert tuple(k for k in kinds.KINDS if k is not kinds.LOADBALANCER) == kinds.CHILDREN


@pytest.mark.parametrize("kind", kinds.CHILDREN, ids=lambda k: k.one)
def test_an_object_knows_its_kind_and_its_parent(kind):
    assert kinds.of(part(kind.resource, "x", 1, **given_parents(kind))) is kind
    parent = PARENT[kind.one]
    assert parent == "loadbalancer" or f"{parent}_id" in attributes(kind.resource)


def given_parents(kind):
    return {f"{PARENT[kind.one]}_id": "x"} if PARENT[kind.one] != "loadbalancer" else {}
