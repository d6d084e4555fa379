"""Starting with the machine: what `up` writes down is what brings everything back, with systemd's unit and runit's service."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydria.cli import boot, client, removal
from tests.system.house import House, processes

BARE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
"""The environment that systemd gives."""


@pytest.fixture
def etc() -> Iterator[None]:
    """The places where a machine keeps what it starts, empty and ours."""
    with contextlib.ExitStack() as mounted:
        for place in (boot.UNITS, boot.SERVICES, boot.WATCHED.resolve()):
            place.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
            mounted.callback(subprocess.run, ["umount", str(place)], check=True)
        yield


@pytest.fixture
def house(etc: None, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, port=19986, block="10.67", boot=True)
    yield made
    removal.down(made.deployment, purge=True)


@pytest.fixture
def without_systemd() -> Iterator[None]:
    """Its program cannot be run, wherever it is looked for."""
    program = shutil.which("systemctl")
    assert program, "the set-up for tests installs it"
    subprocess.run(["mount", "--bind", "/dev/null", program], check=True)
    yield
    subprocess.run(["umount", program], check=True)


def hydria(house: House, command: str) -> str:
    said = subprocess.run(house.deployment.command(*command.split()), capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, ""), said
    return said.stdout


def power_off(house: House) -> None:
    """Nothing of it runs any more, and what is not on a disk is gone."""
    folder = str(house.file.parent)
    for first in (house.deployment.settings.state / "machines").glob("*/pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(first.read_text().split()[0]), signal.SIGKILL)
    for pid, words in processes():
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another's
            if folder in words or folder in str(Path(f"/proc/{pid}/cwd").readlink()):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(house.deployment.settings.run)
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        subprocess.run(["ip", "netns", "delete", line.split()[0]], check=True)
    networks = house.deployment.parts.networks()
    assert client.until(lambda: not house.deployment.parts.fabric().is_up(networks), 5)


def is_back(house: House) -> bool:
    running = house.deployment.supervision.running()
    wired = house.deployment.parts.fabric().is_up(house.deployment.parts.networks())
    return len(running) == 4 and wired and house.deployment.client().answers()


def unit_of(house: House) -> Path:
    return boot.UNITS / f"{house.deployment.settings.service}.service"


def said_by(unit: Path, key: str) -> str:
    """The value of a line of the unit."""
    return next(line.partition("=")[2] for line in unit.read_text().splitlines() if line.startswith(f"{key}="))


def test_the_unit_is_sound_and_what_it_runs_brings_everything_back(house: House) -> None:
    assert f"starts with the machine: {unit_of(house).name}" in hydria(house, "up")
    assert (boot.ENABLED / unit_of(house).name).is_symlink()
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit_of(house))], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    power_off(house)
    subprocess.run(shlex.split(said_by(unit_of(house), "ExecStart")), check=True, cwd="/", env=BARE)
    assert is_back(house)
    assert "nothing to change" in hydria(house, "up")


def test_stopping_the_unit_ends_the_controllers_for_now_and_no_amphora(house: House) -> None:
    house.up()
    assert house.settled(house.create()["id"])
    machines = len(house.deployment.parts.compute().list())
    stop = said_by(unit_of(house), "ExecStop").replace("$$", "$")
    pid = said_by(unit_of(house), "PIDFile")
    subprocess.run(shlex.split(stop), check=True, cwd="/", env={**BARE, "MAINPID": Path(pid).read_text().strip()})
    assert house.deployment.supervision.running() == {}
    assert len(house.agents()) == machines == 1
    assert (boot.ENABLED / unit_of(house).name).is_symlink(), "after the next start of the machine it is there again"
    assert said_by(unit_of(house), "KillMode") == "process"


def test_what_was_taken_down_stays_down_and_what_was_removed_leaves_no_unit(house: House) -> None:
    hydria(house, "up")
    hydria(house, "down")
    assert not (boot.ENABLED / unit_of(house).name).is_symlink()
    assert unit_of(house).exists(), "it can be started by hand"
    hydria(house, "up")
    assert (boot.ENABLED / unit_of(house).name).is_symlink()
    hydria(house, "down --all --yes")
    assert not unit_of(house).exists()


def test_a_unit_that_is_not_wanted_any_more_goes(house: House) -> None:
    hydria(house, "up")
    house.file.write_text(house.file.read_text().replace("start_at_boot = True", "start_at_boot = no"))
    hydria(house, "up")
    assert not unit_of(house).exists()
    assert len(house.deployment.supervision.running()) == 4


@contextlib.contextmanager
def watching(house: House) -> Iterator[None]:
    """runit's own supervisor, as a machine without systemd runs it."""
    keeper = f"runsv {house.deployment.settings.service}"
    with subprocess.Popen(["runsvdir", "-P", str(boot.WATCHED)], start_new_session=True) as runsvdir:
        try:
            yield
        finally:
            runsvdir.send_signal(signal.SIGHUP)  # it ends what it looks after
    assert client.until(lambda: not any(words.startswith(keeper) for _, words in processes()), 15, 0.1)


def test_without_systemd_runit_brings_everything_back(house: House, without_systemd: None) -> None:
    service = boot.WATCHED / house.deployment.settings.service
    assert f"starts with the machine: {service}" in hydria(house, "up")
    assert not unit_of(house).exists()
    power_off(house)
    with watching(house):
        assert client.until(lambda: is_back(house), 20, 0.2)
        assert hydria(house, "down").count("stopped") == 4
        assert not client.until(lambda: bool(house.deployment.supervision.running()), 7, 0.2), "it is begun again"
        hydria(house, "up")
        status = ["sv", "status", str(service)]
        assert client.until(
            lambda: subprocess.run(status, capture_output=True, check=False).stdout[:3] == b"run", 12, 0.2
        )
        subprocess.run(["sv", "-w", "10", "down", str(service)], check=True, capture_output=True)
        assert client.until(lambda: not house.deployment.supervision.running(), 10)
    hydria(house, "down --all --yes")
    assert list(boot.SERVICES.iterdir()) == list(boot.WATCHED.iterdir()) == []


def test_what_runit_looks_after_stays_down_for_now(house: House, without_systemd: None) -> None:
    status = ["sv", "status", str(boot.WATCHED / house.deployment.settings.service)]

    def is_looked_after() -> bool:
        return subprocess.run(status, capture_output=True, check=False).stdout.startswith(b"run:")

    hydria(house, "up")
    with watching(house):
        assert client.until(is_looked_after, 12, 0.2)
        hydria(house, "down --for-now")
        assert not client.until(lambda: bool(house.deployment.supervision.running()), 7, 0.2), "it is begun again"
        hydria(house, "up")
        assert client.until(is_looked_after, 12, 0.2)
