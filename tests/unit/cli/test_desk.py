"""What the operator's command loads before it knows what it is to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_a_command_that_needs_no_database_does_not_load_it() -> None:
    line = (sys.executable, "-c", "import sys, hydria.main, hydria.cli.desk; print(*sys.modules)")
    loaded = set(subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())
    assert "hydria.cli.users" in loaded
    assert loaded & {"sqlalchemy", "alembic", "falcon", "hydria.storage.database"} == set()


def hydria(folder: Path, text: str, *words: str, shell: str = 'exec "$@"') -> subprocess.CompletedProcess[str]:
    """The command, begun by a shell."""
    file = folder / "hydria.conf"
    file.write_text(text)
    line = ("sh", "-c", shell, "sh", sys.executable, "-m", "hydria.main", "--config", str(file), *words)
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("closed", ["1>&-", "0<&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_command_needs_nobody_who_reads_or_is_read(tmp_path: Path, closed: str) -> None:
    said = hydria(tmp_path, f"[DEFAULT]\nrun_path = {tmp_path}/run\n", "status", shell=f'exec "$@" {closed}')
    assert (said.returncode, said.stderr) == (1, "")
    assert said.stdout == ("" if "1>" in closed else "nothing runs; start with `hydria up`\n")


def test_a_reader_that_leaves_does_not_end_what_is_under_way(tmp_path: Path) -> None:
    line = "import hydria.cli.desk as d; c = d.Telling(); c.print('one'); c.print('two'); open('done', 'w')"
    script = f'{{ sleep 0.1; PYTHONPATH={ROOT} "$@"; echo $? > code; }} | true'
    shell = ("sh", "-c", script, "sh", sys.executable, "-c", line)
    said = subprocess.run(shell, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (said.stderr, (tmp_path / "code").read_text()) == ("", "0\n")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_programs_are_told_of_bad_settings_in_json(tmp_path: Path, command: str) -> None:
    said = hydria(tmp_path, "[nonsense]\n", command, "--json")
    found = json.loads(said.stdout)
    assert (said.returncode, found["ok"], "[nonsense]: no such group" in found["reason"]) == (1, False, True)
    assert len(said.stderr.splitlines()) == 1


def test_a_process_tells_of_bad_settings_in_its_log(tmp_path: Path) -> None:
    said = hydria(tmp_path, "[nonsense]\n", "worker")
    assert "[nonsense]: no such group" in json.loads(said.stderr)["text"]


@pytest.mark.parametrize("poor", ["env -i", "env -i PATH=/usr/bin:/bin"])
def test_programs_of_administrators_are_found_by_whoever_does_not_know_where(tmp_path: Path, poor: str) -> None:
    text = f"[DEFAULT]\nstate_path = {tmp_path}/state\nrun_path = {tmp_path}/run\n"
    said = hydria(tmp_path, text, "doctor", "--json", shell=f'exec {poor} "$@"')
    found = {check["name"]: check["state"] for check in json.loads(said.stdout)["checks"]}
    assert found["programs"] == "ok"


@pytest.mark.parametrize("words", ["status --json", "restart", "down", "down --purge"])
def test_what_the_system_refuses_is_told_in_a_line(tmp_path: Path, words: str) -> None:
    text = f"[DEFAULT]\nstate_path = {tmp_path}/{'x' * 300}\nrun_path = {tmp_path}/{'y' * 300}/run\n"
    said = hydria(tmp_path, text, *words.split())
    (line,) = said.stderr.splitlines()
    assert (said.returncode, line.count("; remedy: ")) == (1, 1)
    assert not said.stdout or json.loads(said.stdout)["ok"] is False
