"""Load balancers as the commands see them: page by page, the ill first, bounded."""

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console

from hydria.cli import loadbalancers, status
from hydria.cli.client import Client
from hydria.cli.trouble import Trouble

PROJECT = "11111111-1111-1111-1111-111111111111"


def lb(number: int, operating: str = "ONLINE", provisioning: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    states = {"operating_status": operating, "provisioning_status": provisioning}
    return (
        {"id": f"{number:05}", "name": f"lb{number}", "vip_address": "192.0.2.1", "project_id": PROJECT} | states | more
    )


class Pages(Client):
    """An API that holds load balancers; `sees` are those its caller may list: all, or their own, or none."""

    def __init__(self, *held: dict[str, Any], page: int = 1000, sees: str = "all") -> None:
        super().__init__("http://127.0.0.1:1", "", "", "")
        self.held, self.page, self.sees, self.asked = held, page, sees, 0

    def request(self, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, Any, Any]:
        given = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if path.endswith("/status"):
            return 200, {"statuses": {"loadbalancer": self.tree()}}, {}
        self.asked += 1
        if self.sees == "none" or (self.sees == "own" and "project_id" in given):
            return 403, {"faultstring": "Policy does not allow this"}, {}
        chosen = [x for x in self.held if given.get("project_id", x["project_id"]) == x["project_id"]]
        found = [x for x in chosen if x["id"] > given.get("marker", "")][: self.page]
        links = [{"rel": "next", "href": "http://public.invalid/x"}] if len(found) == self.page else []
        return 200, {"loadbalancers": found, "loadbalancers_links": links}, {}

    def tree(self) -> dict[str, Any]:
        members = [
            {"id": f"m{n}", "address": f"10.0.0.{n}", "protocol_port": 80, "operating_status": state}
            for n, state in enumerate(("ERROR", "ONLINE", "ERROR"))
        ]
        return {"listeners": [{"pools": [{"id": "p", "name": "web", "members": members}]}] * 2}


def test_every_page_is_read_and_the_ill_come_first_the_worst_of_them_before() -> None:
    api = Pages(*(lb(n) for n in range(24)), lb(24, "DEGRADED"), lb(25, "ERROR"), lb(26, "ONLINE", "ERROR"), page=10)
    seen = loadbalancers.look(api, most=3)
    assert (seen.total, seen.is_whole, seen.unseen) == (27, True, "")
    assert [x["name"] for x in seen.ill] == ["lb25", "lb26", "lb24"]
    assert [x["name"] for x in seen.well] == ["lb0", "lb1", "lb2"]
    assert seen.operating == {"ONLINE": 25, "DEGRADED": 1, "ERROR": 1}


def test_no_page_is_begun_when_there_is_no_time_left() -> None:
    api = Pages(*(lb(n) for n in range(50)), page=10)
    seen = loadbalancers.look(api, seconds=-1)
    assert (seen.total, seen.is_whole) == (10, False)


@pytest.mark.parametrize("sees, total", [("own", 3), ("none", 0)])
def test_who_may_not_list_all_is_told_so(sees: str, total: int) -> None:
    seen = loadbalancers.look(Pages(*(lb(n) for n in range(3)), sees=sees))
    assert (seen.total, "lacks the role admin" in seen.unseen) == (total, True)


def test_one_project_may_be_named() -> None:
    api = Pages(lb(1), lb(2, project_id="other"))
    assert loadbalancers.look(api, project="other").total == 1


def test_members_that_are_down_are_named_once() -> None:
    lines = list(loadbalancers.members(Pages(), [lb(7, "ERROR")], 5))
    assert lines == [
        f"member m{n} 10.0.0.{n}:80 of pool web of load balancer lb7, project {PROJECT}: ERROR" for n in (0, 2)
    ]


def test_an_api_that_refuses_is_trouble() -> None:
    class Broken(Pages):
        def request(self, *_: Any, **__: Any) -> tuple[int, Any, Any]:
            return 503, {"faultstring": "the database is away"}, {}

    with pytest.raises(Trouble, match="503: the database is away"):
        loadbalancers.look(Broken())


@pytest.fixture
def screen() -> Iterator[Console]:
    with io.StringIO() as text:
        yield Console(file=text, width=200)


def shown(screen: Console, *held: dict[str, Any], every: bool = False) -> str:
    asked = status.Asked(all=every)
    status._balancers(screen, loadbalancers.look(Pages(*held), most=asked.most), asked)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_none_are_told_in_a_line(screen: Console) -> None:
    assert shown(screen) == "0 load balancers\n"


def test_thousands_are_bounded_and_counted(screen: Console) -> None:
    said = shown(screen, *(lb(n) for n in range(5000)), lb(5001, "ERROR", reason="it is [broken]"))
    assert (len(said.splitlines()) < 40, "it is [broken]" in said) == (True, True)
    assert said.splitlines()[-1] == "5001 load balancers (1 ERROR, 5000 ONLINE); 4981 more: hydria status --all"
    assert said.index("lb5001") < said.index("lb0 ")


def test_all_are_shown_when_that_is_asked_for(screen: Console) -> None:
    said = shown(screen, *(lb(n) for n in range(50)), every=True)
    assert (said.count("192.0.2.1"), said.splitlines()[-1]) == (50, "50 load balancers (50 ONLINE)")
