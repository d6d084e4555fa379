"""Claims, epochs and beats, explored exhaustively for two workers."""

import pytest

from tests.model import explorer
from tests.model.claims import Claims


def test_what_is_settled_runs_and_the_newest_is_always_within_reach() -> None:
    assert explorer.explore(Claims()).states > 10_000


@pytest.mark.parametrize(
    "without, words",
    [
        (Claims(settles_with_epoch=False), "settled goes back"),
        (Claims(takes_what_it_saw=False), "settled goes back|starts an effect|does not run"),
        (Claims(placement_refuses_lower=False), "the placement goes back"),
        (Claims(reads_after_claim=False), "settled goes back|what is settled does not run"),
        (Claims(patience=1), "starts an effect"),
        (Claims(youth=2), "starts an effect"),
    ],
)
def test_no_rule_can_be_left_out(without: Claims, words: str) -> None:
    with pytest.raises(explorer.Violation, match=words):
        explorer.explore(without)
