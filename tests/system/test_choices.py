"""What the settings offer starts, or is refused in one line: with what a set-up installs by default, and with all of it."""

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.deployment import NOOP
from hydria.cli import client, removal
from tests.servers import process
from tests.system.house import ROOT, House

PUBLIC = "https://lb.only-outsiders-know.invalid/load"
KEYSTONE = (
    "[keystone_authtoken]\nauth_url = http://127.0.0.1:1\nauth_type = password\nusername = hydria\npassword = secret\n"
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with what the lock of the controller names, and nothing else."""
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements/controller.txt").read_text(), re.MULTILINE))
    names = {normal(name) for name in locked}
    for one in importlib.metadata.distributions():
        if normal(one.name) in names:
            for first in {Path(file).parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
                if not (packages / first).exists():
                    (packages / first).symlink_to(Path(str(one.locate_file(first))))
    return str(folder / "bin/python")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert {p.name for p in tmp_path.iterdir()} <= {"hydria.conf", "another.db"}


def house_in(folder: Path, api: str = "", more: str = "", transport: str = "", meter: str = "enabled = false") -> House:
    more = f"{NOOP}[health_manager]\nbind_port = {process.free_port()}\n[metrics]\n{meter}\n{more}"
    return House(folder, port=process.free_port(), block="10.64", api=api, more=more, transport=transport)


def up(house: House, python: str) -> subprocess.CompletedProcess[str]:
    """`hydria up`, by a Python."""
    line = ["env", f"PYTHONPATH={ROOT}", python, "-m", "hydria.main", "--config", str(house.file), "up"]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd="/")


STARTS = {
    "auth_strategy = local": {"api": "auth_strategy = local"},
    "auth_strategy = noauth": {"api": "auth_strategy = noauth"},
    "api_base_uri": {"api": f"api_base_uri = {PUBLIC}"},
    "bind_host = ::1": {"api": "bind_host = ::1"},
    "bind_host = 0.0.0.0": {"api": "bind_host = 0.0.0.0"},
    "workers and metrics": {"api": "workers = 2", "meter": "bind_port = 18100"},
    "metrics elsewhere": {"meter": "bind_host = 203.0.113.9\nbind_port = 18104"},
    "database": {"more": "[database]\nconnection = sqlite:///{folder}/another.db\n"},
}


@pytest.mark.parametrize("name", STARTS)
def test_a_choice_starts_with_what_is_installed_by_default(folder: Path, plain: str, name: str) -> None:
    house = house_in(folder, **{key: text.replace("{folder}", str(folder)) for key, text in STARTS[name].items()})
    try:
        said = up(house, plain)
        assert (said.returncode, said.stderr) == (0, ""), said
        assert house.deployment.client("admin").call("GET", "/v2/lbaas/loadbalancers") == {
            "loadbalancers": [],
            "loadbalancers_links": [],
        }
    finally:
        removal.down(house.deployment, purge=True)


NEEDING = {
    "auth_strategy = keystone": ({"api": "auth_strategy = keystone", "more": KEYSTONE}, "keystonemiddleware"),
    "transport_url": ({"transport": "rabbit://u:secret@127.0.0.1:1/"}, "oslo_messaging"),
    "headers": ({"more": "[oslo_middleware]\nenable_proxy_headers_parsing = true\n"}, "oslo_middleware"),
}


@pytest.mark.parametrize("name", NEEDING)
def test_a_choice_that_needs_more_packages_is_refused_with_the_command_that_installs_them(
    folder: Path, plain: str, name: str
) -> None:
    chosen, package = NEEDING[name]
    house = house_in(folder, **chosen)
    said = up(house, plain)
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert re.search(
        rf" needs the package {package}, which is not installed; .* remedy: .*/scripts/setup.sh --openstack$", line
    )
    assert "secret" not in line
    alone = house.deployment.command("api")
    alone[alone.index(sys.executable)] = plain
    (line,) = subprocess.run(alone, capture_output=True, text=True, check=False).stderr.splitlines()[-1:]
    assert "scripts/setup.sh --openstack" in line


def test_headers_of_proxies_are_believed_where_that_is_chosen(folder: Path) -> None:
    house = house_in(folder, **NEEDING["headers"][0])
    try:
        house.up()
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "lb.example.org"}
        links = house.api.request("GET", "/", headers=headers)[1]["versions"][0]["links"]
        assert links[0]["href"].startswith("https://lb.example.org/")
    finally:
        house.down()


REFUSED = {
    "broker": (
        {"transport": "rabbit://u:secret@127.0.0.1:1/"},
        r"\[DEFAULT\] transport_url: rabbit://…@127\.0\.0\.1:1/: ",
    ),
    "postgresql": (
        {"more": "[database]\nconnection = postgresql://u:secret@127.0.0.1:1/x\n"},
        r"\[database\] connection: postgresql\S*://u:\*\*\*@127\.0\.0\.1:1/x: ",
    ),
    "mariadb": (
        {"more": "[database]\nobserved_connection = mysql://u:secret@127.0.0.1:1/x\n"},
        r"\[database\] observed_connection: mysql\S*://u:\*\*\*@127\.0\.0\.1:1/x: ",
    ),
    "file": ({"more": "[database]\nconnection = sqlite:////nowhere/at/all.db\n"}, r"sqlite:////nowhere/at/all\.db: "),
    "address": ({"api": "bind_host = 203.0.113.9"}, r"port \d+ of 203\.0\.113\.9 cannot be had: "),
    "keystone": (NEEDING["auth_strategy = keystone"][0], "[Kk]eystone"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_trying_tells_is_refused_in_one_line_and_nothing_is_made(folder: Path, name: str) -> None:
    chosen, words = REFUSED[name]
    house = house_in(folder, **chosen)
    said = up(house, sys.executable)
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert re.match(f"hydria: .*{words}.*; remedy: .+", line), line
    assert "secret" not in line
    assert not client.until(lambda: bool(house.deployment.supervision.running()), 0.1)
