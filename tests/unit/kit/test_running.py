"""What a process writes down of itself."""

from pathlib import Path

from hydria.kit import running


def test_what_was_noted_is_read_again_and_holds_no_value(tmp_path: Path) -> None:
    running.note(tmp_path, "api", 7, {"[database] connection": "secret"})
    found = running.noted(tmp_path, "api")
    assert found
    assert (found.pid, found.build) == (7, running.build())
    assert "secret" not in (tmp_path / "api").read_text()
    assert (tmp_path / "api").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["api"]


def test_what_is_not_there_or_of_another_shape_is_nothing(tmp_path: Path) -> None:
    assert running.noted(tmp_path, "api") is None
    for text in ("", "{", "[]", '{"pid": 7}', '{"build": {}}'):
        (tmp_path / "api").write_text(text)
        assert running.noted(tmp_path, "api") is None


def test_the_same_code_has_the_same_digest() -> None:
    assert running.build.__wrapped__() == running.build()
