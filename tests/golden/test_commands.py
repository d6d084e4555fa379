"""What commands make of a running haproxy is what a fresh one makes of the new file."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hydria.domain.part import Part
from hydria.domain.tree import Tree
from hydria.domain.types import Algorithm, MonitorType
from hydria.render import haproxy
from hydria.render.haproxy import commands
from tests.golden import running
from tests.golden.trees import listener, member, monitor, pool, tree

NODE = haproxy.Node(ping="/bin/true")
DAY = 86400
PORTS = (18471, 18472)


def render(found: Tree) -> str:
    return haproxy.render(found, NODE)


@st.composite
def members(draw):
    words = draw(st.lists(st.sampled_from("abcdef"), unique=True))
    return [
        member(
            word,
            address="127.0.0.1" if word < "d" else "::1",
            backup=word == "f",
            check="::1" if word == "b" else None,
            monitor_port=99 if word in "bc" else None,
            weight=draw(st.sampled_from([0, 1, 256])),
            admin_state_up=draw(st.booleans()),
        )
        for word in words
    ]


@st.composite
def edits(draw):
    """Two trees alike but for what may change while haproxy runs."""
    algorithm = draw(st.sampled_from([Algorithm.ROUND_ROBIN, Algorithm.LEAST_CONNECTIONS, Algorithm.SOURCE_IP]))
    kind = draw(st.sampled_from([None, MonitorType.TCP, MonitorType.HTTP, MonitorType.PING]))
    fixed: list[Part] = [pool(algorithm=algorithm, keep=draw(st.sampled_from([None, "SOURCE_IP"])))]
    if kind:
        fixed.append(monitor(kind=kind, delay=DAY))
    limits = st.sampled_from([-1, 1, 5000])

    def one() -> Tree:
        both = [listener(f"on {port}", port=port, connection_limit=draw(limits)) for port in PORTS]
        return tree(*fixed, *both, *draw(members()))

    return one(), one()


@given(edits())
@settings(max_examples=25, deadline=None)
def test_commands_and_file_agree(program, edit):
    old, new = edit
    steps = commands.commands(old, new)
    if steps is None:  # members that are pinged
        assert old.healthmonitors
        return
    with tempfile.TemporaryDirectory() as folder:
        with running.running(program, render(old), Path(folder) / "old") as found:
            answers = [(step, found.tell(step)) for step in steps]
            assert [a for a in answers if a[1] not in running.DONE] == []
            got = found.servers(), found.limits()
        with running.running(program, render(new), Path(folder) / "new") as fresh:
            assert got == (fresh.servers(), fresh.limits())
