"""An explicit-state explorer: visits every state that a model can reach and shows the shortest way to a bad one."""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

State = TypeVar("State", bound=Hashable)


class Model(Protocol[State]):
    """Something that moves from state to state; whoever explores it decides which way, and tries all."""

    def start(self) -> State: ...

    def moves(self, state: State) -> Iterable[tuple[str, State]]:
        """Whatever may happen next, and where it leads; raises AssertionError when a move is wrong in itself."""
        ...

    def fault(self, state: State) -> str | None:
        """What is wrong with a state."""
        ...

    def is_goal(self, state: State) -> bool:
        """Whether this is where things should always be able to get to."""
        ...


class Violation(AssertionError):
    """A bad state, with the shortest way that leads to it."""


@dataclass(frozen=True)
class Explored:
    """How much was visited."""

    states: int
    moves: int


class Explorer(Generic[State]):
    """Breadth first, so that what it shows is shortest."""

    def __init__(self, model: Model[State]) -> None:
        self.model = model
        self.came: dict[State, tuple[State, str] | None] = {}
        self.back: dict[State, list[State]] = {}
        self.moves = 0

    def explore(self, *, goal: bool, most: int = 500_000) -> Explored:
        """Visit every state; raises Violation. The goal, if asked for, must be within reach of each of them.

        Disturbances are bounded in a model, so when the goal is always within reach, fair scheduling gets there.
        """
        first = self.model.start()
        self.came[first] = None
        queue = deque([first])
        while queue:
            state = queue.popleft()
            if fault := self.model.fault(state):
                raise self._violation(fault, state)
            for name, then in self._moves(state):
                self.back.setdefault(then, []).append(state)
                if then not in self.came:
                    self.came[then] = (state, name)
                    queue.append(then)
            assert len(self.came) <= most, f"more than {most} states"
        if goal:
            self._all_reach_the_goal()
        return Explored(len(self.came), self.moves)

    def _moves(self, state: State) -> Iterator[tuple[str, State]]:
        try:
            for name, then in self.model.moves(state):
                self.moves += 1
                yield name, then
        except AssertionError as wrong:
            raise self._violation(str(wrong), state) from None

    def _all_reach_the_goal(self) -> None:
        reach = {s for s in self.came if self.model.is_goal(s)}
        queue = deque(reach)
        while queue:
            for before in self.back.get(queue.popleft(), ()):
                if before not in reach:
                    reach.add(before)
                    queue.append(before)
        stuck = next((s for s in self.came if s not in reach), None)
        if stuck is not None:
            raise self._violation("the goal is out of reach", stuck)

    def _violation(self, fault: str, state: State) -> Violation:
        lines = [f"  {state}"]
        while (step := self.came[state]) is not None:
            state, name = step
            lines += [f"{name}:", f"  {state}"]
        return Violation("\n".join([fault, *reversed(lines)]))


def explore(model: Model[State], *, goal: bool = True) -> Explored:
    """Visit every state of a model and say how many there are."""
    explored = Explorer(model).explore(goal=goal)
    print(f"{type(model).__name__}: {explored.states} states, {explored.moves} moves")
    return explored
