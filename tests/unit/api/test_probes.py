"""The table of raw requests: each answer is the expected one, which is the reference's but for what docs/api.md names."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.api import probing
from tests.unit.api.conftest import PROJECT, Service
from tests.unit.api.probing import Answer, Player

FILES = sorted(probing.HERE.glob("*.txt"))


def asker(api: Service) -> probing.Ask:
    def ask(method: str, path: str, body: str | None) -> Answer:
        bare, _, query = path.partition("?")
        whole = bare if bare.startswith("/v2") else f"/v2/lbaas{bare}"
        headers = {"X-Auth-Token": "admin", "Content-Type": "application/json"}
        result = api.http.simulate_request(method, whole, query_string=query, body=body, headers=headers)
        return Answer(result.status_code, json.loads(result.content) if result.content else None)

    return ask


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_raw_requests_are_answered_as_the_table_says(
    api: Service, file: Path, golden: Callable[[Path, str], None]
) -> None:
    def settle() -> None:
        api.settle()
        api.clock.turn(1)

    golden(file, probing.write(list(Player(asker(api), settle, PROJECT, "run").play(probing.read(file)))))


def test_the_table_is_large() -> None:
    assert sum(len(probing.read(file)) for file in FILES) >= 150
