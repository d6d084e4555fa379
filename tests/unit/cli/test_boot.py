"""What is written down to have a deployment started with its machine."""

import dataclasses
from pathlib import Path

import pytest

from hydria.cli import boot
from hydria.cli.boot import Boot
from hydria.cli.trouble import Trouble

COMMAND = [
    "env",
    "PYTHONPATH=/opt/hydria",
    "/opt/hydria/.venv/bin/python",
    "-m",
    "hydria.main",
    "--config",
    "/etc/a.conf",
]
BOOT = Boot(
    name="hydria-a",
    config=Path("/etc/a.conf"),
    up=[*COMMAND, "up"],
    down=[*COMMAND, "down", "--for-now"],
    pid=Path("/run/a/runsvdir.pid"),
    mounts=(Path("/var/lib/a"), Path("/opt/hydria")),
)


def test_the_unit_names_this_deployments_python_settings_and_folders():
    lines = boot.unit(BOOT).splitlines()
    assert f"ExecStart=/usr/bin/env {' '.join(COMMAND[1:])} up" in lines
    assert "PIDFile=/run/a/runsvdir.pid" in lines
    assert "RequiresMountsFor=/var/lib/a /opt/hydria" in lines
    assert "KillMode=process" in lines


def test_runits_service_brings_it_up_and_stays_as_long_as_its_supervisor():
    text = boot.service(BOOT)
    assert f"{' '.join(COMMAND)} up &\n" in text
    assert text.count("< /run/a/runsvdir.pid") == 2


@pytest.mark.parametrize("path", ["/etc/a b.conf", "/etc/50%.conf", "/etc/$HOME.conf", "/etc/'.conf"])
def test_a_path_that_would_mean_something_else_in_a_unit_is_refused(path: str):
    made = dataclasses.replace(BOOT, up=[*COMMAND[:-1], path, "up"])
    with pytest.raises(Trouble, match="cannot stand in a unit") as trouble:
        made.check()
    assert "start_at_boot = false" in trouble.value.remedy
