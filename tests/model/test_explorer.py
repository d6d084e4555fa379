"""Tests of the explorer itself: a model checker that finds nothing must be able to find something."""

from collections.abc import Iterator

import pytest

from tests.model import explorer


class Counter:
    """Counts up by one or two, from 0 to 5."""

    def __init__(self, bad: int, goal: int) -> None:
        self.bad, self.goal = bad, goal

    def start(self) -> int:
        return 0

    def moves(self, state: int) -> Iterator[tuple[str, int]]:
        return ((f"+{step}", state + step) for step in (1, 2) if state + step <= 5)

    def fault(self, state: int) -> str | None:
        return "too far" if state == self.bad else None

    def is_goal(self, state: int) -> bool:
        return state == self.goal


def test_every_state_is_visited_once() -> None:
    assert explorer.explore(Counter(bad=9, goal=5)) == explorer.Explored(states=6, moves=9)


def test_the_shortest_way_to_what_is_wrong_is_shown() -> None:
    with pytest.raises(explorer.Violation) as found:
        explorer.explore(Counter(bad=4, goal=5))
    assert str(found.value).split() == ["too", "far", "0", "+2:", "2", "+2:", "4"]


def test_a_state_from_which_the_goal_is_out_of_reach_is_found() -> None:
    with pytest.raises(explorer.Violation, match="out of reach"):
        explorer.explore(Counter(bad=9, goal=4))
