"""What carries our mark is destroyed when it is doomed, or unknown for long; when too much is unknown somebody is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.control import garbage
from hydria.control.garbage import HOUR_S, MOST, Found
from hydria.control.world import External, ExternalState, Purpose

NOW = 1_800_000_000.0
STATES = list(ExternalState)


def row(name, state, doomed_s=NOW):
    doomed_at = int(doomed_s * 1e6) if state is ExternalState.DOOMED else None
    own: dict[str, Any] = {"kind": "port", "purpose": Purpose.VRRP, "load_balancer_id": "lb"}
    return External(name=name, state=state, doomed_at=doomed_at, **own)


def found(name, age_s=0.0):
    return Found(id=f"id-{name}", name=name, kind="port", created_at=NOW - age_s)


def sweep(rows=(), things=(), before=()):
    return garbage.sweep({r.name: r for r in rows}, things, before, NOW)


@pytest.mark.parametrize(
    "state, goes", [(ExternalState.DOOMED, True), (ExternalState.MADE, False), (ExternalState.PLANNED, False)]
)
def test_of_what_is_known_only_the_doomed_goes(state, goes):
    swept = sweep([row("x", state)], [found("x", 100 * HOUR_S)], ["id-x"])
    assert [f.name for f in swept.destroy] == (["x"] if goes else [])


@pytest.mark.parametrize(
    "age_s, before, goes",
    [(2 * HOUR_S, ["id-x"], True), (2 * HOUR_S, [], False), (HOUR_S / 2, ["id-x"], False), (-HOUR_S, ["id-x"], False)],
)
def test_what_is_unknown_goes_when_it_is_old_and_was_seen_twice(age_s, before, goes):
    assert bool(sweep(things=[found("x", age_s)], before=before).destroy) is goes


def test_what_is_strange_is_remembered_for_the_next_look():
    first = sweep(things=[found("x", 2 * HOUR_S)])
    assert first.strange == {"id-x"}
    assert sweep(things=[found("x", 2 * HOUR_S)], before=first.strange).destroy == (found("x", 2 * HOUR_S),)


@pytest.mark.parametrize("unknown, known, asks", [(10, 0, False), (11, 0, True), (1, 51, False), (2, 51, True)])
def test_when_much_is_unknown_somebody_is_asked(unknown, known, asks):
    strange = [found(f"x{n}", 2 * HOUR_S) for n in range(unknown)]
    ours = [f"k{n}" for n in range(known)]
    things = strange + [found(k) for k in ours]
    swept = sweep([row(k, ExternalState.MADE) for k in ours], things, [f.id for f in strange])
    assert bool(swept.ask) is asks
    assert len(swept.destroy) == (0 if asks else unknown)


def test_the_doomed_go_also_while_somebody_is_asked():
    strange = [found(f"x{n}", 2 * HOUR_S) for n in range(MOST + 1)]
    swept = sweep([row("d", ExternalState.DOOMED)], [*strange, found("d")], [f.id for f in strange])
    assert (bool(swept.ask), swept.destroy) == (True, (found("d"),))


@pytest.mark.parametrize(
    "age_s, listed, forgets", [(2 * HOUR_S, False, True), (2 * HOUR_S, True, False), (HOUR_S / 2, False, False)]
)
def test_a_doomed_name_is_forgotten_when_nothing_can_arrive_under_it_any_more(age_s, listed, forgets):
    things = [found("x")] if listed else []
    assert bool(sweep([row("x", ExternalState.DOOMED, NOW - age_s)], things).forget) is forgets


things = st.lists(st.tuples(st.integers(0, 20), st.floats(-HOUR_S, 3 * HOUR_S)), unique_by=lambda t: t[0])
ledgers = st.dictionaries(st.integers(0, 20), st.sampled_from(STATES))


@given(things, ledgers, st.sets(st.integers(0, 20)))
def test_nothing_that_is_in_use_ever_goes(seen, known, before):
    rows = [row(f"x{n}", state, NOW - 2 * HOUR_S) for n, state in known.items()]
    swept = sweep(rows, [found(f"x{n}", age) for n, age in seen], [f"id-x{n}" for n in before])
    in_use = {f"x{n}" for n, state in known.items() if state is not ExternalState.DOOMED}
    assert not in_use & {f.name for f in swept.destroy}
    assert not in_use & set(swept.forget)
    assert {f.name for f in swept.destroy} <= {f"x{n}" for n, _ in seen}
