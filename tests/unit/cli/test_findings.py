"""Checks side by side: causes first, what they explain is not told twice, and whatever hangs is given up."""

import threading
import time

from hydria.cli import findings
from hydria.cli.findings import Check, Concern, Finding
from hydria.cli.trouble import Trouble


def wrong(reason: str) -> str:
    raise Trouble(reason, f"mend {reason}", "a line\nanother")


def concern(reason: str) -> str:
    raise Concern(reason, "look at it")


def examined(*checks: Check, seconds: float = 5.0) -> list[Finding]:
    return list(findings.examine(checks, seconds))


def test_each_check_is_told_in_its_order() -> None:
    found = examined(
        Check("a", lambda: "there"), Check("b", lambda: wrong("broken")), Check("c", lambda: concern("late"))
    )
    assert [(f.name, f.state, f.found or f.reason) for f in found] == [
        ("a", "ok", "there"),
        ("b", "wrong", "broken"),
        ("c", "warning", "late"),
    ]
    assert found[1].told() == {
        "name": "b",
        "state": "wrong",
        "found": "",
        "reason": "broken",
        "remedy": "mend broken",
        "details": ["a line", "another"],
    }


def test_what_a_cause_explains_is_not_told_twice() -> None:
    cause, well = Check("cause", lambda: wrong("away")), Check("well", lambda: "there")
    ill = Check("ill", lambda: wrong("away"), ("well", "cause"))
    fine = Check("fine", lambda: "there", ("cause",))
    found = {f.name: f for f in examined(cause, well, ill, fine)}
    assert found["ill"].reason == "explained by what is wrong with: cause"
    assert (found["ill"].remedy, found["ill"].details) == ("mend this first: cause", ())
    assert found["fine"].state == "ok"


def test_a_concern_that_a_cause_explains_stays_a_concern() -> None:
    cause, ill = Check("cause", lambda: wrong("away")), Check("ill", lambda: concern("late"), ("cause",))
    found = examined(cause, ill)[1]
    assert (found.state, found.remedy) == ("warning", "mend this first: cause")


def test_what_hangs_is_given_up_and_the_others_are_told() -> None:
    never = threading.Event()
    began = time.monotonic()
    hanging = [Check(f"hangs {n}", lambda: str(never.wait(60))) for n in range(5)]
    found = examined(*hanging, Check("quick", lambda: "there"), seconds=0.2)
    assert time.monotonic() - began < 2
    assert {f.reason for f in found[:-1]} == {"it did not answer in time"}
    assert found[-1].state == "ok"
    never.set()


def test_a_defect_of_one_check_does_not_end_the_others() -> None:
    found = examined(Check("odd", lambda: str(1 // 0)), Check("quick", lambda: "there"))
    assert [f.state for f in found] == ["wrong", "ok"]
    assert "ZeroDivisionError" in found[0].reason
