"""Users of one machine: passwords, tokens, and what makes a token worthless."""

import stat
from pathlib import Path

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
