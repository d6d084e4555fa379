"""The registry keeps what worker processes must not forget, and knows a process from another with its number."""

import os
import subprocess
from pathlib import Path

import pytest

from hydria.drivers import faults
from hydria.drivers.compute.local import registry


@pytest.fixture
def machines(tmp_path: Path):
    return registry.Registry(tmp_path / "machines")


def record(name="m1"):
    return registry.Record(name=name, amphora_id="a", management="p", created_at=1.0, begun=2.0, boot="b")


def test_what_was_added_is_read_back(machines):
    machines.add(record())
    assert machines.get("m1") == record()
    assert machines.all() == [record()]


def test_a_name_is_used_once(machines):
    machines.add(record())
    with pytest.raises(faults.Refused):
        machines.add(record())
    assert machines.all() == [record()]


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a" * 64, "a\n"])
def test_a_name_that_is_no_file_name_is_refused(machines, name):
    with pytest.raises(faults.Refused):
        machines.add(record(name))
    assert machines.get(name) is None


def test_a_removed_machine_leaves_no_file(machines, tmp_path):
    machines.add(record())
    machines.plug("m1", "p1")
    machines.doom("m1")
    machines.remove("m1")
    machines.remove("m1")
    assert list((tmp_path / "machines").iterdir()) == []


def test_plugs_are_remembered(machines):
    machines.add(record())
    machines.plug("m1", "p1")
    machines.plug("m1", "p2")
    machines.unplug("m1", "p1")
    machines.unplug("m1", "p1")
    assert machines.plugs("m1") == ["p2"]


def test_what_was_interrupted_is_swept(machines, tmp_path):
    machines.add(record("m3"))
    (tmp_path / "machines" / ".m1" / "plugs").mkdir(parents=True)
    (tmp_path / "machines" / "m2").mkdir()
    machines.sweep()
    assert [path.name for path in (tmp_path / "machines").iterdir()] == ["m3"]


def test_a_folder_that_cannot_be_written_is_temporary(tmp_path):
    (tmp_path / "machines").write_text("a file")
    with pytest.raises(faults.Temporary, match="machines"):
        registry.Registry(tmp_path / "machines").add(record())


def ticks(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_a_process_is_known_by_its_start():
    assert registry.is_alive(os.getpid(), ticks(os.getpid()))
    assert not registry.is_alive(os.getpid(), "1")


def test_another_process_with_the_same_number_is_spared():
    with subprocess.Popen(["sleep", "60"]) as other:
        assert registry.kill(other.pid, "1", within_s=1)
        assert other.poll() is None
        assert registry.kill(other.pid, ticks(other.pid), within_s=5)
    assert registry.kill(other.pid, "1", within_s=1)
