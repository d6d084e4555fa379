"""Supervision, as far as nothing has to run."""

from pathlib import Path

from hydria.cli.supervision import Kept, Supervision


def test_where_nothing_was_started_there_is_nothing_to_stop(tmp_path: Path) -> None:
    supervision = Supervision(tmp_path / "run", tmp_path / "log")
    assert (supervision.names(), supervision.running(), supervision.standing()) == ([], {}, [])
    assert supervision.stop() == []


def test_a_pid_that_was_used_again_is_not_taken_for_the_supervisor(tmp_path: Path) -> None:
    (tmp_path / "runsvdir.pid").write_text("1\n")
    assert Supervision(tmp_path, tmp_path / "log")._supervisor() == 0


def test_words_of_a_command_reach_it_whole(tmp_path: Path) -> None:
    supervision = Supervision(tmp_path / "it's here", tmp_path / "log")
    supervision._declare("api", ["env", "A=b c", "it's"])
    script = (tmp_path / "it's here/services/api/run").read_text()
    assert "env 'A=b c' 'it'\"'\"'s'" in script


def test_the_end_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert Supervision(tmp_path, tmp_path / "log").end_of_log("api") == []


def test_as_much_of_a_log_is_kept_as_is_set(tmp_path: Path) -> None:
    supervision = Supervision(tmp_path, tmp_path / "log", Kept(size_mb=2, files=9, days=10))
    supervision._declare("api", ["true"])
    assert (tmp_path / "log/api/config").read_text() == f"s2000000\nn9\nN2\nt{86400}\n"
    assert "svlogd -l 8192 -b 65536 " in (tmp_path / "services/api/log/run").read_text()
