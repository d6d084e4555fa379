"""The end of a log, for people."""

import json
from pathlib import Path

from hydria.cli import logs


def test_a_line_is_told_in_words_and_its_traceback_in_lines() -> None:
    line = {"event": "run.failed", "time": "12:00Z", "level": "error", "step": "Push", "exception": "Trace\n  Error: x"}
    assert logs.readable(json.dumps(line)) == ["12:00Z error run.failed step=Push", "Trace", "  Error: x"]


def test_what_is_no_line_of_ours_stays_as_it_is() -> None:
    assert [logs.readable(line) for line in ("plain", "[1]", '{"a": 1}')] == [["plain"], ["[1]"], ['{"a": 1}']]


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    file = tmp_path / "current"
    file.write_text("".join(f"{n} {'x' * 100}\n" for n in range(10_000)))
    assert [line.split()[0] for line in logs.end(file, 2)] == ["9998", "9999"]
