"""Turns: who is next, and who goes."""

from hydria.api.server.turns import Turns


def turns(words: str) -> Turns[str]:
    """Each word waits for whom its first letter names."""
    made: Turns[str] = Turns()
    for word in words.split():
        made.add(word[0], word)
    return made


def test_everybody_has_one_before_anybody_has_a_second() -> None:
    made = turns("a1 a2 a3 b1 c1 b2")
    assert [made.next() for _ in range(len(made) + 1)] == ["a1", "b1", "c1", "a2", "b2", "a3", None]


def test_whoever_comes_while_others_have_turns_waits_for_one_of_each() -> None:
    made = turns(" ".join(f"a{n}" for n in range(100)) + " b1")
    assert made.next() == "a0"
    made.add("c", "c1")
    assert [made.next() for _ in range(4)] == ["b1", "a1", "c1", "a2"]


def test_the_last_one_of_whoever_has_most_goes() -> None:
    made = turns("a1 b1 a2 b2 b3")
    assert [made.surplus() for _ in range(3)] == ["b3", "a2", "b2"]
    assert (len(made), made.next(), made.next()) == (2, "a1", "b1")
