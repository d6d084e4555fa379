"""Names in a cloud, explored exhaustively for two workers and housekeeping."""

import pytest

from tests.model import explorer
from tests.model.names import Names


def test_nothing_in_use_is_destroyed_and_all_else_can_always_be_cleaned_up() -> None:
    assert explorer.explore(Names()).states > 10_000


def test_fresh_names_that_are_doomed_for_good_are_safe_even_where_nothing_is_fenced() -> None:
    # Only safe: two workers that both believe they own it may use up names for ever.
    assert explorer.explore(Names(commits_with_epoch=False, faults=1), goal=False).states > 1_000


@pytest.mark.parametrize(
    "without, words",
    [
        (Names(fresh_name=False), "asked for twice"),
        (Names(records_first=False), "asked for twice|destroyed|two things"),
        (Names(dooms_first=False), "destroyed while it is planned"),
        (Names(doomed_is_final=False, commits_with_epoch=False), "two things|destroyed|not there"),
        (Names(lists_before_ledger=False), "destroyed while it is"),
    ],
)
def test_no_rule_can_be_left_out(without: Names, words: str) -> None:
    with pytest.raises(explorer.Violation, match=words):
        explorer.explore(without)
