"""What is not ours is neither taken nor removed."""

from pathlib import Path

import pytest

from hydria import configuration, main
from hydria.cli import belongings
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

NOOP = "[controller_worker]\ncompute_driver = noop\nnetwork_driver = noop\namphora_driver = noop\n"
OWN = ("keys*", "log")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ours."""
    (tmp_path / "ours/log/api").mkdir(parents=True)
    (tmp_path / "ours/keys.new").touch()
    return tmp_path / "ours"


def deployment(folder: Path, state: str, run: str) -> Deployment:
    file = folder / "hydria.conf"
    file.write_text(f"[DEFAULT]\nstart_at_boot = no\nstate_path = {folder}/{state}\nrun_path = {folder}/{run}\n{NOOP}")
    settings = configuration.read(file)
    return Deployment(settings, main._parts(settings))


def test_a_folder_that_holds_what_is_ours_alone_is_removed(folder: Path) -> None:
    assert belongings.remove(folder, OWN) == f"removed {folder}"
    assert not folder.exists()


def test_what_somebody_put_beside_what_is_ours_stays(folder: Path) -> None:
    (folder / "backup").mkdir()
    assert belongings.remove(folder, OWN) == f"emptied {folder}, save what is not ours: backup"
    assert [path.name for path in folder.iterdir()] == ["backup"]


def test_what_a_link_points_at_is_not_removed(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    (folder.parent / "logs").mkdir()
    (folder / "keys").symlink_to(folder.parent / "logs")
    assert belongings.remove(folder.parent / "link", OWN) == f"emptied {folder.parent}/link"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["link", "logs", "ours"]


def test_a_disk_that_was_just_made_is_taken(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    belongings.refuse_foreign(tmp_path, OWN, "state_path")
    belongings.refuse_foreign(tmp_path / "not there", OWN, "state_path")


@pytest.mark.parametrize("state, run", [("photos", "run"), ("state", "photos")])
def test_up_does_not_take_a_folder_of_somebody_else(tmp_path: Path, state: str, run: str) -> None:
    (tmp_path / "photos/2024").mkdir(parents=True)
    with pytest.raises(Trouble, match=r"_path: \S+/photos holds what is not Hydria's: 2024"):
        deployment(tmp_path, state, run).up()


@pytest.mark.parametrize("state, run", [("photos", "run"), ("state", "photos")])
def test_what_was_never_up_is_not_removed(tmp_path: Path, state: str, run: str) -> None:
    (tmp_path / "photos/2024").mkdir(parents=True)
    (tmp_path / "photos/log").mkdir()
    (tmp_path / "photos/services").touch()
    assert deployment(tmp_path, state, run).down(purge=True) == []
    assert len(list((tmp_path / "photos").iterdir())) == 3
