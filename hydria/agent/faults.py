"""What the agent answers instead of what was asked for: an HTTP code and a `Fault`."""

from hydria.wire.documents import Fault, Problem, Proof


class Answer(Exception):
    """Ends a request with a code and words."""

    def __init__(self, code: int, text: str, proof: Proof | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.fault = Fault(error=text, proof=proof)


def stale(what: str, got: object, seen: object) -> Answer:
    """Somebody with a higher number was here."""
    return Answer(409, f"{what} {got} is lower than {seen}, seen before; somebody else is in charge")


def refused(problems: list[Problem]) -> Answer:
    """The document cannot run."""
    return Answer(422, "; ".join(problem.text for problem in problems), Proof(problems=tuple(problems)))
