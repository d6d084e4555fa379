"""Answers kept for repeated requests are forgotten after a day."""

from functools import partial

from hydria.housekeeping.answers import Answers
from hydria.storage import answers
from hydria.storage.answers import Kept, Key


def test_what_is_older_than_a_day_goes_and_the_rest_stays(lab):
    for name, digest in (("old", "1"), ("young", "2")):
        kept = Kept(digest=digest, at=lab.now(), code=204)
        lab.database.write(partial(answers.keep, key=Key("p", "u", name), kept=kept, since=0))
        lab.clock.turn(80_000)
    look = Answers(lab.database, lab.clock).look
    assert (look(), look()) == (1, 0)
    left = [lab.database.read(partial(answers.find, key=Key("p", "u", name), since=0)) for name in ("old", "young")]
    assert [kept and kept.digest for kept in left] == [None, "2"]
