"""The pages of the manual: their commands, run in the order of the index on one machine of their own, do what the pages say."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import databases
from tests.system import pages
from tests.system.pages import Machine

DOCS = pages.ROOT / "docs"
INDEX = DOCS / "README.md"
ELSEWHERE = {"keystone.md"}
"""Pages that are run where the server they need runs already: tests/cloud/test_manual.py."""
ADDRESSES = ("192.0.2.1/32", "192.0.2.2/32")
"""Of the two machines of a page."""
SOCKETS = """mkdir /run/postgresql /run/mysqld
ln -s {postgresql}/.s.PGSQL.5432 /run/postgresql/
ln -s {mariadb}/socket /run/mysqld/mysqld.sock
"""


def listed() -> list[str]:
    """Pages of the index that have commands, in its order; the one that takes all away is the last."""
    names = dict.fromkeys(re.findall(r"\]\(([a-z-]+\.md)\)", INDEX.read_text()))
    found = [name for name in names if pages.blocks(DOCS / name)]
    return [*(name for name in found if name != "uninstall.md"), "uninstall.md"]


@dataclass(frozen=True)
class Stranger:
    """Who follows the pages: a machine where the index was followed, and another one."""

    machine: Machine
    other: Machine

    def follow(self, page: Path) -> str:
        first = pages.blocks(INDEX)[0].commands
        return self.machine.follow(page, first, self.other)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    home = tmp_path_factory.mktemp("home")
    with ExitStack() as ends:
        one, two = (ends.enter_context(pages.machine(home)) for _ in range(2))
        ends.callback(one.run, ".venv/bin/hydria down --purge --yes")
        for address in ADDRESSES:
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
            ends.callback(subprocess.run, ["ip", "address", "delete", address, "dev", "lo"], check=True)
        assert one.follow(INDEX) == ""
        yield Stranger(one, two)


@pytest.fixture(scope="module")
def servers(stranger: Stranger) -> Iterator[None]:
    """PostgreSQL and MariaDB, to be found where Debian's packages put them."""
    with databases.server("postgresql", port=5432) as one, databases.server("mariadb", port=3306) as two:
        one._say("CREATE ROLE postgres SUPERUSER LOGIN")
        where = {"postgresql": one.process.log.parent, "mariadb": two.process.log.parent}
        stranger.machine.run(SOCKETS.format(**where))
        yield


@pytest.mark.parametrize("name", [name for name in listed() if name not in ELSEWHERE])
def test_the_commands_of_a_page_do_what_it_says(stranger: Stranger, servers: None, name: str) -> None:
    assert stranger.follow(DOCS / name) == ""


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    readme = pages.ROOT / "README.md"
    found = [b for page in (readme, *(DOCS / name for name in listed())) for b in pages.blocks(page)]
    left_out = [b.said for b in found if not b.is_run]
    assert len(left_out) <= len(found) // 8, left_out
    assert [said for said in left_out if len(said) < 30] == []


def test_every_fence_of_the_pages_is_understood() -> None:
    for page in (pages.ROOT / "README.md", *DOCS.glob("*.md")):
        openings = re.findall(r"^```\w.*$", page.read_text(), re.MULTILINE)
        understood = pages.FENCE.findall(page.read_text())
        assert len(openings) == len(understood), (page, openings)
