"""The state folder: what is made once is never made anew for what runs with it."""

from pathlib import Path

import pytest

from hydria import configuration, main
from hydria.cli import folder
from hydria.cli.parts import Parts
from hydria.cli.trouble import Trouble

KEPT = ("deployment", "master.keys", "users.json")


@pytest.fixture
def settings(tmp_path: Path) -> configuration.Settings:
    file = tmp_path / "hydria.conf"
    file.write_text(f"[DEFAULT]\nstate_path = {tmp_path}/state\n")
    return configuration.read(file)


@pytest.fixture
def parts(settings: configuration.Settings) -> Parts:
    parts: Parts = main._parts(settings)
    folder.prepare(settings, parts)
    return parts


def test_what_is_whole_is_not_refused(settings: configuration.Settings, parts: Parts) -> None:
    folder.refuse_lost(settings, parts)


@pytest.mark.parametrize("name", KEPT)
def test_what_was_lost_is_asked_for_and_not_made_anew(
    settings: configuration.Settings, parts: Parts, name: str
) -> None:
    (settings.state / name).unlink()
    with pytest.raises(Trouble, match=f"{name} is not there") as trouble:
        folder.refuse_lost(settings, parts)
    assert "backup" in trouble.value.remedy


@pytest.mark.parametrize("name", KEPT[1:])
@pytest.mark.parametrize("text", [b"\xff\x00", b"1:xyz", b"{}"])
def test_what_was_damaged_is_named(settings: configuration.Settings, parts: Parts, name: str, text: bytes) -> None:
    (settings.state / name).write_bytes(text)
    with pytest.raises(Trouble, match=f"{name} is damaged"):
        folder.refuse_lost(settings, parts)


@pytest.mark.parametrize("gone", [("deployment", "certificates"), ("deployment", "certificates", "users.json")])
def test_who_was_killed_before_the_end_goes_on(settings: configuration.Settings, parts: Parts, gone: list[str]) -> None:
    keys = (settings.state / "master.keys").read_text()
    for path in (settings.state / name for name in gone):
        path.rename(settings.state.with_name(f"old-{path.name}"))
    folder.refuse_lost(settings, parts)
    folder.prepare(settings, parts)
    folder.refuse_lost(settings, parts)
    assert (settings.state / "master.keys").read_text() == keys


def test_a_file_that_is_no_text_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "admin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Trouble, match="is damaged") as told, folder.told(tmp_path):
        (tmp_path / "admin").read_text()
    assert told.value.remedy == "put it back from a backup"
