"""Users of one machine: passwords, tokens, and what makes a token worthless."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hydria.drivers.identity import local
from hydria.drivers.identity.local import LocalIdentity, NewUser
from hydria.kit.clock import HandClock
from hydria.kit.secret import Secret


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "users.json"
    admin = NewUser(name="admin", password=Secret(b"secret"), project="demo", roles=("admin", "member"))
    local.create_file(path, [admin, NewUser(name="mary", password=Secret(b"other"), project="demo")])
    return path


@pytest.fixture
def identity(path: Path, clock: HandClock) -> LocalIdentity:
    return LocalIdentity(path, clock)


def token(identity: LocalIdentity, name: str = "mary", password: str = "other") -> str:
    user = identity.log_in(name, password)
    assert user
    return identity.issue(user)[0]


def test_the_file_is_its_owners_alone_and_holds_no_password(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"secret" not in path.read_bytes()


def test_a_file_is_never_written_over(path: Path) -> None:
    with pytest.raises(FileExistsError):
        local.create_file(path, [])


def test_a_wrong_password_and_an_unknown_name_are_nobody(identity: LocalIdentity) -> None:
    assert identity.log_in("mary", "secret") is None
    assert identity.log_in("nobody", "") is None


def test_a_token_says_who_its_owner_is(identity: LocalIdentity) -> None:
    mary, admin = identity.caller(token(identity)), identity.caller(token(identity, "admin", "secret"))
    assert mary
    assert admin
    assert "admin" in admin.roles
    assert (mary.roles, mary.project_id) == (frozenset({"member", "reader"}), admin.project_id)


def test_every_process_knows_the_token(identity: LocalIdentity, path: Path, clock: HandClock) -> None:
    assert LocalIdentity(path, clock).caller(token(identity)) == identity.caller(token(identity))


@pytest.mark.parametrize("forged", ["", ".", "x", "x.y", "é.é", "x." + "0" * 64])
def test_a_forged_token_is_nobodys(identity: LocalIdentity, forged: str) -> None:
    assert identity.caller(forged) is None


def test_a_changed_token_is_nobodys(identity: LocalIdentity) -> None:
    good = token(identity)
    body, _, signature = good.partition(".")
    assert identity.caller(f"{body[:-4]}AAAA.{signature}") is None
    assert identity.caller(good[:-1]) is None


def test_a_token_ends(identity: LocalIdentity, clock: HandClock) -> None:
    good = token(identity)
    clock.turn(local.LIFE_S + 1)
    assert identity.caller(good) is None


def test_a_revoked_token_is_worthless_in_every_process(identity: LocalIdentity, path: Path, clock: HandClock) -> None:
    other, good, kept = LocalIdentity(path, clock), token(identity), token(identity)
    opened = identity.opened(good)
    assert opened
    other.revoke(opened[1])
    assert (identity.caller(good), other.caller(good)) == (None, None)
    assert identity.caller(kept)


def test_a_user_who_is_gone_has_no_token(identity: LocalIdentity, path: Path) -> None:
    good = token(identity)
    path.unlink()
    local.create_file(path, [])
    assert identity.caller(good) is None


def test_a_user_who_is_added_or_gone_is_known_at_once(identity: LocalIdentity, path: Path) -> None:
    new = NewUser(name="rose", password=Secret(b"a rose is"), project="web")
    local.change(path, lambda users: users.with_user(new))
    assert identity.caller(token(identity, "rose", "a rose is"))
    good = token(identity)
    local.change(path, lambda users: users.replaced([u for u in users.users if u.name != "mary"]))
    assert (identity.log_in("mary", "other"), identity.caller(good)) == (None, None)


def test_a_project_keeps_its_id_when_its_last_user_goes(identity: LocalIdentity, path: Path) -> None:
    (before,) = {u.project_id for u in identity.users()}
    local.change(path, lambda users: users.replaced([]))
    local.change(path, lambda users: users.with_user(NewUser(name="new", password=Secret(b"x"), project="demo")))
    assert {u.project_id for u in identity.users()} == {before}


def test_tokens_from_before_a_new_password_end_and_those_after_count(
    identity: LocalIdentity, path: Path, clock: HandClock
) -> None:
    old, admins = token(identity), token(identity, "admin", "secret")
    since = int(clock.now()) + 1
    fresh = {"password": local.hashed(b"better"), "since": since}
    local.change(path, lambda all_: all_.replaced([changed(u, **fresh) if u.name == "mary" else u for u in all_.users]))
    assert identity.caller(old) is None
    assert identity.caller(token(identity, "mary", "better"))  # in the same second
    assert identity.caller(admins)


def changed(user: local.User, **values: Any) -> local.User:
    return msgspec.structs.replace(user, **values)


def test_all_who_change_the_file_at_once_are_in_it_and_it_stays_its_owners(path: Path) -> None:
    def add(n: int) -> None:
        local.change(path, lambda all_: all_.with_user(NewUser(name=f"u{n}", password=Secret(b"x"), project="p")))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    assert {u.name for u in local.read(path).users} == {"admin", "mary", *(f"u{n}" for n in range(16))}
    assert [p.name for p in path.parent.iterdir()] == ["users.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_before_there_were_projects_is_read(path: Path) -> None:
    written = json.loads(path.read_text())
    del written["projects"]
    path.write_text(json.dumps(written))
    local.change(path, lambda users: users.replaced([]))
    assert set(local.read(path).projects) == {"demo"}
