"""A step is what can be written down: a name and identifiers."""

import dataclasses

import pytest

from hydria.control import steps
from hydria.control.steps import Plan, Step, Then

ALL = Step.__subclasses__()


@pytest.mark.parametrize("step", ALL, ids=lambda s: s.__name__)
def test_a_step_carries_identifiers_and_nothing_else(step):
    fields = dataclasses.fields(step)
    assert fields
    assert {f.type for f in fields} <= {str, tuple[str, ...]}
    assert all(not f.name.endswith("_") and f.default is dataclasses.MISSING for f in fields)


@pytest.mark.parametrize("step", ALL, ids=lambda s: s.__name__)
def test_a_step_cannot_be_changed(step):
    one = step(*("x" for _ in dataclasses.fields(step)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(step)[0].name, "y")


def test_a_plan_ends_what_is_wanted_unless_it_says_otherwise():
    assert Plan(()).then is Then.SETTLE
    assert len(steps.Then) == 3
