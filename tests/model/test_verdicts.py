"""Verdicts, explored exhaustively: all that four requests can do to two pools and a listener."""

import pytest

from tests.model import explorer
from tests.model.verdicts import Verdicts


def test_what_is_refused_never_runs_and_what_is_shown_is_true() -> None:
    assert explorer.explore(Verdicts()).states > 10_000


@pytest.mark.parametrize(
    "without, words",
    [
        (Verdicts(verdict_is_about_a_write=False), "nothing is wrong|not what runs"),
        (Verdicts(verdict_is_about_an_image=False), "nothing is wrong"),
        (Verdicts(settles_what_it_read=False), "not what runs"),
        (Verdicts(proves=False), "what is refused runs"),
        (Verdicts(what_waits_is_told=False), "is shown as ACTIVE and is not what runs"),
    ],
)
def test_no_rule_can_be_left_out(without: Verdicts, words: str) -> None:
    with pytest.raises(explorer.Violation, match=words):
        explorer.explore(without)
