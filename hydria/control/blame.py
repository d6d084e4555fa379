"""Blame: which objects of a tree the data plane refuses, found with few proofs, and what may be pushed meanwhile."""

import functools
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hydria.control import effective
from hydria.domain import kinds
from hydria.domain.part import Part
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict

PROOFS = 32
"""Most proofs in one round."""

RESERVE = 4
"""Proofs that the search for objects leaves over for the tree it ends with."""


@dataclass(frozen=True)
class Outcome:
    """What may be pushed (it is proved), why the rest may not, and whether another round would tell more."""

    tree: Tree
    verdicts: tuple[Verdict, ...]
    proofs: int
    is_unfinished: bool


def blame(
    accepted: Tree,
    desired: Tree,
    *,
    known: Mapping[str, Verdict] | None = None,
    revision: int = 0,
    image: str = "",
) -> Generator[Tree, str | None, Outcome]:
    """Yields trees to prove and is sent the words of the refusal, None when there is none. Returns the outcome.

    Asked when the effective tree is refused though the accepted one is proved still. `known` are verdicts that stand:
    what they refuse is not tried again, so that a further round gets further.
    """
    case = Case(desired, accepted, effective.changes(desired, accepted))
    stand = known or {}
    before = {i: stand[i] for i in effective.refused(desired, accepted, stand) if not stand[i].held}
    prover = Prover(case.without(case.changes))
    found = yield from _find(prover, case, {i: v.reason for i, v in before.items()})
    kept = [i for i in case.changes if i not in found.taken]
    tighten = functools.partial(case.tightened, kept)
    tight = yield from sift(prover, tighten, [i for i in kept if not (i in before and before[i].bare)])
    own = (_verdict(case.changes[i], found.refused.get(i), bare=i not in tight.taken) for i in kept)
    stamped = {v.object_id: msgspec.structs.replace(v, revision=revision, image=image) for v in own}
    verdicts = complete(stamped, accepted, desired)
    return Outcome(tighten(tight.taken), tuple(verdicts.values()), prover.proofs, is_unfinished=bool(found.untried))


@dataclass(frozen=True)
class Case:
    """A desired tree that was refused, the accepted one, and what differs."""

    desired: Tree
    accepted: Tree
    changes: Mapping[str, Part]

    def without(self, kept: Collection[str], *, whole_policies: bool = True) -> Tree:
        """The desired tree without these changes, without what tightens too."""
        return effective.compose(self.desired, self.accepted, kept, kept, whole_policies=whole_policies).tree

    def with_only(self, taken: Collection[str], *, whole_policies: bool) -> Tree:
        """The accepted tree with these changes."""
        return self.without([i for i in self.changes if i not in taken], whole_policies=whole_policies)

    def tightened(self, kept: Sequence[str], taken: Collection[str]) -> Tree:
        """The desired tree without what is kept, but with what tightens of those taken."""
        return effective.compose(self.desired, self.accepted, kept, [i for i in kept if i not in taken]).tree


class Spent(Exception):
    """There are no proofs left."""


class Prover:
    """Asks for proofs; never twice for the same tree, and no more than the limit."""

    def __init__(self, proved: Tree) -> None:
        self.answers: list[tuple[Tree, str | None]] = [(proved, None)]
        self.limit = PROOFS - RESERVE

    @property
    def proofs(self) -> int:
        """How many trees were proved, or refused."""
        return len(self.answers) - 1

    def ask(self, tree: Tree) -> Generator[Tree, str | None, str | None]:
        """The refusal of a tree, None when it is proved; raises Spent."""
        for known, words in self.answers:
            if known == tree:
                return words
        if self.proofs >= self.limit:
            raise Spent
        words = yield tree
        self.answers.append((tree, words))
        return words


@dataclass(frozen=True)
class Sifted:
    """What could be taken together, what was refused, and what was not reached."""

    taken: frozenset[str]
    refused: dict[str, str]
    untried: frozenset[str]


def sift(
    prover: Prover, compose: Callable[[Collection[str]], Tree], order: Sequence[str]
) -> Generator[Tree, str | None, Sifted]:
    """Take as much as is proved: all, or one half and then the other."""
    taken: frozenset[str] = frozenset()
    refused: dict[str, str] = {}
    groups = [order] if order else []
    try:
        while groups:
            group = groups.pop()
            words = yield from prover.ask(compose(taken.union(group)))
            half = len(group) // 2
            if words is None:
                taken = taken.union(group)
            elif half:
                groups += [group[half:], group[:half]]
            else:
                refused[group[0]] = words
    except Spent:
        pass  # the caller is told what is left
    return Sifted(taken, refused, frozenset(order) - taken - refused.keys())


def _find(prover: Prover, case: Case, refused: Mapping[str, str]) -> Generator[Tree, str | None, Sifted]:
    """Find what is refused. What is taken is proved as a whole."""
    partly = functools.partial(case.with_only, whole_policies=False)
    first = yield from sift(prover, partly, [i for i in case.changes if i not in refused])
    # A policy without its refused rule was good enough to find that rule, not for use: it stays behind as a whole.
    # What then remains is new to the data plane; should it refuse that, look once more.
    prover.limit = PROOFS
    wholly = functools.partial(case.with_only, whole_policies=True)
    last = yield from sift(prover, wholly, [i for i in case.changes if i in first.taken])
    return Sifted(last.taken, {**refused, **first.refused, **last.refused}, first.untried | last.untried)


def _verdict(part: Part, words: str | None, *, bare: bool = False) -> Verdict:
    return Verdict(
        object_id=part.id,
        kind=kinds.of(part).table,
        load_balancer_id=part.load_balancer_id,
        changed=part.changed,
        held=words is None,
        reason=f"not tried yet: {PROOFS} proofs did not reach it" if words is None else words,
        bare=bare,
    )


def complete(verdicts: Mapping[str, Verdict], accepted: Tree, desired: Tree) -> dict[str, Verdict]:
    """What is to be recorded with an effective tree: the verdicts it was made with, and one for all that waits for them."""
    own = effective.refused(desired, accepted, verdicts)
    held = effective.compose(desired, accepted, own).held
    changes = effective.changes(desired, accepted)
    return {i: _complete(part, held[i], verdicts, changes) for i, part in changes.items() if i in held}


def _complete(part: Part, cause: str, verdicts: Mapping[str, Verdict], changes: Mapping[str, Part]) -> Verdict:
    why = verdicts[cause]
    if cause == part.id:
        return why
    reason = f"waits for {kinds.of(changes[cause]).words} {cause}"
    waits = msgspec.structs.replace(_verdict(part, None), reason=reason, because=cause)
    return msgspec.structs.replace(waits, revision=why.revision, image=why.image)


def stands(verdict: Verdict, part: Part | None, revision: int, image: str) -> bool:
    """Whether a verdict still holds of an object as it is wanted (as accepted, when it is to be deleted).

    What was not reached in the last round is due in the next.
    """
    if part is None or (verdict.held and verdict.because is None):
        return False
    return (verdict.changed, verdict.revision, verdict.image) == (part.changed, revision, image)


def standing(
    verdicts: Mapping[str, Verdict], accepted: Tree, desired: Tree, revision: int, image: str
) -> dict[str, Verdict]:
    """The verdicts that still hold; what waits for another object falls with that object's verdict."""
    changes = effective.changes(desired, accepted)
    still = {i: v for i, v in verdicts.items() if stands(v, changes.get(i), revision, image)}
    return {i: v for i, v in still.items() if not v.because or v.because in still}
