"""The ledger: written before anything is made, and doomed for good."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydria.control.world import External, ExternalState, Purpose
from hydria.kit import ids
from hydria.storage import ledger

LB = ids.new()


def thing(**values) -> External:
    return External(**{"name": ids.new(), "kind": "port", "purpose": Purpose.VIP, "load_balancer_id": LB, **values})


@pytest.fixture
def planned(db) -> External:
    made = thing()
    db.write(lambda c: ledger.plan(c, made))
    return made


def one(db, name):
    return db.read(lambda c: ledger.one(c, name))


def test_what_is_planned_is_found_by_name_and_load_balancer(db, planned):
    db.write(lambda c: ledger.plan(c, thing(load_balancer_id=ids.new())))
    assert one(db, planned.name) == planned
    assert db.read(lambda c: ledger.of(c, LB)) == [planned]
    assert len(db.read(ledger.every)) == 2


def test_what_was_made_is_known_by_the_clouds_id(db, planned):
    db.write(lambda c: ledger.made(c, planned.name, "c1", address="10.0.0.9", mac="02:00:00:00:00:01"))
    found = one(db, planned.name)
    assert (found.state, found.cloud_id, found.address) == (ExternalState.MADE, "c1", "10.0.0.9")


def test_what_arrives_after_it_was_doomed_stays_doomed(db, planned):
    db.write(lambda c: ledger.doom(c, [planned.name], 5))
    db.write(lambda c: ledger.made(c, planned.name, "late"))
    found = one(db, planned.name)
    assert (found.state, found.cloud_id, found.doomed_at) == (ExternalState.DOOMED, "late", 5)


def test_dooming_twice_keeps_the_first_moment(db, planned):
    db.write(lambda c: ledger.doom(c, [planned.name], 5))
    db.write(lambda c: ledger.doom(c, [planned.name], 6))
    assert one(db, planned.name).doomed_at == 5


def test_only_the_doomed_are_forgotten(db, planned):
    doomed = thing()
    db.write(lambda c: ledger.plan(c, doomed))
    db.write(lambda c: ledger.doom(c, [doomed.name], 5))
    db.write(lambda c: ledger.forget(c, [planned.name, doomed.name]))
    assert db.read(ledger.every) == [planned]


doings = st.lists(st.sampled_from(["made", "note", "doom", "forget"]), max_size=12)
ORDER = [ExternalState.PLANNED, ExternalState.MADE, ExternalState.DOOMED]


@given(doings)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_state_never_goes_back(db, steps):
    made = thing()
    do = {
        "made": lambda c: ledger.made(c, made.name, "c1"),
        "note": lambda c: ledger.note(c, made.name, plugged=True),
        "doom": lambda c: ledger.doom(c, [made.name], 1),
        "forget": lambda c: ledger.forget(c, [made.name]),
    }
    db.write(lambda c: ledger.plan(c, made))
    states = [one(db, made.name)]
    for step in steps:
        db.write(do[step])
        states.append(one(db, made.name))
    order = [ORDER.index(state.state) if state else len(ORDER) for state in states]
    assert order == sorted(order)
