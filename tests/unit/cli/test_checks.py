"""What is looked at before anything is started."""

import socket
from pathlib import Path

import pytest

from hydria.cli import checks
from hydria.cli.trouble import Trouble


def test_a_folder_is_looked_at_without_a_trace(tmp_path: Path) -> None:
    checks.folder(tmp_path / "not/there/yet", "state_path", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room_is_told_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="the disk is full") as trouble:
        checks.folder(tmp_path, "run_path", 2**40)
    assert trouble.value.remedy == "make room, or set another run_path"


@pytest.mark.parametrize("host", ["127.0.0.1", "198.51.100.7"])
def test_a_port_nobody_listens_on_is_free_on_any_address(host: str) -> None:
    checks.port(host, 39471, "bind_port")


def test_a_port_somebody_listens_on_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(Trouble, match="is in use") as trouble:
        checks.port("127.0.0.1", other.getsockname()[1], "[api_settings] bind_port")
    assert "[api_settings] bind_port" in trouble.value.remedy


def test_an_older_haproxy_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "haproxy"
    program.write_text("#!/bin/sh\necho HAProxy version 2.5.1\n")
    program.chmod(0o755)
    with pytest.raises(Trouble, match=r"version 2\.5\.1, and at least version 2\.6"):
        checks.haproxy(str(program))


@pytest.mark.parametrize("said", ["HA-Proxy version 2.6.0", "HAProxy version 3.0-dev1 2024/01/01"])
def test_a_newer_haproxy_is_taken(tmp_path: Path, said: str) -> None:
    program = tmp_path / "haproxy"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    assert checks.haproxy(str(program)) in said
