"""`hydria user`: who is added, changed and removed, and what is refused."""

import argparse
import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from hydria import configuration, main
from hydria.cli import folder, users
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble
from hydria.drivers.identity.local import LocalIdentity, User
from hydria.kit.clock import SystemClock


class Desk:
    """A deployment that was brought up once, and the command."""

    def __init__(self, where: Path, more: str = "") -> None:
        file = where / "hydria.conf"
        file.write_text(f"[DEFAULT]\nstate_path = {where}/state\n{more}")
        settings = configuration.read(file)
        self.state = settings.state
        self.deployment = Deployment(settings, main._parts(settings))
        folder.prepare(settings, self.deployment.parts)
        self.said = io.StringIO()

    def user(self, *words: str) -> int:
        parser = argparse.ArgumentParser()
        users.declare(parser.add_subparsers())
        arguments = parser.parse_args(["user", *words])
        return users.run(arguments, self.deployment, Console(file=self.said, width=300))

    def log_in(self, name: str, password: str) -> User | None:
        return LocalIdentity(self.state / "users.json", SystemClock()).log_in(name, password)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def exported(text: str) -> dict[str, str]:
    """The variables that a shell which reads this has."""
    return dict(word.split("=", 1) for word in shlex.split(text) if "=" in word)


def test_who_is_added_can_log_in_with_what_is_printed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.user("add", "mary", "--project", "web", "--role", "reader", "--role", "member") == 0
    said = exported(capsys.readouterr().out)
    user = desk.log_in(said["OS_USERNAME"], said["OS_PASSWORD"])
    assert user
    assert (user.name, user.project_name, user.roles) == ("mary", "web", ["member", "reader"])
    assert (said["OS_PROJECT_NAME"], said["OS_AUTH_URL"]) == ("web", "http://127.0.0.1:9876/identity/v3")


def test_users_are_listed_without_passwords(desk: Desk) -> None:
    assert desk.user("list") == 0
    assert re.search(r"demo .* demo .* member, reader", desk.said.getvalue())
    assert (desk.state / "passwords/demo").read_text().strip() not in desk.said.getvalue()


def test_who_is_removed_cannot_log_in(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.user("add", "mary")
    password = exported(capsys.readouterr().out)["OS_PASSWORD"]
    assert desk.user("remove", "mary") == 0
    assert desk.log_in("mary", password) is None


def test_a_new_password_may_come_on_standard_input(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.user("add", "mary")
    monkeypatch.setattr("sys.stdin", io.StringIO("it's a secret\n"))
    assert desk.user("password", "mary", "--stdin") == 0
    assert desk.log_in("mary", "it's a secret")


@pytest.mark.parametrize("name", ["admin", "demo"])
def test_a_new_password_of_our_own_users_reaches_commands_and_clients(desk: Desk, name: str) -> None:
    before = (desk.state / "passwords" / name).read_text().strip()
    assert desk.user("password", name) == 0
    now = (desk.state / "passwords" / name).read_text().strip()
    assert (desk.log_in(name, before), bool(desk.log_in(name, now))) == (None, True)
    assert f'password: "{now}"\n' in (desk.state / "clouds.yaml").read_text()


@pytest.mark.parametrize(
    "words,reason",
    [
        (("remove", "admin"), "admin is who hydria itself logs in as"),
        (("remove", "nobody"), "there is no user nobody"),
        (("password", "nobody"), "there is no user nobody"),
        (("add", "demo"), "there is a user demo"),
        (("add", "a b"), "'a b' is no name of a user"),
        (("add", "a", "--project", "x/y"), "'x/y' is no name of a project"),
        (("add", "a", "--role", "a,b"), "'a,b' is no name of a role"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(desk: Desk, words: tuple[str, ...], reason: str) -> None:
    before = (desk.state / "users.json").read_bytes()
    with pytest.raises(Trouble, match=re.escape(reason)) as refused:
        desk.user(*words)
    assert refused.value.remedy
    assert (desk.state / "users.json").read_bytes() == before


def test_a_short_password_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(Trouble, match="fewer than 8 characters"):
        desk.user("add", "mary", "--stdin")


def test_where_users_are_not_ours_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="auth_strategy = noauth"):
        Desk(tmp_path, "[api_settings]\nauth_strategy = noauth\n").user("list")


def test_a_deployment_that_was_never_up_has_no_users(tmp_path: Path) -> None:
    file = tmp_path / "hydria.conf"
    file.write_text(f"[DEFAULT]\nstate_path = {tmp_path}/state\n")
    settings = configuration.read(file)
    deployment = Deployment(settings, main._parts(settings))
    with pytest.raises(Trouble, match=r"users\.json is not there"):
        users.run(argparse.Namespace(verb="list"), deployment, Console())
