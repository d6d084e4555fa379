"""The API against its own description: whatever is sent, by whomever, the answer is one that openapi.json promises."""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from falcon import testing
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi import checks
from sqlalchemy import select

from hydria.api import access, app, openapi, schemas
from hydria.api.access import PolicySettings
from hydria.api.context import Context
from hydria.domain import kinds
from hydria.domain.lacks import Lacks
from hydria.drivers.network import noop
from hydria.kit.clock import HandClock
from hydria.storage import tables
from hydria.storage.database import Database
from tests.unit.api.conftest import CALLERS, PROJECT, Nudges, Service, Tokens

USUAL_S, EXAMPLES = 18.0, 12
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SETTLED_EVERY = 25
RESOURCES = {k.one: k.resource.__name__ for k in (*kinds.KINDS, *openapi.OFFERS)}


class Town:
    """An API in which things of every kind exist, and names to call them by."""

    def __init__(self, api: Service) -> None:
        self.api = api
        self.luck = random.Random(7)
        self.counts: Counter[str] = Counter()
        self.known: dict[str, list[str]] = {}
        self.build()

    def build(self) -> None:
        """One object of every kind."""
        api = self.api
        lb = api.load_balancer()["id"]
        li = api.make("/listeners", "listener", loadbalancer_id=lb, protocol="HTTP", protocol_port=80)["id"]
        pool = api.make("/pools", "pool", listener_id=li, protocol="HTTP", lb_algorithm="ROUND_ROBIN")["id"]
        api.make(f"/pools/{pool}/members", "member", address="192.0.2.7", protocol_port=80)
        monitor = {"pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2}
        api.make("/healthmonitors", "healthmonitor", **monitor)
        policy = api.make("/l7policies", "l7policy", listener_id=li, action="REJECT")["id"]
        api.make(f"/l7policies/{policy}/rules", "rule", type="PATH", compare_type="EQUAL_TO", value="/a")
        self.look()

    def look(self) -> None:
        """Settle what is pending, and learn what there is now."""
        self.api.settle()
        with_ids = [(k, tables.TREE[k.table].c.id) for k in kinds.KINDS]
        found = self.api.context.database.read(lambda c: {k: list(c.execute(select(i)).scalars()) for k, i in with_ids})
        self.known = {f"{k.one}_id": ids for k, ids in found.items()}
        self.known |= {"project_id": [PROJECT], "vip_subnet_id": [self.api.subnet], "name": ["amphora"]}
        self.known["default_pool_id"] = self.known["redirect_pool_id"] = self.known["pool_id"]
        if not all(found.values()):
            self.build()

    def steer(self, values: Any) -> None:
        """Put names of things that exist into most places that want one."""
        for name, value in (values or {}).items() if isinstance(values, dict) else ():
            if name in self.known and self.luck.random() < 0.8:
                values[name] = self.luck.choice(self.known[name])
            elif isinstance(value, dict):
                self.steer(value)

    def thin(self, body: Any) -> None:
        """Leave most of what need not be said unsaid: the rest then is more often something that can be done."""
        key, values = next(iter(body.items()))
        if not isinstance(values, dict) or self.luck.random() < 0.3:
            return
        needed = schemas.components(Lacks()).get(f"{RESOURCES.get(key, '')}Create", {}).get("required", ())
        for name in [n for n in values if n not in needed]:
            if self.luck.random() < 0.85:
                del values[name]
        if key == "loadbalancer":
            values["vip_subnet_id"] = ""

    def call(self, case: Any) -> None:
        """Send one request as somebody, and look at the answer."""
        who = self.luck.choice([*CALLERS, "member", "member", "admin", "admin", "forged"])
        if case.method == "POST" and isinstance(case.body, dict) and case.body:
            self.thin(case.body)
        self.steer(case.path_parameters)
        self.steer(case.body)
        answer = case.call(headers={"X-Auth-Token": who})
        self.counts["cases"] += 1
        self.counts[str(answer.status_code)] += 1
        assert answer.status_code < 500 or answer.status_code == 501, (who, case.as_curl_command(), answer.text)
        case.validate_response(answer, checks=CHECKS)
        if self.counts["cases"] % SETTLED_EVERY == 0:
            self.look()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    intent = Database(f"sqlite:///{tmp_path}/intent", tables.INTENT, durable=False)
    observed = Database(f"sqlite:///{tmp_path}/observed", tables.OBSERVED, durable=False)
    clock, nudges = HandClock(), Nudges()
    for database in (intent, observed):
        database.create_all()
    context = Context(
        database=intent,
        observed=observed,
        network=noop.NoopNetwork(clock),
        nudge=nudges,
        identity=Tokens(),
        clock=clock,
        policy=access.Rules(PolicySettings(), clock),
    )
    yield Town(Service(context, testing.TestClient(app.create(context)), nudges, clock))
    for database in (intent, observed):
        database.close()


def operations(schema: Any) -> Iterator[Any]:
    yield from (found.ok() for found in schema.get_all_operations())


def test_every_answer_is_one_that_the_description_promises(town: Town, soak: bool) -> None:
    schema = described(town)
    ends = time.monotonic() + (7200 if soak else USUAL_S)
    every = list(operations(schema))
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        for operation in every:
            if time.monotonic() < ends:
                explore(town, operation, mode, ends, 500 if soak else EXAMPLES)
    print(f"{len(every)} operations: {dict(town.counts)}")
    assert town.counts["cases"] > len(every)


def described(town: Town) -> Any:
    """The description, but for tokens: of these only ours are sent."""
    document = town.api.http.simulate_get("/openapi.json").json
    del document["security"]
    schema = schemathesis.openapi.from_dict(document)
    schema.app = town.api.http.app
    return schema


def explore(town: Town, operation: Any, mode: Any, ends: float, examples: int) -> None:
    """Try one operation as often as time allows."""
    usual = settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @usual
    @given(case=operation.as_strategy(generation_mode=mode))
    def tried(case: Any) -> None:
        if time.monotonic() < ends:
            town.call(case)

    # A description of next to nothing has no opposite.
    with contextlib.suppress(Unsatisfiable):
        tried()
