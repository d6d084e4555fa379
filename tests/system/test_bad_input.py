"""What is wrong with a machine, a setting or a request is told in one line, and nothing half done is left."""

import contextlib
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hydria.cli import client, demo
from hydria.cli.trouble import Trouble
from tests.system.house import LB, ROOT, House, traces, wait_for

PORT, BLOCK = 19986, "10.64"
AS_NOBODY = """import os, sys
from hydria import main
from hydria.cli import desk
os.setgid(65534)
os.setuid(65534)
sys.argv = ["hydria", "--config", {file!r}, {command!r}]
main.cli()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="hydria-bad-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def house_in(folder: Path, more: str = "") -> House:
    return House(folder, port=PORT, block=BLOCK, more=more)


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def line(said: "subprocess.CompletedProcess[str]") -> str:
    """The one line of a refusal."""
    assert said.returncode == 1, said
    assert said.stdout == ""
    assert re.fullmatch(r"hydria: [^\n]+; remedy: [^\n]+\n", said.stderr), said.stderr
    return said.stderr


def refused(house: House, command: str = "up") -> str:
    """What a refused command says; nothing is different afterwards."""
    folder = house.file.parent
    before = traces(folder), sorted(folder.rglob("*"))
    said = line(house.command(command))
    assert (traces(folder), sorted(folder.rglob("*"))) == before
    return said


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_who_is_not_root_is_told_so(folder: Path, command: str) -> None:
    house = house_in(folder)
    program = AS_NOBODY.format(file=str(house.file), command=command)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    if command == "status":
        assert (said.returncode, said.stdout) == (1, "nothing runs; start with `hydria up`\n")
    else:
        assert "must be run as root" in line(said)
    assert sorted(p.name for p in folder.iterdir()) == ["hydria.conf"]


def test_a_port_in_use_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", PORT)):
        assert f"port {PORT} of 127.0.0.1 is in use" in refused(house_in(folder))


@pytest.mark.parametrize("address", ["0.0.0.0", f"{BLOCK}.0.2"])
def test_a_port_for_datagrams_in_use_is_named(folder: Path, address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.IPPROTO_IP, 15, 1)  # the address comes with the networks
        other.bind((address, 5555))
        said = refused(house_in(folder))
    assert f"UDP port 5555 of {BLOCK}.0.2 is in use" in said
    assert "[health_manager] bind_port" in said


@pytest.mark.parametrize(
    "text,parts",
    [
        ("[api]\n", ["[api]", "no such group", "api_settings"]),
        ("[api_settings]\nbind_prot = 1\n", ["[api_settings] bind_prot", "no such option", "bind_port"]),
        ("[api_settings]\nbind_port = many\n", ["[api_settings] bind_port", "many", "expected a whole number"]),
        ("[api_settings]\nbind_port = 70000\n", ["[api_settings] bind_port", "at most 65535"]),
        ("[api_settings]\nbind_host = here\n", ["bind_host", "'here'", "expected an IP address"]),
        ("[api_settings]\nauth_strategy = none\n", ["auth_strategy", "none", "one of local, keystone, noauth"]),
        ("[api_settings]\nstrict_immutable = maybe\n", ["strict_immutable", "maybe", "true or false"]),
        ("[local_network]\nvip_cidr = 10.1.2.3/24\n", ["vip_cidr", "10.1.2.3/24", "expected a range"]),
        ("[local_network]\nvip_cidr = 10.1.2.0/30\n", ["vip_cidr", "only 4 addresses", "room for at least 8"]),
        ("[health_manager]\nheartbeat_timeout = 0.1\n", ["heartbeat_timeout", "at least 2.0"]),
        ("[DEFAULT]\nstate_path =\n", ["[DEFAULT] state_path", "is empty", "/var/lib/hydria"]),
        ("[DEFAULT]\nlog_level = $secret\n", ["[DEFAULT] log_level", "expected $$ for a $"]),
        ("state_path: /x\n", ["no section headers", "expected [group]"]),
        ("[DEFAULT]\nnothing\n", ["parsing errors", "expected [group]"]),
        ("[DEFAULT]\nlog_level=info\nlog_level=info\n", ["log_level", "already exists"]),
        ("\x00\xff", ["no section headers"]),
    ],
)
def test_broken_settings_are_told_with_file_key_and_what_was_expected(
    folder: Path, text: str, parts: list[str]
) -> None:
    house = house_in(folder)
    house.file.write_text(text)
    said = refused(house)
    assert [part for part in (str(house.file), *parts) if part not in said] == []


def test_a_settings_file_that_cannot_be_read_is_named(folder: Path) -> None:
    house = house_in(folder)
    house.file.write_bytes(b"[DEFAULT]\nstate_path = \xff\n")
    assert "cannot be read" in refused(house)
    house.file.unlink()
    assert "there is no such file" in refused(house)
    house.file.mkdir()
    assert "Is a directory" in refused(house)


def test_the_door_is_never_open_to_others(folder: Path) -> None:
    house = house_in(folder)
    house.file.write_text("[api_settings]\nauth_strategy = noauth\nbind_host = 0.0.0.0\n")
    said = refused(house)
    assert "0.0.0.0 is open to others while auth_strategy = noauth" in said


def test_a_database_that_cannot_be_opened_is_named(folder: Path) -> None:
    said = refused(house_in(folder, "[database]\nconnection = sqlite:////nowhere/at/all.db\n"))
    assert "/nowhere/at/all.db" in said
    assert "unable to open database file" in said


@pytest.mark.parametrize(
    "program,words",
    [
        (None, "haproxy is missing"),
        ("#!/bin/sh\necho 'HAProxy version 2.4.22-0+deb11u1 2023'\n", "is version 2.4.22, and at least version 2.6"),
        ("#!/bin/sh\necho 'something else'\n", "is not haproxy"),
        ("not a program", "cannot be run"),
    ],
)
def test_haproxy_missing_or_older_is_told(folder: Path, program: str | None, words: str) -> None:
    path = folder / "haproxy"
    if program is not None:
        path.write_text(program)
        path.chmod(0o755)
    said = refused(house_in(folder, f"[haproxy_amphora]\nhaproxy_cmd = {path}\n"))
    assert str(path) in said
    assert words in said
    assert "haproxy_cmd" in said


@pytest.mark.parametrize("options,words", [("size=4m", "the disk is full"), ("size=400m,ro", "is read-only")])
def test_a_disk_that_is_full_or_read_only_is_told(folder: Path, options: str, words: str) -> None:
    house = house_in(folder)
    with disk(folder / "state", options):
        said = refused(house)
    assert f"{folder}/state: {words}" in said


def test_a_network_of_somebody_else_is_not_taken(folder: Path) -> None:
    subprocess.run(["ip", "link", "add", "hybad0", "type", "veth", "peer", "name", "hybad1"], check=True)
    try:
        subprocess.run(["ip", "address", "add", f"{BLOCK}.8.77/24", "dev", "hybad0"], check=True)
        subprocess.run(["ip", "link", "set", "hybad0", "up"], check=True)
        said = refused(house_in(folder))
    finally:
        subprocess.run(["ip", "link", "delete", "hybad0"], check=True)
    assert "network demo" in said
    assert "hybad0" in said


def test_a_process_that_does_not_come_up_takes_everything_down_again(folder: Path) -> None:
    house = house_in(folder, "[health_manager]\nbind_ip = 203.0.113.9\n")
    before = traces(folder)
    said = house.command("up")
    assert said.returncode == 1
    assert "health did not come up" in said.stderr.splitlines()[-1]
    assert "Cannot assign requested address" in said.stderr
    assert traces(folder) == before
    assert sorted(p.name for p in folder.iterdir()) == ["hydria.conf"]


# --- while it runs


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("small")
    with disk(folder / "state", "size=256m"):
        house = house_in(folder)
        house.up()
        try:
            yield house
        finally:
            demo.down(house.deployment)
            house.deployment.down(everything=True)


@pytest.fixture
def empty(house: House) -> Iterator[House]:
    yield house
    assert house.empty()


def stored(house: House) -> tuple[object, ...]:
    """What the deployment holds of load balancers: as listed, as counted, and ports in its ledger."""
    usage = house.api.call("GET", "/v2/lbaas/quotas/defaults")
    intent = house.deployment.parts.databases()[0]
    tables = ("load_balancer", "progress", "external", "local_port")
    rows = intent.read(lambda c: [c.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar() for t in tables])
    used = intent.read(lambda c: [tuple(r) for r in c.exec_driver_sql("SELECT * FROM quota").all()])
    intent.close()
    return usage, rows, used


def denied(house: House, **values: object) -> str:
    """The words of a creation's refusal, after which nothing is stored."""
    before = stored(house)
    with pytest.raises(Trouble) as trouble:
        house.api.call("POST", LB, {"loadbalancer": values})
    assert stored(house) == before
    assert len(trouble.value.reason.splitlines()) == 1
    return trouble.value.reason


def test_a_vip_address_that_is_taken_is_refused_by_whom(empty: House) -> None:
    first = empty.create("first")
    assert empty.settled(first["id"])
    where = {"vip_subnet_id": empty.subnets["demo"], "vip_address": first["vip_address"]}
    said = denied(empty, **where)
    assert "409" in said
    assert f"{first['vip_address']} is taken by port {first['vip_port_id']}" in said
    assert "taken by the gateway" in denied(empty, **{**where, "vip_address": f"{BLOCK}.8.1"})


@pytest.mark.parametrize("field", ["vip_subnet_id", "vip_network_id", "vip_port_id"])
def test_an_unknown_place_is_refused_by_name(house: House, field: str) -> None:
    nowhere = "11111111-2222-4333-8444-555555555555"
    said = denied(house, **{field: nowhere})
    assert "400" in said
    assert field in said
    assert nowhere in said


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


def until_refused(write: Callable[[], object], times: int = 500) -> str:
    """What is said when there is no more room."""
    for _ in range(times):
        try:
            write()
        except Trouble as trouble:
            return trouble.reason
    return ""


def test_a_disk_that_fills_up_refuses_writes_and_harms_nothing_else(empty: House) -> None:
    lb, pool = empty.serving(empty.backends()[:2])
    pids = {n: empty.pid(n) for n in ("api", "worker", "health", "housekeeping")}
    ballast = empty.deployment.settings.state / "ballast"
    body = {"loadbalancer": {"description": "d" * 200}}
    fill(ballast)
    said = until_refused(lambda: empty.api.call("PUT", f"{LB}/{lb['id']}", body))
    assert "503: database or disk is full. Nothing was changed; try again in a moment." in said
    # Lines that nobody can store any more must not stop who writes them: a pipe holds 64 KiB.
    answers = {until_refused(lambda: member(empty, pool["id"]), 1) for _ in range(400)}
    assert [a for a in answers if "database or disk is full" not in a] == []
    assert client.ask(lb["vip_address"])
    assert len(empty.all()) == 1
    assert members(empty, pool["id"]) == 2
    ballast.unlink()
    wait_for(1)
    member(empty, pool["id"])
    assert empty.settled(lb["id"])
    assert members(empty, pool["id"]) == 3
    assert {n: empty.pid(n) for n in pids} == pids


def member(house: House, pool: str) -> object:
    return house.member(pool, f"{BLOCK}.12.77", 9)


def members(house: House, pool: str) -> int:
    return len(house.api.call("GET", f"/v2/lbaas/pools/{pool}/members")["members"])


def test_what_was_accepted_on_a_full_disk_is_made_when_there_is_room_again(empty: House) -> None:
    ballast = empty.deployment.settings.state / "ballast"
    before = len(empty.all())
    fill(ballast)
    said = until_refused(lambda: empty.create("x" * 200), 200)
    made = empty.all()
    ballast.unlink()
    assert "503: database or disk is full" in said
    assert client.until(lambda: {empty.status(lb["id"]) for lb in made} <= {"ACTIVE"}, 20)
    assert len(empty.all()) == len(made) >= before
