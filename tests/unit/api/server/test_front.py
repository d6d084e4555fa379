"""What clients get from the front, slow ones and hostile ones, and what it costs the others."""

import pytest

from hydria.api.server import framing
from tests.unit.api.server.bed import GET, HEAD, MOST, Bed, Client, post
from tests.unit.api.server.conftest import Make


def codes(client: Client) -> list[int]:
    return [a.code for a in client.answers()]


def test_requests_are_answered_one_after_another_on_one_connection(bed: Bed) -> None:
    client = bed.client()
    for path in (b"/a", b"/b"):
        (answer,) = client.say(GET.replace(b" / ", b" %s " % path)).answers()
        assert (answer.code, answer.body, "connection" in answer.fields) == (200, path, False)


def test_requests_sent_at_once_are_answered_in_order(bed: Bed) -> None:
    client = bed.client().say(post(3, b"/1") + b"abc" + GET.replace(b" / ", b" /2 ") + post(1, b"/3") + b"d")
    assert [a.body for a in client.answers()] == [b"/1abc", b"/2", b"/3d"]


def test_who_sends_too_many_at_once_sees_every_answer_and_which_is_the_last(bed: Bed) -> None:
    client = bed.client().say(GET * 100)
    for _ in range(framing.MOST_AHEAD):
        bed.turn()
    answers = client.answers()
    assert ["connection" in a.fields for a in answers] == [False] * framing.MOST_AHEAD + [True]
    client.say(GET)  # not a reset, which would take the answers along
    assert client.is_closed()


def test_the_next_request_waits_for_the_answer_before(bed: Bed) -> None:
    bed.queue.waits = True
    client = bed.client().say(GET + GET)
    assert len(bed.queue.jobs) == 1
    bed.queue.work()
    assert len(client.answers()) == 1
    bed.turn()
    assert len(bed.queue.jobs) == 1


BEHIND = {"a head": (GET[:-4], 11), "a body": (post(2000) + b"a" * 1000, 8)}


@pytest.mark.parametrize("half,seconds", BEHIND.values(), ids=BEHIND)
def test_half_a_request_behind_another_has_its_deadline_from_when_its_turn_comes(
    bed: Bed, half: bytes, seconds: float
) -> None:
    client = bed.client().say(GET + half)
    bed.pass_time(seconds + 1)
    assert codes(client) == [200, 408]


def test_who_waits_to_send_the_body_of_a_second_request_is_told_to(bed: Bed) -> None:
    client = bed.client().say(GET + post(2).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert (client.hear() or b"").endswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert codes(client.say(b"ab")) == [200]


@pytest.mark.parametrize("fields", [b"Connection: close\r\n", b"X: y\r\n"])
def test_a_connection_ends_when_the_client_says_so(bed: Bed, fields: bytes) -> None:
    is_old = b"close" not in fields
    client = bed.client().say(b"GET / HTTP/1.%d\r\nHost: a\r\n%s\r\n" % (0 if is_old else 1, fields))
    assert [a.fields["connection"] for a in client.answers()] == ["close"]
    assert client.is_closed()


def test_an_old_client_is_told_that_it_may_ask_more(bed: Bed) -> None:
    client = bed.client().say(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert [a.fields["connection"] for a in client.answers()] == ["keep-alive"]
    assert codes(client.say(GET)) == [200]


def test_the_answer_to_head_has_no_body_and_its_length(bed: Bed) -> None:
    heard = bed.client().say(GET.replace(b"GET", b"HEAD")).hear()
    assert heard
    assert heard.endswith(b"Content-Length: 1\r\n\r\n")


def test_a_client_that_waits_to_send_its_body_is_told_to(bed: Bed) -> None:
    client = bed.client().say(post(2).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert client.hear() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.say(b"a").hear() is None
    assert codes(client.say(b"b")) == [200]


def test_a_client_whose_body_is_not_wanted_is_not_told_to_send_it(bed: Bed) -> None:
    client = bed.client().say(post(MOST + 1).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert codes(client) == [200]
    assert bed.asked[0]["CONTENT_LENGTH"] == str(MOST + 1)


def test_a_body_that_is_not_wanted_is_thrown_away_while_the_answer_is_read(bed: Bed) -> None:
    client = bed.client().say(post(10 * MOST))
    for _ in range(10):
        client.say(b"a" * MOST)
    assert codes(client) == [200]
    assert client.is_closed()
    bed.pass_time(7)
    with pytest.raises(OSError, match="pipe"):
        client.say(b"a")


def test_who_shows_no_token_is_answered_before_its_body_comes(bed: Bed) -> None:
    stranger = bed.client().say(post(5).replace(b"X-Auth-Token: t\r\n", b""))
    assert codes(stranger) == [200]
    assert codes(bed.client().say(post(5, b"/login").replace(b"X-Auth-Token: t\r\n", b""))) == []


LATE = {
    "says nothing": (b"", 11, []),
    "half a head": (b"GET / HT", 11, [408]),
    "half a body": (post(2000) + b"a" * 1000, 8, [408]),
    "nothing of a body": (post(1), 8, [408]),
}


@pytest.mark.parametrize("raw,seconds,expected", LATE.values(), ids=LATE)
def test_who_takes_too_long_is_let_go(bed: Bed, raw: bytes, seconds: float, expected: list[int]) -> None:
    client = bed.client()
    if raw:
        client.say(raw)
    bed.pass_time(seconds - 3)
    assert client.hear() is None
    bed.pass_time(3)
    answers = client.answers()
    assert [a.code for a in answers] == expected
    assert all(a.fields["connection"] == "close" for a in answers)
    assert client.is_closed()


def test_a_head_that_drips_is_late_all_the_same(bed: Bed) -> None:
    client = bed.client()
    for letter in b"GET / HTTP/1":
        client.say(bytes([letter]))
        bed.pass_time(1)
    assert codes(client) == [408]


def test_a_body_may_come_slowly_but_not_for_ever(bed: Bed) -> None:
    client = bed.client().say(post(MOST))
    for _ in range(29):
        client.say(b"a" * 1100)
        bed.pass_time(1)
    assert client.hear() is None
    bed.pass_time(2)
    assert codes(client) == [408]


def test_a_connection_that_was_used_may_rest_for_long(bed: Bed) -> None:
    client = bed.client()
    assert codes(client.say(GET)) == [200]
    bed.pass_time(74)
    assert codes(client.say(GET)) == [200]
    bed.pass_time(77)
    assert client.is_closed()


def test_an_answer_that_is_not_taken_holds_no_thread_and_ends(bed: Bed) -> None:
    bed.answer = b"a" * 4_000_000
    deaf, other = bed.client().say(GET), bed.client()
    bed.answer = b""
    assert codes(other.say(GET)) == [200]
    bed.pass_time(29)
    assert codes(other.say(GET)) == [200]
    bed.pass_time(3)
    heard = 0
    while piece := deaf.hear():
        heard += len(piece)
    assert 0 < heard < 4_000_000


def test_an_answer_that_is_taken_slowly_arrives_whole(bed: Bed) -> None:
    bed.answer = b"abcd" * 500_000
    client, heard = bed.client().say(GET), b""
    while (piece := client.hear(70_000)) is not None:
        heard += piece
        bed.turn()
    assert heard.endswith(b"\r\n\r\n" + bed.answer)
    bed.answer = b"x"
    assert codes(client.say(GET)) == [200]


def test_a_refusal_has_the_shape_of_all_others_and_is_counted(bed: Bed) -> None:
    (answer,) = bed.client().say(b"\x16\x03\x01\x02").answers()
    assert (answer.code, answer.fields["content-type"]) == (400, "application/json")
    assert answer.json.keys() == {"code", "title", "description"}
    assert (answer.json["code"], answer.json["title"]) == (400, "400 Bad Request")
    assert answer.fields["x-openstack-request-id"].startswith("req-")
    assert bed.metered == [("none", "", 400)]


def test_a_full_lane_says_when_to_try_again(bed: Bed) -> None:
    bed.queue.waits, bed.queue.most = True, 1
    first, second = bed.client().say(GET), bed.client().say(GET)
    (answer,) = second.answers()
    assert (answer.code, answer.fields["retry-after"]) == (503, "1")
    bed.queue.work()
    assert codes(first) == [200]


def test_a_request_that_waited_too_long_is_not_begun(bed: Bed) -> None:
    bed.queue.waits = True
    client = bed.client().say(GET)
    bed.pass_time(31)
    bed.queue.work()
    assert (codes(client), bed.asked) == ([503], [])


def test_an_application_that_fails_is_answered_for(make: Make) -> None:
    def broken(_environ: object, _start: object) -> list[bytes]:
        raise ZeroDivisionError

    assert codes(make(broken).client().say(GET)) == [500]


def test_who_leaves_is_forgotten(bed: Bed) -> None:
    for raw in (b"", b"GET", post(5) + b"a", GET):
        client = bed.client()
        if raw:
            client.say(raw)
        client.sock.close()
    bed.turn()
    assert len(bed.front.crowd) == 0
    assert bed.front.crowd.held == 0


# --- bounds


def test_the_newcomer_is_served_and_who_did_nothing_for_longest_goes(make: Make) -> None:
    bed = make(connections_each=5)
    strangers = []
    for raw in (b"", b"GET", post(5), b"G", b""):
        strangers.append(bed.client())
        if raw:
            strangers[-1].say(raw)
        bed.pass_time(1)
    newcomer = bed.client()
    assert [s.is_closed() for s in strangers] == [True, False, False, False, False]
    assert codes(newcomer.say(GET)) == [200]


def test_a_thousand_strangers_leave_a_busy_client_alone(make: Make) -> None:
    bed = make(connections_each=10)
    honest = bed.client()
    for _ in range(1000):
        bed.client().say(b"GET / ")
        assert codes(honest.say(GET)) == [200]
    assert len(bed.front.crowd) == 10


def test_whoever_comes_behind_a_crowd_waits_for_one_of_it(bed: Bed) -> None:
    known = bed.client()
    assert codes(known.say(GET)) == [200]
    for _ in range(200):
        bed.arrive(GET)
    other, _ = bed.arrive(GET, "192.0.2.2"), known.sock.send(GET)
    for _ in range(2):
        bed.front.turn(0)
    assert (codes(other), codes(known)) == ([200], [200])
    assert len(bed.asked) < 20


def test_whose_request_is_being_answered_never_goes(make: Make) -> None:
    bed = make(connections_each=3)
    bed.queue.waits = True
    waiting = [bed.client().say(GET) for _ in range(5)]
    bed.queue.work()
    assert [codes(w) for w in waiting] == [[200]] * 5


def test_who_asks_this_very_moment_does_not_go(make: Make) -> None:
    bed = make(connections_each=2)
    first, second = (bed.client().say(GET) for _ in range(2))
    assert (codes(first), codes(second)) == ([200], [200])
    first.sock.send(GET)
    bed.client()
    bed.turn()
    assert codes(first) == [200]
    assert second.is_closed()


def test_of_all_peers_the_one_with_most_connections_makes_room(make: Make) -> None:
    bed = make(connections=5, connections_each=5)
    lonely = bed.client("192.0.2.9")
    many = [bed.client() for _ in range(4)]
    bed.pass_time(1)
    newcomer = bed.client("192.0.2.10")
    assert many[0].is_closed()
    assert codes(lonely.say(GET)) == codes(newcomer.say(GET)) == [200]


def test_bodies_that_hold_too_much_memory_make_room_for_others(make: Make) -> None:
    bed = make(held=10 * MOST)
    slow = []
    for _ in range(20):
        slow.append(bed.client())
        for _ in range(3):
            slow[-1].say(b"" + post(MOST) + b"a" * 10 if not bed.front.crowd.held else b"")
        bed.clock.turn(0.1)
    hungry = [bed.client().say(post(MOST)) for _ in range(20)]
    for one in hungry:
        one.say(b"a" * (MOST - 10))
    assert bed.front.crowd.held <= 10 * MOST
    assert [c for one in hungry for c in codes(one)].count(503) >= 10
    assert codes(bed.client("192.0.2.7").say(post(1) + b"a")) == [200]


MAPPED, NETWORK = [f"::ffff:192.0.2.{n}" for n in range(1, 6)], [f"2001:db8::{n}" for n in range(1, 6)]


@pytest.mark.parametrize("addresses,left", [(MAPPED, 5), (NETWORK, 3)], ids=["IPv4", "one network of IPv6"])
def test_with_ipv6_an_ipv4_address_is_a_peer_and_else_a_network_is(make: Make, addresses: list[str], left: int) -> None:
    bed = make(connections_each=3)
    clients = [bed.client(address) for address in addresses]
    assert sum(not one.is_closed() for one in clients) == left
    assert codes(clients[-1].say(GET)) == [200]
    assert bed.asked[-1]["REMOTE_ADDR"] == addresses[-1].removeprefix("::ffff:")


def test_a_fault_while_somebody_is_let_in_costs_one_connection_not_all(bed: Bed) -> None:
    other = bed.client()
    broken = bed.arrive(b"GET /fault HTTP/1.1\r\n" + HEAD + b"\r\n")
    bed.turn()
    assert broken.is_closed()
    assert codes(other.say(GET)) == [200]


# --- draining


def test_what_is_left_unread_while_draining_does_not_count_as_held(bed: Bed) -> None:
    bed.queue.waits = True
    client = bed.client().say(GET + GET + b"GET / ")
    bed.front.drain()
    bed.turn()
    bed.queue.work()
    assert codes(client) == [200]
    assert bed.front.crowd.held == 0


def test_draining_answers_what_is_under_way_and_says_that_it_is_the_last(bed: Bed) -> None:
    bed.queue.waits = True
    busy, idle, half = bed.client().say(GET), bed.client(), bed.client().say(b"GET / HT")
    bed.front.drain()
    bed.turn()
    half.say(b"TP/1.1\r\nHost: a\r\n\r\n")
    idle.say(GET)
    bed.queue.work()
    for client in (busy, idle, half):
        assert [(a.code, a.fields["connection"]) for a in client.answers()] == [(200, "close")]


@pytest.mark.parametrize("quick,seconds", [(False, 11), (True, 1)])
def test_draining_lets_go_of_who_asks_nothing(bed: Bed, quick: bool, seconds: int) -> None:
    client = bed.client().say(GET)
    assert codes(client) == [200]
    bed.front.drain(quick=quick)
    bed.pass_time(seconds - 1)
    assert client.hear() is None or quick
    bed.pass_time(2)
    assert client.is_closed()
    assert bed.front.is_over()


def test_draining_ends_whoever_there_is_still(bed: Bed) -> None:
    bed.queue.waits = True
    bed.client().say(GET)
    bed.front.drain()
    bed.pass_time(29)
    assert not bed.front.is_over()
    bed.pass_time(3)
    assert bed.front.is_over()
