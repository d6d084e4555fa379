"""What all tests share: golden files, and a summary by folder."""

import difflib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.servers import databases

SECONDS = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite golden files; read their diff before you keep it")
    parser.addoption(
        "--databases", default=",".join(databases.KINDS), help="run what needs a database on these only (sqlite,...)"
    )
    parser.addoption("--soak", action="store_true", help="run the long tests at full length, and more examples")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether a long test may take its full length; otherwise it stays under 30 s."""
    return bool(request.config.getoption("--soak"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that need a database run on each kind of it, those that need a server on each kind of that."""
    kinds = metafunc.config.getoption("--databases").split(",")
    if "kind_of_server" in metafunc.fixturenames:
        metafunc.parametrize("kind_of_server", [k for k in kinds if k != "sqlite"], scope="module")
    elif "kind_of_database" in metafunc.fixturenames:
        metafunc.parametrize("kind_of_database", kinds, scope="module")


@pytest.fixture(scope="session")
def servers() -> Iterator[databases.Servers]:
    """Database servers, each started when it is wanted for the first time."""
    made = databases.Servers()
    yield made
    made.close()


@pytest.fixture(scope="session")
def shelf(servers: databases.Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Shelf]:
    """Databases with all tables, handed out empty again and again."""
    made = databases.Shelf(servers, tmp_path_factory.mktemp("shelf"))
    yield made
    made.close()


@pytest.fixture
def empty_url(kind_of_database: str, servers: databases.Servers, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    with servers.empty(kind_of_database, tmp_path, "blank") as url:
        yield url


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with its golden file, or write it when asked to."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return
        kept = path.read_text() if path.exists() else ""
        lines = difflib.unified_diff(kept.splitlines(keepends=True), text.splitlines(keepends=True), str(path), "now")
        assert kept == text, "".join(lines)

    return compare


def folder_of(nodeid: str) -> str:
    """tests/unit/x.py::test is of tests/unit."""
    return "/".join(nodeid.split("/")[:2])


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SECONDS] = Counter()
    # The same examples every time, so that a run tells of the change and not of luck; soaking looks for new ones.
    hypothesis.settings.register_profile("usual", deadline=None, derandomize=True, database=None)
    hypothesis.settings.register_profile("soak", deadline=None, max_examples=20_000, database=None)
    hypothesis.settings.load_profile("soak" if config.getoption("--soak") else "usual")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report: Any = yield
    item.config.stash[SECONDS][folder_of(item.nodeid)] += report.duration
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line for each folder: passed, failed, seconds."""
    counts = Counter(
        (folder_of(report.nodeid), outcome)
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.getreports(outcome)
    )
    terminalreporter.section("folders")
    for folder, seconds in config.stash[SECONDS].items():
        failed = counts[folder, "failed"] + counts[folder, "error"]
        terminalreporter.line(f"{folder:18} {counts[folder, 'passed']:5} passed {failed:4} failed {seconds:8.1f} s")
