"""The local issuer: files, rollover, renewal, many at once."""

import pathlib
import subprocess
import sys
import time

import pytest
from cryptography import x509

from hydria.drivers.certificates import local
from hydria.drivers.certificates.local import AMPHORAE, CONTROLLERS, LocalIssuer
from hydria.kit import clock, ids

DEPLOYMENT = ids.new()
DAY = 86400.0


@pytest.fixture
def now() -> clock.HandClock:
    return clock.HandClock(time.time())


@pytest.fixture
def issuer(tmp_path: pathlib.Path, now: clock.HandClock) -> LocalIssuer:
    return LocalIssuer(tmp_path / "c", DEPLOYMENT, now)


def roots(bundle: bytes) -> list[str]:
    """The names of roots in a bundle, newest first."""
    return [root.subject.rfc4514_string() for root in x509.load_pem_x509_certificates(bundle)]


def signer(issuer: LocalIssuer) -> str:
    """Who signs for amphorae now."""
    return x509.load_pem_x509_certificate(issuer.bootstrap(ids.new(), 60)).issuer.rfc4514_string()


def test_only_the_owner_can_read_anything(issuer, tmp_path):
    issuer.controller_certificate("worker")
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in (tmp_path / "c").iterdir()} == {0o600}


def test_no_key_is_in_a_bundle(issuer):
    assert b"PRIVATE" not in issuer.trust_of_amphorae() + issuer.trust_of_controllers()


def test_the_roots_are_made_once(issuer, tmp_path, now):
    again = LocalIssuer(tmp_path / "c", DEPLOYMENT, now)
    assert again.trust_of_amphorae() == issuer.trust_of_amphorae() != issuer.trust_of_controllers()


def test_processes_that_start_at_once_agree(tmp_path):
    code = (
        "import pathlib, sys; from hydria.drivers.certificates import local; from hydria.kit import clock;"
        "i = local.LocalIssuer(pathlib.Path(sys.argv[1]), sys.argv[2], clock.SystemClock());"
        "p = i.controller_certificate('same');"
        "sys.stdout.buffer.write(i.trust_of_amphorae() + i.trust_of_controllers() + p.read_bytes())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "c"), DEPLOYMENT]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    told = {process.communicate()[0] for process in running}
    assert len(told) == 1
    assert told.pop().count(b"BEGIN CERTIFICATE") == 3


def test_a_new_root_is_trusted_at_once_and_signs_a_day_later(issuer, now):
    old = signer(issuer)
    issuer.roll(AMPHORAE)
    new, kept = roots(issuer.trust_of_amphorae())
    assert signer(issuer) == old == kept
    now.turn(DAY + 1)
    assert signer(issuer) == new


def test_another_process_hears_of_a_new_root(issuer, tmp_path, now):
    other = LocalIssuer(tmp_path / "c", DEPLOYMENT, now)
    issuer.roll(AMPHORAE)
    assert other.trust_of_amphorae() == issuer.trust_of_amphorae()


def test_a_root_that_grows_old_is_followed_by_another(issuer, tmp_path, now):
    now.turn(local.ROOT_S * 0.7)
    assert len(roots(LocalIssuer(tmp_path / "c", DEPLOYMENT, now).trust_of_controllers())) == 2


def test_a_root_that_has_ended_is_trusted_no_more(issuer, now):
    ended = roots(issuer.trust_of_amphorae())
    now.turn(local.ROOT_S + 1)
    issuer.roll(AMPHORAE)
    assert not set(ended) & set(roots(issuer.trust_of_amphorae()))


def test_a_certificate_ends_no_later_than_its_root(issuer):
    made = x509.load_pem_x509_certificate(issuer.bootstrap(ids.new(), int(local.ROOT_S * 2)))
    root = x509.load_pem_x509_certificate(issuer.trust_of_amphorae())
    assert made.not_valid_after_utc == root.not_valid_after_utc


def test_a_controller_keeps_its_certificate_until_two_thirds_of_its_life(issuer, now):
    first = issuer.controller_certificate("worker").read_bytes()
    now.turn(local.CONTROLLER_S * 0.6)
    assert issuer.controller_certificate("worker").read_bytes() == first
    now.turn(local.CONTROLLER_S * 0.1)
    assert issuer.controller_certificate("worker").read_bytes() != first


def test_a_controller_whose_root_is_gone_gets_a_new_certificate(issuer, tmp_path):
    first = issuer.controller_certificate("worker").read_bytes()
    (tmp_path / "c" / f"{CONTROLLERS}.pem").unlink()
    again = LocalIssuer(tmp_path / "c", DEPLOYMENT, clock.SystemClock())
    assert again.controller_certificate("worker").read_bytes() != first


@pytest.mark.parametrize("text", [b"", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"])
def test_a_broken_certificate_of_a_controller_is_replaced(issuer, text):
    path = issuer.controller_certificate("worker")
    path.write_bytes(text)
    assert b"PRIVATE KEY" in issuer.controller_certificate("worker").read_bytes()


def test_a_broken_file_of_roots_is_never_replaced(issuer, tmp_path, now):
    (tmp_path / "c" / f"{AMPHORAE}.pem").write_bytes(b"")
    with pytest.raises(ValueError, match="restore it from a backup"):
        LocalIssuer(tmp_path / "c", DEPLOYMENT, now)
