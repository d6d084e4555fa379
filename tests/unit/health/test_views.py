"""What chunks say is put together."""

from hydria.health import views
from hydria.health.views import View
from hydria.wire.datagrams import ListenerCounts, MemberState, State

ONE, TWO, LISTENER = b"1" * 16, b"2" * 16, b"l" * 16
UP, DOWN = MemberState.UP.value, MemberState.DOWN.value


def chunk(*members, takes=None, start="1"):
    listeners = () if takes is None else (ListenerCounts(LISTENER, 0, 0, 0, 0, 0, takes),)
    edge = False
    return State(b"lb", start, edge, members, listeners)


def seen(*chunks):
    view = View()
    for c in chunks:
        view.take(c)
    return view


def test_what_a_chunk_does_not_name_keeps_its_state():
    assert seen(chunk((ONE, UP)), chunk((TWO, DOWN), takes=True)).servers == {ONE: UP, TWO: DOWN}


def test_another_start_keeps_states_too():
    assert seen(chunk((ONE, DOWN)), chunk((TWO, UP), start="2")).servers == {ONE: DOWN, TWO: UP}


def test_only_changes_are_changes():
    view = View()
    assert [view.take(chunk((ONE, s), takes=t)) for s, t in ((UP, True), (UP, True), (DOWN, True), (DOWN, False))] == [
        True,
        False,
        True,
        True,
    ]


def test_a_view_is_bounded():
    many = [(i.to_bytes(16, "big"), UP) for i in range(views.MOST + 10)]
    assert len(seen(chunk(*many)).servers) == views.MOST


def test_the_worst_that_any_amphora_sees_counts():
    servers, takes = views.joined(
        [seen(chunk((ONE, UP), takes=True)), seen(chunk((ONE, DOWN), (TWO, UP), takes=False))]
    )
    assert servers == {ONE: DOWN, TWO: UP}
    assert takes == {LISTENER: False}
