"""Only what is authentic and fresh counts, and nothing that is sent does harm."""

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria.domain.operating import Server
from hydria.health.heard import Report, Seen
from hydria.kit import ids
from hydria.wire import datagrams
from hydria.wire.datagrams import Alive, KindOf, ListenerCounts, MemberState, State

MEMBER, LISTENER = b"m" * 16, b"l" * 16


def state(speaker, *, members=((MEMBER, 1),), total=1, lb=None, start="1.1"):
    edge = True
    return State(lb or ids.raw(speaker.lb), start, edge, members, (ListenerCounts(LISTENER, 0, total, 0, 0, 0),))


def test_the_first_datagram_gets_a_token_and_the_second_is_fresh(speaker):
    speaker.known()
    assert speaker.say()[1] == ()
    assert speaker.voice.fresh_at is None
    answer, events = speaker.say()
    assert answer is not None
    assert isinstance(events[0], Seen)
    assert speaker.voice.fresh_at == speaker.time.monotonic()


def test_what_is_seen_is_told_once_a_minute(speaker):
    speaker.greeted()
    told = []
    for _ in range(150):
        told += [e for e in speaker.say()[1] if isinstance(e, Seen)]
        speaker.time.turn(1)
    assert [e.news for e in told] == [True, False, False]


def test_who_was_late_and_is_back_is_told_at_once(speaker):
    speaker.greeted().say()
    speaker.voice.late = True
    (seen,) = speaker.say()[1]
    assert seen.news
    assert not speaker.voice.late


def test_an_answer_tells_whether_work_is_pending_and_is_never_larger(speaker):
    speaker.known(pending=True)
    question = speaker.alive()
    answer, _ = speaker.say(question)
    assert answer[datagrams.HEADER.size] == datagrams.PENDING_WORK
    assert len(answer) <= len(question)


def test_a_datagram_too_small_for_an_answer_gets_none(speaker):
    speaker.known()
    assert speaker.hear(speaker.sealed(b"")) == (None, ())


def test_a_replay_counts_for_nothing(speaker):
    datagram = speaker.greeted().alive()
    speaker.hear(datagram)
    heard_at = speaker.voice.fresh_at
    speaker.time.turn(3)
    assert speaker.hear(datagram)[1] == ()
    assert speaker.voice.fresh_at == heard_at
    assert speaker.heard.counts["replayed"] == 1


def test_a_replay_of_an_earlier_boot_counts_for_nothing(speaker):
    old = speaker.greeted().alive()
    speaker.hear(old)
    speaker.boot, speaker.seq = ids.new(), 0
    assert isinstance(speaker.say()[1][0], Seen)
    assert speaker.hear(old)[1] == ()
    assert speaker.voice.boot == ids.raw(speaker.boot)


def test_what_is_overtaken_on_the_way_counts_for_nothing(speaker):
    first, second = speaker.greeted().alive(), speaker.alive()
    assert speaker.hear(second)[1] != ()
    assert speaker.hear(first)[1] == ()


@pytest.mark.parametrize("jump", [3600, -3600, 86400 * 365, -300])
def test_a_jump_of_the_clock_costs_one_exchange(speaker, jump):
    speaker.greeted().say()
    speaker.time.jump(jump)
    speaker.time.turn(1)
    speaker.say()
    assert speaker.voice.fresh_at == speaker.time.monotonic() - 1
    speaker.say()
    assert speaker.voice.fresh_at == speaker.time.monotonic()


def test_a_token_is_good_for_three_more_slots(speaker):
    speaker.greeted()
    speaker.time.turn(90)
    assert speaker.say()[1] != ()


def test_an_old_token_is_stale_and_is_answered_with_a_new_one(speaker):
    speaker.greeted()
    speaker.time.turn(121)
    assert speaker.say() != (None, ())
    assert speaker.voice.fresh_at is None
    assert speaker.say()[1] != ()


def test_a_wrong_key_is_refused(speaker):
    speaker.greeted()
    speaker.key = b"x" * 32
    assert speaker.say() == (None, ())
    assert speaker.heard.counts["code"] == 1


def test_another_session_is_looked_up_and_refused(speaker):
    speaker.greeted()
    speaker.session = ids.new()
    assert speaker.say() == (None, ())
    assert len(speaker.heard.strangers) == 1


def test_a_stranger_is_looked_up_once_a_second(speaker):
    for _ in range(5):
        speaker.say()
    assert len(speaker.heard.strangers) == 1
    speaker.time.turn(1)
    speaker.say()
    assert len(speaker.heard.strangers) == 2


def test_a_flood_of_strangers_is_bounded_and_the_known_are_heard(speaker, new_speaker):
    speaker.greeted()
    for _ in range(2000):
        new_speaker(speaker.heard, speaker.time).say()
    assert len(speaker.heard.strangers) == 256
    assert speaker.say()[1] != ()


def test_answers_to_one_address_are_capped_and_the_fresh_are_heard_all_the_same(speaker):
    speaker.greeted()
    answers = [speaker.say()[0] for _ in range(100)]
    assert sum(a is not None for a in answers) == 49
    assert speaker.heard.counts["fresh"] == 100


def test_replays_from_elsewhere_do_not_use_up_the_answers(speaker):
    datagram = speaker.greeted().alive()
    for _ in range(1000):
        speaker.hear(datagram, host="198.51.100.1")
    assert speaker.say()[0] is not None


def test_a_state_of_a_placement_is_reported(speaker):
    speaker.greeted().say()
    (report,) = speaker.say(speaker.sealed(state(speaker), KindOf.STATE))[1]
    assert isinstance(report, Report)
    assert report.state == state(speaker)


@pytest.mark.parametrize(
    "change",
    [
        {"lb": b"x" * 16},
        {"members": ((b"short", 1),)},
        {"members": ((MEMBER, 99),)},
        {"total": -1},
        {"total": 2**63},
        {"start": "x" * 65},
    ],
)
def test_a_state_that_says_nonsense_is_refused(speaker, change):
    speaker.greeted()
    assert speaker.say(speaker.sealed(state(speaker, **change), KindOf.STATE))[1] == ()
    assert speaker.heard.counts["body"] == 1
    assert speaker.voice.fresh_at is None


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(speaker, number):
    speaker.greeted()
    speaker.say(speaker.sealed(Alive((), "MASTER", number)))
    assert speaker.heard.counts["body"] == 1


HOSTILE = (
    b"\x91" * 1000,
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\x7f\xff\xff\xff",
    b"\xc1",
    b"\x90\x90",
)


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize("kind", [KindOf.ALIVE, KindOf.STATE])
def test_hostile_bodies_are_refused(speaker, body, kind):
    assert speaker.greeted().say(speaker.sealed(body, kind))[1] == ()


@pytest.mark.parametrize("kind", [KindOf.ANSWER, 0, 77])
def test_other_kinds_are_refused(speaker, kind):
    speaker.known()
    assert speaker.say(speaker.sealed(b"12345", kind)) == (None, ())


@given(st.binary(max_size=1300))
def test_noise_is_refused(new_speaker, noise):
    speaker = new_speaker().greeted()
    assert speaker.hear(noise) == (None, ())


@given(st.binary(max_size=400), st.sampled_from([KindOf.ALIVE, KindOf.STATE]))
def test_no_signed_body_does_harm(new_speaker, body, kind):
    speaker = new_speaker().greeted()
    speaker.say(speaker.sealed(body, kind))
    assert speaker.say()[1] != ()


@given(st.integers(0, 150), st.integers(0, 255))
def test_one_changed_byte_is_noticed(new_speaker, position, value):
    speaker = new_speaker().greeted()
    datagram = bytearray(speaker.alive())
    position %= len(datagram)
    datagram[position] = (datagram[position] + 1 + value % 255) % 256
    speaker.hear(bytes(datagram))
    assert speaker.voice.fresh_at is None


@given(st.integers(0, 130))
def test_a_truncated_datagram_is_refused(new_speaker, length):
    speaker = new_speaker().greeted()
    datagram = speaker.alive()
    assert speaker.hear(datagram[: min(length, len(datagram) - 1)]) == (None, ())


@given(st.lists(st.integers(0, 19), max_size=60))
def test_however_datagrams_are_lost_doubled_and_reordered_each_counts_at_most_once(new_speaker, order):
    speaker = new_speaker().greeted()
    sent = [speaker.alive() for _ in range(20)]
    highest, counted = -1, 0
    for which in order:
        speaker.hear(sent[which])
        counted += which > highest
        highest = max(highest, which)
    assert speaker.heard.counts["fresh"] == counted


def test_the_states_of_datagrams_and_of_the_domain_have_the_same_numbers():
    assert {s.name: s.value for s in MemberState} == {s.name: s.value for s in Server}


def test_an_unknown_version_of_the_master_key_is_not_fatal(speaker):
    other = msgspec.structs.replace(speaker.expected(), master_version=9)
    speaker.heard.know({ids.raw(speaker.id): other}, 0.0)
    assert speaker.heard.voices == {}
    assert speaker.heard.counts["no_master_key"] == 1


def test_who_left_the_roster_is_unknown(speaker):
    speaker.greeted().heard.know({}, 0.0)
    assert speaker.say() == (None, ())


def test_the_answer_carries_the_number_that_it_answers(speaker):
    speaker.known()
    answer, _ = speaker.say(speaker.alive(seq=7))
    assert struct.unpack("!Q", answer[50:58]) == (7,)
