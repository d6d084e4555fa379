"""What each process can reach: the modules that main loads for it by name, and all that these import."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from hydria import main
from tests.unit import test_house as house

# What is called the network are its drivers; the ranges of the local one are settings, and others know them too.
PARTS = {
    "the API": r"api\..+",
    "the worker": r"worker\..+",
    "the health manager": r"health\..+",
    "housekeeping": r"housekeeping\..+",
    "the database": r"storage\.database",
    "messages": r"messaging\..+",
    "compute": r"drivers\.compute\..+",
    "the network": r"drivers\.network\.(?!local(\.settings)?$).+",
    "certificates": r"drivers\.certificates\..+",
    "amphorae": r"amphora\..+",
}
CLOUD = {"compute", "the network", "certificates", "amphorae"}
REACHED = {
    "api": {"the API", "the database", "messages", "the network"},
    "worker": {"the worker", "the database", "messages"} | CLOUD,
    "health": {"the health manager", "the database", "messages"},
    "housekeeping": {"housekeeping", "the database"} | CLOUD,
}
MODULES = {
    ".".join(path.relative_to(house.ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in house.modules("hydria")
}
WIRING = {f.name: f for f in house.functions(MODULES["hydria.main"])}


def loaded(function: str) -> set[str]:
    """What a function of main loads by name, and what the functions do that it uses."""
    seen, found, ahead = set[str](), set[str](), [function]
    while ahead:
        one = ahead.pop()
        seen.add(one)
        found |= set(named(WIRING[one]))
        ahead += [name for name in used(WIRING[one]) if name in WIRING and name not in seen]
    return found


def used(function: ast.AST) -> set[str]:
    """Names that a function uses and does not give itself."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names} - own


def named(function: ast.AST) -> Iterator[str]:
    """The modules in `load("...")`; where only the package is written, all of it."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
            words = ast.unparse(node.args[0]).strip("f'\"")
            prefix = f"hydria.{words.split('{')[0]}"
            yield from (name for name in MODULES if name == prefix or ("{" in words and name.startswith(prefix)))


@cache
def imported(module: str) -> frozenset[str]:
    """The modules of ours that one imports, and the packages around it."""
    tree = house.parsed(MODULES[module])
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node, name in house.imported_names(MODULES[module]):
        names |= {node.module or "", f"{node.module}.{name}"}
    return frozenset((names | {module.rpartition(".")[0]}) & MODULES.keys() - {"hydria.main"})


def reached(modules: set[str]) -> set[str]:
    """The parts that these modules belong to or import, whatever lies between."""
    seen, ahead = set[str](), list(modules)
    while ahead:
        one = ahead.pop()
        if one not in seen:
            seen.add(one)
            ahead += imported(one)
    return {part for part, form in PARTS.items() if any(re.fullmatch(f"hydria\\.{form}", name) for name in seen)}


def test_every_process_is_looked_at():
    assert main.PROCESSES.keys() == REACHED.keys()


@pytest.mark.parametrize("process", REACHED)
def test_a_process_reaches_what_it_needs_and_nothing_else(process):
    assert reached(loaded(process)) == REACHED[process]


def test_an_agent_reaches_no_part_of_the_controllers():
    agent = {name for name in MODULES if name.startswith("hydria.agent")}
    assert "hydria.wire.documents" in {name for module in agent for name in imported(module)}
    assert reached(agent) == set()
