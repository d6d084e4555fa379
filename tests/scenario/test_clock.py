"""The clock is set an hour ahead or back in the middle of things: nothing is lost, nothing waits for it."""

import time
from pathlib import Path

import pytest

from hydria.drivers.certificates import signing
from hydria.drivers.certificates.local import LocalIssuer
from hydria.kit import ids
from hydria.kit.clock import HandClock
from hydria.storage import claims
from hydria.storage.database import Connection
from hydria.wire import identities
from hydria.worker.service import Service
from tests.contract.test_certificates import request_for, shake
from tests.scenario.lab import Cellar, Lab

HOUR = 3600.0
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR])


class Silent:
    """An inbox that nothing comes to."""

    def wait(self, seconds: float) -> str | None:
        return None

    def close(self) -> None:
        """Nothing."""


@JUMPS
@pytest.mark.parametrize("point", range(1, 40, 3))
def test_a_creation_ends_well_wherever_the_clock_jumps(cellar: Cellar, jump: float, point: int) -> None:
    lab = Lab(cellar)
    lb = lab.full()

    def meanwhile() -> None:
        lab.clock.jump(jump)
        if lab.passed[-1] != "commit":  # inside a transaction nobody else writes
            lab.garbage.look()
            lab.garbage.look()

    lab.sleep_at(point, meanwhile)
    lab.until_settled(lb)
    picture = lab.picture(lb)
    assert set(picture["statuses"]) == {"ACTIVE"}
    assert (picture["leftovers"], lab.compute.list() != []) == ([], True)


@JUMPS
def test_what_waits_for_another_try_does_not_wait_for_the_clock(cellar: Cellar, jump: float) -> None:
    lab = Lab(cellar)
    lb = lab.full()
    epoch = lab.database.write(lambda c: claims.claim(c, _seen(c, lb), "w1"))
    assert epoch is not None
    lab.database.write(lambda c: claims.drop(c, lb, epoch, lab.now() + 30_000_000))
    assert not lab.database.read(lambda c: claims.due(c, lab.now()))
    lab.clock.jump(jump)
    assert [d.load_balancer_id for d in lab.database.read(lambda c: claims.due(c, lab.now()))] == [lb]


def _seen(c: Connection, lb: str) -> claims.Due:
    found = claims.seen(c, lb)
    assert found
    return found


@JUMPS
def test_a_claim_is_taken_over_by_time_that_passed_not_by_the_clock(cellar: Cellar, jump: float) -> None:
    lab = Lab(cellar)
    lb = lab.full()
    lab.database.write(lambda c: claims.claim(c, _seen(c, lb), "w1"))
    other = Service(lab.tools(), Silent(), "w2")
    other.search()
    lab.clock.jump(jump)
    other.search()
    assert other._queue.empty()
    lab.clock.turn(claims.STALE_S)
    other.search()
    assert other._queue.get_nowait().load_balancer_id == lb  # type: ignore[union-attr]


def test_a_deadline_that_the_clock_jumped_over_is_forgotten_when_the_work_is_done(cellar: Cellar) -> None:
    lab = Lab(cellar)
    lb = lab.full()
    lab.clock.jump(HOUR)
    assert set(lab.status(lb).values()) == {"ERROR"}
    lab.work(lb)
    assert set(lab.status(lb).values()) == {"ACTIVE"}


@JUMPS
def test_certificates_made_before_the_jump_are_believed_after_it(tmp_path: Path, jump: float) -> None:
    issuer = LocalIssuer(tmp_path / "ca", ids.new(), HandClock(time.time() - jump))
    key, amphora = signing.new_key(), ids.new()
    server = issuer.sign_amphora(request_for(key), amphora, 86400) + signing.pem_of_key(key)
    bootstrap = issuer.bootstrap(amphora, identities.BOOTSTRAP_S)
    controller = issuer.controller_certificate("controller").read_bytes()
    for shown in (server, bootstrap):
        shake(shown, issuer.trust_of_controllers(), controller, issuer.trust_of_amphorae(), tmp_path)
