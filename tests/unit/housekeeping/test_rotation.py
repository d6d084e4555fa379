"""Certificates are renewed before they end, one by one, and who does not answer is asked again."""

from hydria.domain.amphora import AmphoraStatus
from hydria.housekeeping.rotation import Rotation
from hydria.storage import amphorae
from hydria.wire.identities import CERTIFICATE_S


def rotation(lab):
    return Rotation(lab.database, lab.amphorae, lab.clock)


def serving(lab):
    lb = lab.create()
    lab.until_settled(lb)
    return lab.world(lb).amphorae[0]


def now(lab, amphora):
    return lab.database.read(lambda c: amphorae.one(c, amphora.id))


def test_a_young_certificate_is_left_alone(lab):
    serving(lab)
    lab.cloud.turn(CERTIFICATE_S / 2)
    assert rotation(lab).look() == 0


def test_an_old_one_is_renewed_once(lab):
    amphora = serving(lab)
    lab.cloud.turn(CERTIFICATE_S * 0.73)
    assert [rotation(lab).look() for _ in range(2)] == [1, 0]
    assert now(lab, amphora).cert_expiration == int((lab.clock.now() + CERTIFICATE_S) * 1e6)


def test_who_does_not_answer_stops_no_other_and_is_asked_again(lab):
    silent, _ = serving(lab), serving(lab)
    lab.cloud.hush(silent.compute_id)
    lab.cloud.turn(CERTIFICATE_S * 0.73)
    assert rotation(lab).look() == 1
    lab.cloud.hush(silent.compute_id, silent=False)
    assert rotation(lab).look() == 1


def test_what_is_doomed_is_not_asked(lab):
    amphora = serving(lab)
    dying = AmphoraStatus.PENDING_DELETE
    lab.database.write(lambda c: amphorae.note(c, amphora.id, lab.now(), status=dying))
    lab.cloud.turn(CERTIFICATE_S)
    assert rotation(lab).look() == 0
