"""The page of the manual about Keystone: its commands do what it says, with a real Keystone."""

from pathlib import Path

from tests.servers.keystone import Keystone
from tests.system import pages
from tests.system.test_manual import DOCS, INDEX


def test_the_commands_of_the_page_about_keystone_do_what_it_says(identity: Keystone, tmp_path: Path) -> None:
    exported = [f"export {name}='{value}'\n" for name, value in identity.environment("admin", "admin").items()]
    (tmp_path / "admin-openrc").write_text("".join(exported))
    first = pages.blocks(INDEX)[0].commands
    with pages.machine(tmp_path) as machine:
        try:
            wrong = machine.follow(DOCS / "keystone.md", first)
        finally:
            machine.run(".venv/bin/hydria down --purge --yes")
    assert wrong == ""
