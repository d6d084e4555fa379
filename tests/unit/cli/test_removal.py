"""Nothing is removed before somebody has agreed to it."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from hydria.cli import removal
from hydria.cli.trouble import Trouble

LOST = ["3 load balancers of 2 projects, and their traffic", "/var/lib/hydria"]


class Terminal(io.StringIO):
    """Somebody is there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def agree(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr("sys.stdin", Terminal())

    def answering(answer: str) -> None:
        removal.agree(LOST, "hydria down --purge", lambda _: answer)

    return answering


@pytest.mark.parametrize("answer", ["y", "yes", " Yes "])
def test_who_agrees_was_told_what_is_lost(agree: Callable[..., None], answer: str, capsys: Any) -> None:
    agree(answer)
    assert capsys.readouterr().out == f"this removes\n  {LOST[0]}\n  {LOST[1]}\n"


@pytest.mark.parametrize("answer", ["", "n", "no", "yess", "purge"])
def test_whoever_does_not_agree_keeps_everything(agree: Callable[..., None], answer: str) -> None:
    with pytest.raises(Trouble, match="nothing was changed"):
        agree(answer)


def test_where_nobody_can_be_asked_the_remedy_is_the_answer_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(Trouble, match=r"3 load balancers of 2 projects.*nobody is here to be asked") as trouble:
        removal.agree(LOST, "hydria down --purge")
    assert trouble.value.remedy == "hydria down --purge --yes"
