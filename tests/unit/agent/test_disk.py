"""What the agent keeps on disk."""

import pathlib

import pytest

from hydria.agent import disk, faults


def test_a_file_is_replaced_whole_with_its_mode(tmp_path):
    path = str(tmp_path / "f")
    disk.write(path, b"one")
    disk.write(path, b"two", 0o640)
    assert disk.read(path) == b"two"
    assert pathlib.Path(path).stat().st_mode & 0o777 == 0o640
    assert disk.names(str(tmp_path)) == ["f"]


def test_what_cannot_be_written_is_a_clear_answer(tmp_path):
    with pytest.raises(faults.Answer) as caught:
        disk.write(str(tmp_path / "absent" / "f"), b"")
    assert caught.value.code == 507
    assert "cannot write" in caught.value.fault.error


def test_a_link_moves_at_once(tmp_path):
    path = str(tmp_path / "l")
    disk.link("one", path)
    disk.link("two", path)
    assert str(pathlib.Path(path).readlink()) == "two"


def test_a_folder_goes_with_all_in_it_but_not_what_links_point_to(tmp_path):
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    for folder in (kept, gone, gone / "deep"):
        folder.mkdir()
        (folder / "f").write_text("x")
    (gone / "link").symlink_to(kept)
    disk.remove(str(gone))
    disk.remove(str(gone))
    assert disk.names(str(tmp_path)) == ["kept"]
    assert disk.names(str(kept)) == ["f"]


def test_absent_is_nothing(tmp_path):
    assert disk.read(str(tmp_path / "none")) is None
    assert disk.names(str(tmp_path / "none")) == []
    disk.forget(str(tmp_path / "none"))
