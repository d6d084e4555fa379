"""The README's commands, as they stand, on a machine where nothing ever ran."""

from pathlib import Path

from tests.system import pages

README = pages.ROOT / "README.md"
UNDO = "./quickstart --down --purge --yes"


def test_the_readme_s_commands_work_as_they_stand_and_end_in_a_200_from_a_back_end(tmp_path: Path) -> None:
    with pages.machine(tmp_path) as machine:
        try:
            wrong = machine.follow(README)
        finally:
            undone = machine.run(UNDO)
    assert wrong == ""
    assert undone.stdout == "nothing was running\n"
    assert any("HTTP/1.1 200 OK" in (block.prints or "") for block in pages.blocks(README))
