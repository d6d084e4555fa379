"""The account of this service at a real Keystone: what `up` refuses, what the commands see with it, what they say without it."""

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench.deployment import NOOP
from hydria import configuration, main
from hydria.cli import client, ground
from hydria.cli import keystone as takes
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble
from hydria.drivers.certificates import signing
from tests.cloud.conftest import CLIENT, Service, serving
from tests.servers import process
from tests.servers.keystone import PASSWORD, Keystone
from tests.system.house import House

Told = tuple[str, str]


def settings(tmp_path: Path, group: str, more: str = "") -> Any:
    file = tmp_path / "hydria.conf"
    file.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\n[api_settings]\nauth_strategy = keystone\n{group}\n{more}")
    return configuration.read(file)


def refused(tmp_path: Path, group: str, more: str = "") -> Told:
    began = time.monotonic()
    with pytest.raises(Trouble) as told:
        takes.keystone_takes_us(settings(tmp_path, group, more))
    assert time.monotonic() - began < takes.LIMIT_S + 1
    assert PASSWORD not in told.value.reason + told.value.remedy
    return told.value.reason, told.value.remedy


# --- what Keystone says of an account


def test_an_account_that_may_ask_about_tokens_is_taken(identity: Keystone, tmp_path: Path) -> None:
    said = takes.keystone_takes_us(settings(tmp_path, identity.settings()))
    assert said.startswith(f"{identity.url} takes hydria of project service (")
    assert {"admin", "service"} <= set(re.findall(r"\w+", said.partition("(")[2]))


def test_an_address_without_a_version_is_taken_too(identity: Keystone, tmp_path: Path) -> None:
    bare = identity.settings(auth_url=identity.url.removesuffix("/v3"))
    assert "takes hydria" in takes.keystone_takes_us(settings(tmp_path, bare))


def test_an_account_in_a_section_of_its_own_is_taken(identity: Keystone, tmp_path: Path) -> None:
    own = identity.settings().replace("[keystone_authtoken]", "[service_account]")
    group = f"[keystone_authtoken]\nauth_section = service_account\n{own}"
    assert "takes hydria" in takes.keystone_takes_us(settings(tmp_path, group))


def test_an_application_credential_is_taken(identity: Keystone, tmp_path: Path) -> None:
    assert "takes hydria" in takes.keystone_takes_us(settings(tmp_path, credential(identity)))
    reason, _ = refused(tmp_path, credential(identity).replace("a secret of the tests", "another"))
    assert "refuses the account of [keystone_authtoken]" in reason


def credential(identity: Keystone) -> str:
    token = identity.token("hydria", "service")
    user = identity.ask("GET", "/auth/tokens", None, {"X-Auth-Token": token, "X-Subject-Token": token})[1]
    path = f"/users/{user['token']['user']['id']}/application_credentials"
    body = {"application_credential": {"name": f"tests {time.monotonic()}", "secret": "a secret of the tests"}}
    made = identity.ask("POST", path, body, {"X-Auth-Token": token})[1]["application_credential"]
    lines = ("[keystone_authtoken]", "auth_type = v3applicationcredential", f"auth_url = {identity.url}")
    own = (f"application_credential_id = {made['id']}", "application_credential_secret = a secret of the tests")
    return "\n".join((*lines, *own, ""))


def test_a_wrong_password_is_told(identity: Keystone, tmp_path: Path) -> None:
    reason, remedy = refused(tmp_path, identity.settings(password="wrong"))
    assert f"Keystone at {identity.url} refuses the account of [keystone_authtoken]" in reason
    assert "correct its user, password" in remedy


def test_a_role_that_is_missing_is_told_with_the_command_that_gives_it(identity: Keystone, tmp_path: Path) -> None:
    identity.person("plain", "service", "member")
    reason, remedy = refused(tmp_path, identity.settings("plain"))
    assert "the account plain may not ask Keystone whose a token is; its roles in service: " in reason
    assert remedy == "openstack role add --user plain --project service service"


def test_a_keystone_that_is_away_is_told(identity: Keystone, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{process.free_port()}/v3"
    reason, remedy = refused(tmp_path, identity.settings(auth_url=url))
    assert (reason, "auth_url in [keystone_authtoken]" in remedy) == (f"Keystone does not answer at {url}", True)


def test_a_keystone_that_hangs_is_told_in_time(identity: Keystone, tmp_path: Path) -> None:
    with held(identity):
        assert "Keystone does not answer" in refused(tmp_path, identity.settings())[0]


@contextlib.contextmanager
def held(identity: Keystone) -> Iterator[None]:
    """Keystone's processes stand still."""
    first = identity.process.pid
    pids = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        while not _lets_in(identity):  # its own database is busy with what waited meanwhile
            time.sleep(0.1)


def _lets_in(identity: Keystone) -> bool:
    try:
        return bool(identity.token("hydria", "service"))
    except (AssertionError, OSError):
        return False


class Other(BaseHTTPRequestHandler):
    """A server that is no Keystone."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def other(folder: Path, *, tls: bool, kind: type[Other] = Other) -> Iterator[str]:
    """A server of another kind; with TLS, of an authority that nobody knows."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    if tls:
        root = signing.new_root("nobody", time.time(), 3600)
        file = folder / "server.pem"
        file.write_bytes(signing.dump([root]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/v3"
    server.shutdown()
    thread.join()
    server.server_close()


class Fast(Other):
    """A Keystone whose clock is an hour ahead of ours, as far as it speaks of versions."""

    def do_GET(self) -> None:
        self.send_response(300)
        self.end_headers()
        self.wfile.write(b'{"versions": {"values": []}}')

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + 3600)


def test_a_clock_that_differs_from_keystone_s_is_told(tmp_path: Path) -> None:
    with other(tmp_path, tls=False, kind=Fast) as url:
        group = f"[keystone_authtoken]\nauth_type = v3password\nauth_url = {url}\nuser_id = u\npassword = p\n"
        read = settings(tmp_path, group)
        with pytest.raises(Trouble, match=r"it is 3600 s behind Keystone's|it is 3599 s behind Keystone's"):
            ground.clock(Deployment(read, main._parts(read)))


def test_an_address_where_something_else_answers_is_told(identity: Keystone, tmp_path: Path) -> None:
    with other(tmp_path, tls=False) as url:
        reason, remedy = refused(tmp_path, identity.settings(auth_url=url))
    assert (f"there is no Keystone at {url}" in reason, "correct auth_url" in remedy) == (True, True)


def test_a_certificate_that_nobody_vouches_for_is_told(identity: Keystone, tmp_path: Path) -> None:
    with other(tmp_path, tls=True) as url:
        reason, remedy = refused(tmp_path, identity.settings(auth_url=url))
    assert f"the certificate of Keystone at {url} is not trusted" in reason
    assert "cafile in [keystone_authtoken]" in remedy


@pytest.mark.parametrize("kind, why", [("nonsense", "nonsense"), ("v3token", "token")])
def test_an_account_of_a_kind_that_is_not_known_or_not_complete_is_told(
    identity: Keystone, tmp_path: Path, kind: str, why: str
) -> None:
    reason, _ = refused(tmp_path, identity.settings(auth_type=kind))
    assert why in reason


# --- the commands behind Keystone


def done(house: House, *words: str) -> Any:
    said = house.command(*words)
    return said.returncode, said.stdout + said.stderr


def checked(house: House) -> dict[str, dict[str, Any]]:
    """The findings of the doctor by name."""
    told = json.loads(house.command("doctor", "--json").stdout)
    assert told["ok"] is all(check["state"] != "wrong" for check in told["checks"])
    return {check["name"]: check for check in told["checks"]}


def test_the_commands_use_the_account_of_the_service(service: Service) -> None:
    code, made = service.load_balancer("mary", name="hers")
    assert code == 201
    try:
        code, said = done(service.house, "status")
        assert (code, "hers" in said, service.project("mary") in said) == (0, True, False), said
        found = checked(service.house)
        assert found["Keystone"]["found"].startswith(f"{service.keystone.url} takes hydria")
        assert (found["load balancers"]["state"], found["clock"]["found"]) == ("ok", "like Keystone's")
    finally:
        service.ask("mary", "DELETE", f"/v2/lbaas/loadbalancers/{made['loadbalancer']['id']}")


def test_the_clouds_file_works_as_it_is_written(service: Service) -> None:
    file = service.house.deployment.clouds
    assert file.stat().st_mode & 0o777 == 0o600
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "OS_CLOUD": "hydria-service"}
    environment["OS_CLIENT_CONFIG_FILE"] = str(file)
    line = [str(CLIENT), "loadbalancer", "list", "-f", "json"]
    said = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (said.returncode, said.stdout.strip()) == (0, "[]"), said.stderr


def test_an_open_door_has_a_clouds_file_that_works_too(tmp_path: Path) -> None:
    house = House(tmp_path, port=process.free_port(), block="10.58", more=NOOP, api="auth_strategy = noauth")
    try:
        house.up()
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "OS_CLOUD": "hydria"}
        environment["OS_CLIENT_CONFIG_FILE"] = str(house.deployment.clouds)
        line = [str(CLIENT), "loadbalancer", "list", "-f", "json"]
        said = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert (said.returncode, said.stdout.strip()) == (0, "[]"), said.stderr
    finally:
        house.down()


def test_up_says_how_clients_come_and_names_nothing_that_is_not_served(service: Service) -> None:
    code, said = done(service.house, "up")
    openrc = service.house.deployment.settings.state / "openrc"
    assert (code, "clients: by Keystone" in said, f"own account: . {openrc}" in said) == (0, True, True), said
    assert "OS_CLOUD=hydria-service" in openrc.read_text()
    assert "/identity/v3" not in service.house.deployment.clouds.read_text()
    assert not (service.house.deployment.settings.state / "users.json").exists()


def test_up_refuses_in_one_line_where_keystone_does_not_take_us(identity: Keystone, tmp_path: Path) -> None:
    more = f"{NOOP}{identity.settings(password='wrong')}"
    house = House(tmp_path, port=process.free_port(), block="10.60", more=more, api="auth_strategy = keystone")
    code, said = done(house, "up")
    assert (code, said.count("\n"), "refuses the account of [keystone_authtoken]" in said) == (1, 1, True), said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["hydria.conf"]


def test_an_account_that_may_not_list_all_says_what_it_cannot_see(identity: Keystone, tmp_path: Path) -> None:
    identity.person("narrow", "service", "service")
    with serving(identity, tmp_path, "10.59", user="narrow") as service:
        assert service.load_balancer("mary")[0] == 201
        code, said = done(service.house, "status")
        assert (code, "it lacks the role admin" in said) == (0, True), said
        found = checked(service.house)["load balancers"]
        assert (found["state"], "it lacks the role admin" in found["reason"]) == ("warning", True), found
        assert found["remedy"] == "openstack role add --user narrow --project service admin"


def test_the_doctor_names_a_keystone_that_went_away_and_what_that_explains(service: Service) -> None:
    with held(service.keystone):
        began = time.monotonic()
        found = checked(service.house)
        assert time.monotonic() - began < 11
    assert (found["Keystone"]["state"], "does not answer" in found["Keystone"]["reason"]) == ("wrong", True)
    assert found["load balancers"]["reason"] == "explained by what is wrong with: Keystone"
    assert {found[n]["state"] for n in ("database", "processes", "API")} == {"ok"}


def test_a_password_that_was_changed_at_keystone_is_told(service: Service) -> None:
    file = service.house.file
    text = file.read_text()
    found: dict[str, Any] = {}

    def is_refused() -> bool:
        found.update(checked(service.house))
        return "refuses the account" in found["Keystone"]["reason"]

    file.write_text(text.replace(PASSWORD, "an older one"))
    try:
        assert client.until(is_refused, 30, 0.5), found["Keystone"]  # it answers 500 while its own SQLite is locked
    finally:
        file.write_text(text)
    assert found["load balancers"]["reason"] == "explained by what is wrong with: Keystone"


def test_log_lines_of_writes_name_the_people_of_keystone(service: Service) -> None:
    code, made = service.load_balancer("mary")
    assert code == 201
    service.ask("mary", "DELETE", f"/v2/lbaas/loadbalancers/{made['loadbalancer']['id']}")
    log = service.house.deployment.settings.state / "log/api/current"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    writes = [x for x in lines if x["event"] == "api.write" and x["path"].endswith(made["loadbalancer"]["id"])]
    assert [(x["project"], x["address"], len(x["user"])) for x in writes] == [
        (service.project("mary"), "127.0.0.1", 32)
    ]
