"""The rules of the house that no other tool knows: sizes, honest documents, what the text may not name."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {
    ".git",
    ".venv",
    "build",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    ".import_linter_cache",
}
GENERATED = ROOT / "hydria/storage/migrations/versions"
LIMITS = {"lines of a module": 500, "lines of a function": 40, "arguments": 6}

# The requirements of the founding documents carry numbers from S1 to S256, with gaps between chapters.
CHAPTERS = (
    "1-18 20-37 40-46 50-77 80-84 90-106 110-121 130-134 140 150-152 160-164 170-178 180-192 200-213 220-236 240-256"
)

KINDS_OF_CHANGE = {"added", "changed", "fixed", "removed", "security"}

# Written so that this file does not name what it forbids.
FORBIDDEN = {
    "a registry's address": re.compile(
        r"[p]ypi\.org|pythonhosted\.org|deb\.debian\.org|npmjs\.org|proxy\.golang\.org|docker\.io"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/[w]ork/|/tmp/[b]rief"),
}


def files() -> Iterator[Path]:
    """Every file that is ours."""
    folders = [ROOT]
    while folders:
        for entry in sorted(folders.pop().iterdir()):
            if entry.name in NOT_OURS or entry.is_symlink() or entry.name.endswith(".egg-info"):
                continue
            if entry.is_dir():
                folders.append(entry)
            else:
                yield entry


def modules(*folders: str) -> Iterator[Path]:
    """Our Python files below these folders (all of ours when none is named), generated ones aside."""
    for path in files():
        named = path.relative_to(ROOT).parts[0] in folders or not folders
        if named and path.suffix == ".py" and GENERATED not in path.parents:
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def place(path: Path, node: ast.AST | None = None) -> str:
    """file:line name, for a message."""
    name = getattr(node, "name", "")
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {name}".rstrip()


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many it takes, the object or class it belongs to aside."""
    taken = function.args
    named = [a.arg for a in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
    return len(named) - (named[:1] in (["self"], ["cls"]))


def test_no_module_is_longer_than_it_may_be():
    lengths = {place(path): len(path.read_text().splitlines()) for path in modules()}
    assert {where: n for where, n in lengths.items() if n >= LIMITS["lines of a module"]} == {}


def test_no_function_is_longer_than_it_may_be():
    lengths = {place(path, f): (f.end_lineno or 0) - f.lineno + 1 for path in modules() for f in functions(path)}
    assert {where: n for where, n in lengths.items() if n >= LIMITS["lines of a function"]} == {}


def test_no_function_takes_more_arguments_than_it_may():
    counts = {place(path, f): arguments(f) for path in modules("hydria", "scripts") for f in functions(path)}
    assert {where: n for where, n in counts.items() if n > LIMITS["arguments"]} == {}


def test_every_module_says_what_it_is():
    assert [place(path) for path in modules() if not ast.get_docstring(parsed(path))] == []


def test_every_package_says_what_lives_in_it():
    folders = {path.parent for path in modules("hydria")} - {GENERATED}
    assert [place(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def imported_names(path: Path) -> Iterator[tuple[ast.ImportFrom, str]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            yield from ((node, alias.name) for alias in node.names)


def is_module(package: str, name: str) -> bool:
    found = ROOT.joinpath(*package.split("."), name)
    return found.is_dir() or found.with_suffix(".py").exists()


def test_functions_of_ours_are_called_through_their_module():
    known_to_all = ("hydria.domain", "hydria.wire", "hydria.main")
    strays = [
        f"{place(path, node)} {name}"
        for path in modules("hydria")
        for node, name in imported_names(path)
        if (package := node.module or "").startswith("hydria") and not package.startswith(known_to_all)
        if name[0].islower() and not is_module(package, name)
    ]
    assert strays == []


def test_nothing_that_ships_imports_from_the_tests():
    strays = [
        place(p, n) for p in modules("hydria") for n, _ in imported_names(p) if (n.module or "").startswith("tests")
    ]
    assert strays == []


def test_no_test_is_skipped():
    skips = re.compile(r"\bpytest\.skip|mark\.(skip|xfail)|\bimportorskip\(")
    assert [place(path) for path in modules("tests") if path != Path(__file__) and skips.search(path.read_text())] == []


def test_the_architecture_names_only_paths_that_exist():
    named = re.findall(r"`([\w.*-]+(?:/[\w.*-]*)+|[\w-]+\.(?:md|py|toml|sh))`", (ROOT / "ARCHITECTURE.md").read_text())
    assert len(named) > 20
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/")))] == []


@pytest.mark.parametrize("page", [p for p in files() if p.suffix == ".md"], ids=lambda p: p.name)
def test_links_of_the_pages_lead_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def chapters() -> list[str]:
    numbers: list[str] = []
    for chapter in CHAPTERS.split():
        first, _, last = chapter.partition("-")
        numbers += [f"S{n}" for n in range(int(first), int(last or first) + 1)]
    return numbers


def requirements() -> list[tuple[str, str, str]]:
    """Number, title, and the tests that show it."""
    rows = re.findall(r"^\| (S\d+) \| (.*?) \| (.*?) \|$", (ROOT / "docs/requirements.md").read_text(), re.MULTILINE)
    return [(number, title, shown) for number, title, shown in rows]


def test_every_requirement_is_listed_once_and_in_order():
    assert [number for number, _, _ in requirements()] == chapters()


def test_what_shows_a_requirement_exists():
    missing = [
        f"{number}: {name}"
        for number, _, shown in requirements()
        if shown != "not yet"
        for name in witnesses(shown)
        if not exists(name)
    ]
    assert missing == []


def witnesses(shown: str) -> list[str]:
    """The tests a cell names; a cell that names none is a claim without proof."""
    return re.findall(r"`([^`]+)`", shown) or [f"no test in '{shown}'"]


def exists(name: str) -> bool:
    """A script that is a test, or a function in a file of tests."""
    path, _, function = name.partition("::")
    found = ROOT / path
    if not path.startswith("tests/") or not found.is_file():
        return False
    if found.suffix == ".sh":
        return not function
    return function.startswith("test_") and function in {f.name for f in functions(found)}


def test_a_requirement_shown_by_a_test_that_is_not_there_is_noticed():
    assert not exists("tests/unit/test_house.py::test_that_nobody_wrote")
    assert not exists("tests/unit/nowhere.py::test_every_module_says_what_it_is")
    assert exists("tests/unit/test_house.py::test_every_module_says_what_it_is")


def notes() -> list[Path]:
    return [path for path in sorted((ROOT / "changes").iterdir()) if path.name != "README.md"]


def test_notes_on_changes_are_well_formed():
    form = re.compile(r"(\w+): [^\n]{10,}\.\n(\n(?:[^\n]{1,120}\n)+)*", re.DOTALL)
    badly_named = [p.name for p in notes() if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.md", p.name)]
    badly_written = [p.name for p in notes() if not (m := form.fullmatch(p.read_text())) or m[1] not in KINDS_OF_CHANGE]
    assert (badly_named, badly_written) == ([], [])


def test_decisions_are_numbered_without_gaps_and_say_what_is_given_up():
    pages = sorted(p for p in (ROOT / "docs/adr").glob("*.md") if p.name != "README.md")
    assert [p.name[:4] for p in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    wanted = ("## Context", "## Choice", "## What we give up")
    assert [p.name for p in pages if not all(heading in p.read_text() for heading in wanted)] == []


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_the_text_does_not_name(kind):
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in FORBIDDEN[kind].finditer(text)]
    assert found == []


def shell_scripts() -> list[Path]:
    return [path for path in files() if path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env sh"))]


def test_shell_scripts_can_be_parsed():
    broken = [
        subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False) for path in shell_scripts()
    ]
    assert "".join(run.stderr for run in broken) == ""
    assert len(broken) >= len(["quickstart", "run-tests", "check", "setup.sh", "lock", "run"])


def test_shell_scripts_can_be_run():
    assert [place(path) for path in shell_scripts() if not path.stat().st_mode & 0o111] == []


if __name__ == "__main__":
    shown = [number for number, _, tests in requirements() if tests != "not yet"]
    print(f"{len(shown)} of {len(requirements())} requirements are shown by a test: {' '.join(shown)}")
