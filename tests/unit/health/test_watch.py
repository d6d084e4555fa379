"""Who is suspected, and above all who is not."""

import msgspec
import pytest

from hydria.domain.suspicions import What
from hydria.health.settings import HealthSettings
from hydria.health.watch import Finding, Watch
from hydria.kit import ids


class Fleet:
    """Amphorae that speak once a second, and the watch over them."""

    def __init__(self, new_speaker, count):
        first = new_speaker()
        self.time, self.heard = first.time, first.heard
        self.speakers = [first, *(new_speaker(self.heard, self.time) for _ in range(count - 1))]
        self.watch = Watch(HealthSettings(), self.time.monotonic())
        for speaker in self.speakers:
            speaker.greeted().say()
        self.last = None

    def turn(self, seconds, *, silent=(), says=None, look=True):
        """Seconds go by; what was suspected meanwhile."""
        found: list[Finding] = []
        for _ in range(seconds):
            self.time.turn(1)
            for speaker in self.speakers:
                if speaker not in silent:
                    speaker.say(speaker.alive(says) if says else None)
            if look:
                self.last = self.watch.look(self.time.monotonic(), self.heard.voices)
                self.watch.raised(self.last.suspected, self.time.monotonic())
                for voice in self.last.late:
                    voice.late = True
                found += self.last.suspected
        return found

    def expect(self, **placed):
        for speaker in self.speakers:
            speaker.known(**placed)


@pytest.fixture
def fleet(new_speaker):
    def made(count=1):
        return Fleet(new_speaker, count)

    return made


def test_who_speaks_is_not_suspected(fleet):
    assert fleet(10).turn(600) == []


def test_silence_is_suspected_after_the_timeout_and_not_before(fleet):
    few = fleet(10)
    few.turn(20)
    silent = few.speakers[3]
    assert few.turn(5, silent=[silent]) == []
    (finding,) = few.turn(1, silent=[silent])
    assert (finding.what, finding.amphora_id, finding.load_balancer_id) == (
        What.SILENT,
        ids.raw(silent.id),
        ids.raw(silent.lb),
    )


def test_the_only_amphora_is_suspected_too(fleet):
    one = fleet()
    one.turn(20)
    assert [f.what for f in one.turn(6, silent=one.speakers)] == [What.SILENT]


def test_late_is_said_once(fleet):
    few = fleet(3)
    few.turn(20)
    late = []
    for _ in range(20):
        few.turn(1, silent=few.speakers[:1])
        late += few.last.late
    assert [v.text for v in late] == [few.speakers[0].id]


def test_a_suspicion_that_still_holds_is_raised_again_ever_more_rarely(fleet):
    few = fleet(10)
    few.turn(20)
    assert len(few.turn(6 + 10 + 20 + 40, silent=few.speakers[:1])) == 4


def test_in_the_first_seconds_nobody_is_suspected(fleet):
    few = fleet(3)
    assert few.turn(9, silent=few.speakers) == []
    assert len(few.turn(2, silent=few.speakers)) == 3


def test_silence_before_a_pardon_does_not_count(fleet):
    few = fleet(3)
    few.turn(20)
    few.turn(30, silent=few.speakers, look=False)
    few.watch.forgive(few.time.monotonic())
    assert few.turn(5, silent=few.speakers) == []
    assert len(few.turn(1, silent=few.speakers)) == 3


def test_when_more_than_half_fall_silent_nobody_is_suspected_for_it(fleet):
    many = fleet(20)
    many.turn(20)
    assert many.turn(60, silent=many.speakers[:11]) == []
    assert many.last.braked == 11
    assert many.turn(60) == []
    assert many.last.braked == 0


def test_the_first_to_miss_a_beat_is_not_blamed_before_all_are_counted(fleet):
    many = fleet(20)
    many.turn(20)
    assert many.turn(1, silent=many.speakers[:2]) == []
    assert many.turn(60, silent=many.speakers) == []
    assert many.last.braked == 20


def test_when_less_than_half_fall_silent_they_are_suspected(fleet):
    many = fleet(20)
    many.turn(20)
    assert len(many.turn(6, silent=many.speakers[:9])) == 9


def test_the_brake_holds_no_other_suspicion(fleet):
    many = fleet(20)
    many.turn(20)
    few = many.speakers[0]
    stopped = few.running(running=False)
    found = []
    for _ in range(10):
        few.say(few.alive(stopped))
        found += many.turn(1, silent=many.speakers)
    assert {f.what for f in found} == {What.STOPPED}


def test_a_jump_of_the_clock_kills_nobody(fleet):
    many = fleet(5)
    many.turn(20)
    for jump in (3600, -7200, 86400):
        many.time.jump(jump)
        assert many.turn(30) == []
        assert many.last.late == ()


def test_a_haproxy_that_does_not_run_is_suspected_soon(fleet):
    one = fleet()
    says = one.speakers[0].running(running=False)
    assert one.turn(1, says=says) == []
    assert [f.what for f in one.turn(2, says=says)] == [What.STOPPED]


def test_a_haproxy_that_comes_back_by_itself_is_not_suspected(fleet):
    one = fleet()
    assert one.turn(1, says=one.speakers[0].running(running=False)) == []
    assert one.turn(30) == []


def test_after_a_reboot_a_placement_that_is_not_named_is_missing_soon(fleet):
    one = fleet()
    one.speakers[0].boot = ids.new()
    other = msgspec.structs.replace(one.speakers[0].running(), load_balancer_id=b"x" * 16)
    assert [f.what for f in one.turn(4, says=other)] == [What.MISSING]


def test_placements_that_come_in_several_datagrams_are_not_missing(fleet):
    one = fleet()
    other = msgspec.structs.replace(one.speakers[0].running(), load_balancer_id=b"x" * 16)
    for _ in range(30):
        one.speakers[0].say()
        assert one.turn(1, says=other) == []


def test_what_is_named_no_more_is_missing(fleet):
    one = fleet()
    one.turn(10)
    other = msgspec.structs.replace(one.speakers[0].running(), load_balancer_id=b"x" * 16)
    assert one.turn(5, says=other) == []
    assert [f.what for f in one.turn(2, says=other)] == [What.MISSING]


def test_what_was_never_applied_is_not_missing(fleet):
    one = fleet()
    one.expect(digest=None)
    other = msgspec.structs.replace(one.speakers[0].running(), load_balancer_id=b"x" * 16)
    assert one.turn(30, says=other) == []


def test_what_differs_from_what_was_applied_is_suspected_after_a_while(fleet):
    one = fleet()
    says = one.speakers[0].running(digest=b"otherone")
    assert one.turn(10, says=says) == []
    assert [f.what for f in one.turn(1, says=says)] == [What.DIFFERS]


def test_another_generation_of_the_same_is_no_difference(fleet):
    one = fleet()
    one.expect(generation=7)
    assert one.turn(30, says=one.speakers[0].running(generation=3)) == []


def test_a_push_under_way_is_no_difference(fleet):
    one = fleet()
    for generation in range(2, 6):
        assert one.turn(6, says=one.speakers[0].running(generation=generation, digest=bytes([generation]) * 8)) == []
        one.expect(generation=generation, digest=bytes([generation]) * 8)


def test_what_is_being_deleted_is_not_suspected(fleet):
    one = fleet()
    one.expect(wanted=False)
    assert one.turn(60, silent=one.speakers) == []


def test_who_is_not_allocated_is_not_watched_and_starts_afresh_when_it_is(fleet):
    one = fleet()
    speaker = one.speakers[0]
    booting = msgspec.structs.replace(speaker.expected(), allocated=False)
    one.heard.learn({ids.raw(speaker.id): booting}, one.time.monotonic())
    assert one.turn(60, silent=one.speakers) == []
    one.expect()
    assert one.turn(5, silent=one.speakers) == []
    assert len(one.turn(1, silent=one.speakers)) == 1
