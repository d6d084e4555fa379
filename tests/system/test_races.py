"""Many write at once through several processes of the API while several workers apply it: nothing is torn, lost or miscounted."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bench.deployment import NOOP
from hydria.cli import client
from hydria.domain import kinds
from hydria.domain.tree import Tree
from tests.servers import databases
from tests.system.crowd import Eager, Place
from tests.system.house import House, at_once, traces
from tests.system.plans import USUAL, Plan, Shared, plans
from tests.system.truth import Truth

CLIENTS = 100
LONG = settings(max_examples=2000, suppress_health_check=list(HealthCheck))
SHORT = settings(LONG, max_examples=8, phases=[Phase.explicit, Phase.generate])
"""To make an example smaller takes minutes: that is for long tests."""


@pytest.fixture(scope="module")
def house(
    kind_of_database: str, servers: databases.Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Three processes of the API and two workers, without a cloud."""
    folder = tmp_path_factory.mktemp("house")
    before = traces(folder)
    with servers.empty(kind_of_database, folder, "house") as url:
        other = "" if kind_of_database == "sqlite" else url
        made = House(folder, port=19890, more=NOOP, api="workers = 3\n", database=other)
        made.up()
        with made.another("worker"):
            assert client.until(lambda: made.inboxes() == 2, 10)
            yield made
        made.down()
    assert traces(folder) == before


@pytest.fixture
def truth(house: House) -> Iterator[Truth]:
    """Of a house that is empty before and after."""
    made = Truth(house)
    yield made
    assert house.empty()
    assert set(made.used().values()) == {0}
    assert made.miscounted() == {}
    made.close()


def test_a_hundred_clients_of_one_load_balancer_meet_no_conflict_and_lose_nothing(
    house: House, truth: Truth, soak: bool
) -> None:
    place = Place(house)
    results = at_once(place.write, CLIENTS * (10 if soak else 1), CLIENTS)
    assert [r for r in results if r is not None] == []
    assert place.scribe.refused == []
    assert house.settled(place.lb)
    truth.is_whole(place.lb)
    tree = truth.world(place.lb).desired
    accepted = set(place.scribe.accepted)
    assert len(accepted) == len(place.scribe.accepted)
    assert accepted <= {e["request_id"] for e in truth.events(place.lb)}
    for object_id, values in place.scribe.wanted.items():
        found = tree.find(object_id)
        assert (found and {n: getattr(found, n) for n in values or ()}) == values
    assert statuses(house, tree) == dict.fromkeys((p.id for p in tree.parts()), "ACTIVE")


def statuses(house: House, tree: Tree) -> dict[str, str]:
    """Every object of a tree, as the API lists it."""
    paths = {k.many: k.many for k in kinds.KINDS if k not in (kinds.MEMBER, kinds.L7RULE)}
    paths |= {f"pools/{pool}/members": "members" for pool in tree.pools}
    paths |= {f"l7policies/{policy}/rules": "rules" for policy in tree.l7policies}
    pages = [house.api.call("GET", f"/v2/lbaas/{path}")[root] for path, root in paths.items()]
    return {one["id"]: one["provisioning_status"] for page in pages for one in page}


def test_whatever_users_do_at_once_the_tree_is_whole_and_the_journal_tells_it(
    house: House, truth: Truth, soak: bool
) -> None:
    @settings(LONG if soak else SHORT)
    @given(plan=plans(20 if soak else 8))
    def played(plan: Plan) -> None:
        shared = Shared(house)
        assert shared.play(plan) == []
        assert shared.scribe.refusals(*USUAL) == []
        assert house.settled(shared.lb)
        truth.is_whole(shared.lb)
        written = {e["request_id"] for e in truth.events(shared.lb) if e["entry"] == "write"}
        assert written <= set(shared.scribe.accepted)
        house.delete(shared.lb)

    played()


@pytest.fixture
def eager(house: House, truth: Truth) -> Iterator[Eager]:
    made = Eager(house, truth)
    yield made
    made.close()


@pytest.mark.parametrize(
    "way,allowed,answers",
    [
        ("single", {"member": 7}, [201] * 7 + [403] * 13),
        ("batch", {"member": 10}, [202] * 3 + [403] * 7),
        ("tree", {"load_balancer": 3}, [201] * 3 + [403] * 7),
        ("tree", {"load_balancer": 9, "pool": 5, "member": 9}, [201] * 2 + [403] * 8),
    ],
)
def test_what_a_quota_allows_is_had_exactly(
    eager: Eager, truth: Truth, way: str, allowed: dict[str, int], answers: list[int]
) -> None:
    before = truth.used()
    eager.allow(**allowed)
    assert eager.ask(way, len(answers)) == answers
    assert truth.miscounted() == {}
    had = {kind: n - before[kind] for kind, n in truth.used().items()}
    assert {kind: n for kind, n in had.items() if n > allowed.get(kind, n)} == {}


def test_a_quota_that_all_ways_share_is_met_and_what_is_deleted_is_given_back(eager: Eager, truth: Truth) -> None:
    eager.allow(member=20)
    most = truth.used()["member"] + 20
    assert eager.ask("single", 4) == [201] * 4
    assert set(eager.ask("any", 30)) <= {201, 202, 403}
    left = most - truth.used()["member"]
    assert 0 <= left < 3
    assert eager.ask("single", 10).count(201) == left
    assert truth.used()["member"] == most
    gone = eager.members()[:4]
    eager.drop(gone)
    assert truth.used()["member"] == most - len(gone)
    assert eager.ask("batch", 4) == [202, 403, 403, 403]
    assert eager.ask("single", 3) == [201, 403, 403]
    assert truth.miscounted() == {}
