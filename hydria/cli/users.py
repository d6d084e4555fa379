"""`hydria user`: the users of this deployment's own file, where no Keystone knows them. What is changed takes effect at once."""

import argparse
import re
import secrets
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from hydria.cli import folder
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble
from hydria.kit.secret import Secret

WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
LEAST = 8
"""Characters of a password that is given."""
OPENRC = """export OS_AUTH_URL={url}/identity/v3 OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne
export OS_USERNAME={user} OS_PASSWORD={password} OS_PROJECT_NAME={project}
export OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default
unset OS_CLOUD
"""
Edit = Callable[[Any], Any]


def declare(commands: Any) -> None:
    """Add `user` to the commands."""
    user = commands.add_parser("user", help="users of this deployment: list, add, password, remove")
    verbs = user.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="show them")
    adding = verbs.add_parser("add", help="add one; prints what a shell needs to be that user, with a new password")
    adding.add_argument("--project", help="project, made if it is new (default: the user's name)")
    adding.add_argument("--role", action="append", help="may be given again (default: member and reader)")
    changing = verbs.add_parser("password", help="give one a new password; tokens of the old one end")
    removing = verbs.add_parser("remove", help="remove one; what the project has stays")
    for verb in (adding, changing, removing):
        verb.add_argument("name", metavar="NAME")
    for verb in (adding, changing):
        verb.add_argument("--stdin", action="store_true", help="read the password from standard input, do not make one")


def run(arguments: argparse.Namespace, deployment: Deployment, console: Console) -> int:
    """Do it; 0. Raises Trouble."""
    if not deployment.settings.is_self_contained():
        strategy = deployment.settings.option("api_settings", "auth_strategy")
        remedy = "openstack user create; openstack role add" if strategy == "keystone" else "set it to local"
        raise Trouble(f"there are no users of ours: [api_settings] auth_strategy = {strategy}", remedy)
    file = deployment.settings.state / "users.json"
    with folder.told(deployment.settings.state):
        folder.refuse_lost_users(deployment.settings, deployment.parts)
        if arguments.verb == "list":
            return _list(deployment.parts.users().read(file).users, console)
        if arguments.verb == "remove":
            return _remove(arguments.name, deployment, file)
        return _give(arguments, deployment, file)


def _list(users: list[Any], console: Console) -> int:
    table = Table("user", "id", "project", "project id", "roles")
    for one in users:
        table.add_row(one.name, one.id, one.project_name, one.project_id, ", ".join(one.roles))
    console.print(table)
    return 0


def _remove(name: str, deployment: Deployment, file: Path) -> int:
    if name in {user for _, user, _, _ in folder.USERS}:
        raise Trouble(f"{name} is who hydria itself logs in as", f"hydria user password {name} locks others out")

    def edit(all_: Any) -> Any:
        _known(all_, name)
        return all_.replaced([u for u in all_.users if u.name != name])

    deployment.parts.users().change(file, edit)
    print(f"removed {name}", file=sys.stderr)
    return 0


def _give(arguments: argparse.Namespace, deployment: Deployment, file: Path) -> int:
    """Add a user or change a password, and print how to be that user."""
    password = _password(given=arguments.stdin)
    _checked(arguments.name, "user")
    edit = _changing if arguments.verb == "password" else _adding
    deployment.parts.users().change(file, edit(arguments, password, deployment.parts.users()))
    user = _known(deployment.parts.users().read(file), arguments.name)
    if user.name in {known for _, known, _, _ in folder.USERS}:
        folder.remember(deployment.settings, user.name, password)
    words = {"user": user.name, "project": user.project_name, "password": password, "url": deployment.url}
    print(OPENRC.format(**{name: shlex.quote(word) for name, word in words.items()}), end="")
    said = "is in" if arguments.verb == "add" else "has a new password; project"
    print(f"{user.name} {said} {user.project_name}, with the roles {', '.join(user.roles)}", file=sys.stderr)
    return 0


def _adding(arguments: argparse.Namespace, password: str, users: Any) -> Edit:
    project = _checked(arguments.project or arguments.name, "project")
    roles = tuple(_checked(role, "role") for role in arguments.role or ("member", "reader"))
    new = users.NewUser(name=arguments.name, password=Secret(password.encode()), project=project, roles=roles)

    def edit(all_: Any) -> Any:
        if any(u.name == new.name for u in all_.users):
            raise Trouble(f"there is a user {new.name}", f"hydria user password {new.name}, or take another name")
        return all_.with_user(new)

    return edit


def _changing(arguments: argparse.Namespace, password: str, users: Any) -> Edit:
    fresh = {"password": users.hashed(password.encode()), "since": int(time.time()) + 1}

    def edit(all_: Any) -> Any:
        old = _known(all_, arguments.name)
        new = msgspec.structs.replace(old, **fresh)
        return all_.replaced([new if u is old else u for u in all_.users])

    return edit


def _known(users: Any, name: str) -> Any:
    found = next((u for u in users.users if u.name == name), None)
    if found is None:
        raise Trouble(f"there is no user {name}", "hydria user list shows who there is")
    return found


def _checked(word: str, what: str) -> str:
    if not WORD.fullmatch(word):
        raise Trouble(f"{word!r} is no name of a {what}", "use 1 to 64 of A-Z a-z 0-9 _ . @ -, no sign in front")
    return word


def _password(*, given: bool) -> str:
    """The password on standard input, or a new one."""
    if not given:
        return secrets.token_urlsafe(12)
    password = sys.stdin.readline().rstrip("\n")
    if len(password) < LEAST:
        raise Trouble(f"the password has fewer than {LEAST} characters", "give a longer one, or leave --stdin out")
    return password
