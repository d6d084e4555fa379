"""The agent as a controller meets it: real haproxy, real namespaces, mutual TLS."""

import contextlib
import hashlib
import http.client
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from typing import Any

import msgspec
import pytest

from hydria.agent import disk
from hydria.kit import ids
from hydria.wire import datagrams, documents, identities
from hydria.wire.documents import Certificate, Interface
from tests.system import agentlab


class Tree:
    """One load balancer with a listener, a pool and members."""

    def __init__(self, lab, number: int) -> None:
        self.lab, self.vip = lab, f"10.77.0.{100 + number}"
        self.lb, self.listener, self.pool = ids.new(), ids.new(), ids.new()
        self.members = {ids.new(): lab.member(number)}
        fixed, vip = (f"10.77.0.{50 + number}/24",), (f"{self.vip}/24",)
        self.interfaces = (Interface(mac=lab.card(), name="vip0", addresses=fixed, floating=vip),)

    @property
    def path(self) -> str:
        return f"/v1/placements/{self.lb}"

    def document(self, extra: str = "", **more: Any) -> documents.PlacementDocument:
        text = agentlab.config(self.listener, self.vip, self.pool, self.members, extra)
        return agentlab.document(self.lb, text, self.interfaces, **more)

    def running(self, client) -> documents.Placed:
        return next(
            p for p in agentlab.facts(client.good("GET", "/v1/facts")).placements if p.load_balancer_id == self.lb
        )

    def serves(self) -> str:
        return self.lab.get(self.vip)[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = agentlab.Lab(tmp_path_factory.mktemp("agent"), f"{os.getpid()}")
    try:
        made.build()
        made.start()
        yield made
    finally:
        made.clear()


@pytest.fixture
def client(lab):
    return lab.client()


@pytest.fixture
def tree(lab, client):
    made = Tree(lab, lab.cards + 1)
    said = client.good("PUT", made.path, made.document())
    assert agentlab.applied(said).how == "started"
    lab.wait_for(made.vip)
    yield made
    lab.client().good("DELETE", f"{made.path}?epoch=1000", code=204)


def eventually(fact, within_s: float = 4.0) -> None:
    until = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)


def test_an_amphora_is_enrolled_with_a_key_of_its_own(lab, client):
    assert agentlab.facts(client.good("GET", "/v1/facts")).bootstrap
    request = msgspec.json.decode(client.good("GET", "/v1/csr"))["csr"]
    chain = lab.amphorae.sign(request)
    client.good("PUT", "/v1/certificate", {"chain": chain}, code=204)
    assert not agentlab.facts(client.good("GET", "/v1/facts")).bootstrap
    assert client.peer_serial() == agentlab.serial(chain)
    assert pathlib.Path(f"{lab.settings.state_folder}/key.pem").stat().st_mode & 0o777 == 0o600


def test_a_certificate_of_another_key_is_not_installed(lab, client):
    client.good(
        "PUT", "/v1/certificate", {"chain": lab.amphorae.issue("hydria://x/y/z").split("-----BEGIN P")[0]}, code=400
    )
    client.good("GET", "/")


def test_strangers_and_other_roles_are_refused(lab):
    lab.pem("amphora.pem", lab.controllers, identities.uri(agentlab.DEPLOYMENT, identities.AMPHORA, "a1"))
    assert lab.client("amphora.pem").call("GET", "/v1/facts")[0] == 403
    lab.pem("stranger.pem", lab.strangers, identities.uri(agentlab.DEPLOYMENT, identities.CONTROLLER, "c1"))
    with pytest.raises(OSError):
        lab.client("stranger.pem").call("GET", "/v1/facts")


def test_errors_are_faults_with_the_right_code(client):
    lb = ids.new()
    for method, path, body, code in (
        ("GET", "/v1/nothing", None, 404),
        ("POST", "/v1/facts", {}, 405),
        ("PUT", f"/v1/placements/{lb}", {"epoch": "many"}, 400),
        ("POST", f"/v1/placements/{lb}/retire", {"epoch": 1}, 404),
        ("DELETE", f"/v1/placements/{lb}", None, 400),
        ("PUT", f"/v1/placements/{lb}", "x" * (4 * 1024 * 1024 + 10), 413),
    ):
        status, said = client.call(method, path, body)
        assert (status, bool(agentlab.fault(said)["error"])) == (code, True)


def test_silent_connections_are_in_nobodys_way(lab):
    silent = [lab.dial(agentlab.ADDRESS, agentlab.PORT) for _ in range(100)]
    begun = time.monotonic()
    lab.client().good("GET", "/")
    assert time.monotonic() - begun < 2
    for one in silent:
        one.close()


def test_idle_connections_make_room_for_new_ones(lab):
    held = [lab.client() for _ in range(70)]
    lab.client().good("GET", "/")
    with pytest.raises((OSError, http.client.HTTPException)):
        held[0].call("GET", "/")
    held[-1].good("GET", "/")


def test_a_document_brings_traffic_and_the_same_one_changes_nothing(tree, client):
    assert tree.serves().startswith("m")
    assert agentlab.applied(client.good("PUT", tree.path, tree.document())).how == "unchanged"
    cards = {nic.mac: nic.load_balancer_id for nic in agentlab.facts(client.good("GET", "/v1/facts")).nics}
    assert cards[tree.interfaces[0].mac] == tree.lb


def test_a_load_balancer_without_listeners_and_interfaces_runs(lab, client):
    lb = ids.new()
    empty = agentlab.document(lb, "defaults\n    mode http\n    timeout client 5s\n", ())
    assert agentlab.applied(client.good("PUT", f"/v1/placements/{lb}", empty)).how == "started"
    again = agentlab.document(lb, "defaults\n    mode tcp\n    timeout client 5s\n", (), generation=2)
    assert agentlab.applied(client.good("PUT", f"/v1/placements/{lb}", again)).how == "reloaded"
    client.good("DELETE", f"/v1/placements/{lb}?epoch=1", code=204)


def test_a_member_is_added_by_commands_without_a_reload(tree, client, lab):
    placed, took = tree.running(client), []
    before = lab.haproxies(tree.lb)
    fresh = {ids.new(): lab.member(number) for number in range(41, 46)}
    time.sleep(0.3)  # their own start shall not be measured
    for generation, member in enumerate(fresh, 2):
        tree.members[member] = fresh[member]
        server = f"{tree.pool}:{tree.listener}/{member}"
        lines = (
            f"add server {server} {tree.members[member]} check inter 200ms",
            f"enable health {server}",
            f"set server {server} state ready",
        )
        more = {"from_digest": placed.digest, "from_start": placed.start, "commands": lines}
        begun = time.perf_counter()
        said = agentlab.applied(client.good("PUT", tree.path, tree.document(generation=generation, **more)))
        took.append((time.perf_counter() - begun) * 1000)
        assert (said.how, said.start) == ("commands", placed.start)
        placed = tree.running(client)
    assert lab.haproxies(tree.lb) == before
    eventually(lambda: tree.serves() == "m45")
    print("commands-apply ms:", agentlab.median(took))


def test_commands_that_fail_or_start_elsewhere_become_a_reload(tree, client):
    placed = tree.running(client)
    more = {"from_digest": placed.digest, "from_start": placed.start, "commands": ("set server none/none state drain",)}
    tree.members[ids.new()] = next(iter(tree.members.values()))
    first = agentlab.applied(client.good("PUT", tree.path, tree.document(generation=2, **more)))
    assert first.how == "reloaded"
    assert first.start != placed.start
    tree.members[ids.new()] = next(iter(tree.members.values()))
    assert agentlab.applied(client.good("PUT", tree.path, tree.document(generation=3, **more))).how == "reloaded"
    assert tree.serves().startswith("m")


def test_a_refused_document_leaves_traffic_and_says_why(tree, client, lab):
    before, files = lab.haproxies(tree.lb), disk.names(lab.places(tree.lb).run)
    said = client.good("PUT", tree.path, tree.document("    nonsense here", generation=2), code=422)
    problem = agentlab.fault(said)["proof"]["problems"][0]
    assert problem["what"] == "haproxy"
    assert "unknown keyword 'nonsense'" in problem["text"]
    assert lab.places(tree.lb).run not in problem["text"]
    assert (lab.haproxies(tree.lb), disk.names(lab.places(tree.lb).run)) == (before, files)
    assert tree.serves().startswith("m")


def test_a_refused_first_document_leaves_nothing(lab, client):
    fresh = Tree(lab, lab.cards + 1)
    client.good("PUT", fresh.path, fresh.document("    nonsense here"), code=422)
    assert_nothing_is_left(lab, fresh)
    assert fresh.interfaces[0].mac in {nic.mac for nic in agentlab.facts(client.good("GET", "/v1/facts")).nics}
    proof = msgspec.json.decode(client.good("POST", f"{fresh.path}/prove", fresh.document()), type=documents.Proof)
    assert proof == documents.Proof()
    assert_nothing_is_left(lab, fresh)


def test_a_bind_that_is_taken_is_refused(tree, client, lab):
    listen = "import socket, time; held = socket.create_server(('', 81)); time.sleep(60)"
    taken = subprocess.Popen(["ip", "netns", "exec", lab.places(tree.lb).netns, sys.executable, "-c", listen])
    more = f"frontend {ids.new()}\n    bind {tree.vip}:81"
    eventually(lambda: ":81 " in agentlab.sh(f"ip netns exec {lab.places(tree.lb).netns} ss -Hltn"))
    said = client.good("POST", f"{tree.path}/prove", tree.document(more, generation=2))
    taken.kill()
    taken.wait()
    assert [p["what"] for p in msgspec.json.decode(said)["problems"]] == ["bind"]
    assert (
        msgspec.json.decode(client.good("POST", f"{tree.path}/prove", tree.document(more, generation=2)))["problems"]
        == []
    )


def test_a_lower_epoch_or_generation_is_stale(tree, client):
    client.good("PUT", tree.path, tree.document("    maxconn 50", epoch=3, generation=7))
    for epoch, generation in ((2, 9), (3, 6)):
        client.good("PUT", tree.path, tree.document(epoch=epoch, generation=generation), code=409)
    client.good("DELETE", f"{tree.path}?epoch=2", code=409)


@pytest.mark.parametrize("which", [0, -1])
def test_a_killed_haproxy_is_back_at_once(tree, client, lab, which):
    start = tree.running(client).start
    os.kill(sorted(lab.haproxies(tree.lb))[which], signal.SIGKILL)
    eventually(lambda: tree.running(client).start not in {"", start})
    lab.wait_for(tree.vip)


def test_a_killed_supervisor_is_replaced(tree, client, lab):
    service = lab.places(tree.lb).service
    supervisor = agentlab.processes(f"runsv {service}")[0]
    os.kill(supervisor, signal.SIGKILL)
    time.sleep(0.1)
    eventually(lambda: pathlib.Path(f"{service}/supervise/ok").exists() and tree.running(client).running)
    eventually(lambda: len(lab.haproxies(tree.lb)) == 2)
    lab.wait_for(tree.vip)


def test_a_killed_agent_comes_back_to_what_runs(tree, lab):
    with traffic(tree) as failed:
        running = lab.haproxies(tree.lb)
        lab.stop(signal.SIGKILL)
        time.sleep(0.2)
        lab.start()
        placed = tree.running(lab.client())
        assert (placed.running, lab.haproxies(tree.lb)) == (True, running)
        assert agentlab.applied(lab.client().good("PUT", tree.path, tree.document())).how == "unchanged"
    assert failed == []


@contextlib.contextmanager
def traffic(tree):
    """Requests one after another; yields the list of what failed."""
    failed, done = [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            try:
                tree.serves()
            except OSError as error:
                failed.append(error)
            time.sleep(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield failed
    finally:
        done.set()
        thread.join()


def test_a_boot_starts_what_needs_no_keys(tree, lab):
    lab.stop(signal.SIGKILL)
    for pid in [
        *lab.haproxies(tree.lb),
        *agentlab.processes(f"runsv {lab.places(tree.lb).service}"),
    ]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(lab.settings.run_folder)
    lab.start()
    eventually(lambda: tree.running(lab.client()).running)
    lab.wait_for(tree.vip)


def test_interfaces_come_and_go_with_a_reload_or_without(tree, client, lab):
    second = Interface(mac=lab.card().upper(), name="net1", addresses=("10.78.0.5/24", "fd77::5/64"), mtu=1400)
    first = tree.interfaces[0]
    tree.interfaces = (first, second)
    client.good("PUT", tree.path, tree.document(generation=2))
    inside = agentlab.sh(f"ip -n {lab.places(tree.lb).netns} addr show net1")
    assert "10.78.0.5/24" in inside
    assert "fd77::5/64" in inside
    assert "mtu 1400" in inside
    tree.interfaces = (first,)
    client.good("PUT", tree.path, tree.document(generation=3))
    assert second.mac.lower() in {
        n.mac for n in agentlab.facts(client.good("GET", "/v1/facts")).nics if not n.load_balancer_id
    }
    assert tree.serves().startswith("m")


def test_certificates_serve_tls_and_are_kept_in_memory(tree, client, lab):
    pem = lab.amphorae.issue("hydria://somebody")
    digest = hashlib.sha256(pem.encode()).hexdigest()
    extra = f"    bind {tree.vip}:443 ssl crt site.pem"
    supplied = (Certificate(name="site.pem", digest=digest, pem=pem),)
    client.good(
        "PUT",
        tree.path,
        tree.document(extra, generation=2, certificates=(Certificate(name="site.pem", digest=digest),)),
        code=422,
    )
    client.good("PUT", tree.path, tree.document(extra, generation=2, certificates=supplied))
    client.good(
        "PUT",
        tree.path,
        tree.document(
            f"{extra}\n    maxconn 9", generation=3, certificates=(Certificate(name="site.pem", digest=digest),)
        ),
    )
    assert agentlab.facts(client.good("GET", "/v1/facts")).certificates == (digest,)
    assert agentlab.sh(f"grep -rl 'PRIVATE KEY' {lab.places(tree.lb).state} || true") == ""
    with lab.within(lab.far, tree.vip, 443) as plain:
        context = ssl.create_default_context(cadata=lab.amphorae.pem)
        context.check_hostname = False
        with context.wrap_socket(plain) as wrapped:
            assert wrapped.version() == "TLSv1.3"


def test_ping_checks_work_without_privilege(tree, client):
    extra = f"""backend {ids.new()}:ping
    option external-check
    external-check command "${{HYDRIA_PING}}"
    server {(pinged := ids.new())} 10.77.0.1:9 check inter 200ms
    server {(silent := ids.new())} 10.77.0.250:9 check inter 200ms fall 1"""
    tree.members = {}
    client.good(
        "PUT",
        tree.path,
        tree.document(f"backend {tree.pool}:{tree.listener}\n{extra}".partition("\n")[2], generation=2),
    )
    eventually(lambda: members(client, tree).get(ids.raw(silent)) == datagrams.MemberState.DOWN)
    assert members(client, tree)[ids.raw(pinged)] == datagrams.MemberState.UP


def told(client, tree) -> list[datagrams.State]:
    return msgspec.msgpack.decode(client.good("GET", f"{tree.path}/state"), type=list[datagrams.State])


def members(client, tree) -> dict[bytes, int]:
    return dict(pair for state in told(client, tree) for pair in state.members)


def test_statuses_and_counters_are_told_when_asked(tree, client):
    eventually(lambda: members(client, tree) == {ids.raw(next(iter(tree.members))): datagrams.MemberState.UP})
    (counted,) = [listener for state in told(client, tree) for listener in state.listeners]
    assert (counted.listener_id, counted.open, counted.total_connections > 0) == (ids.raw(tree.listener), True, True)


def test_a_retired_placement_accepts_no_more_and_an_apply_brings_it_back(tree, client, lab):
    assert msgspec.json.decode(client.good("POST", f"{tree.path}/retire", {"epoch": 1})) == {"connections": 0}
    with pytest.raises(OSError):
        tree.serves()
    client.good("PUT", tree.path, tree.document())
    lab.wait_for(tree.vip)


def test_datagrams_tell_of_life_edges_and_counters(tree, client, lab):
    with socket_in(lab.node) as heard:
        key = hashlib.sha256(b"session").digest()
        controller = f"127.0.0.1:{heard.getsockname()[1]}"
        node = agentlab.node_document(lab, epoch=5, controllers=(controller,), placements=(tree.lb,))
        client.good("PUT", "/v1/node", node)
        client.good("PUT", "/v1/node", msgspec.structs.replace(node, epoch=4), code=409)
        header, alive, sender = hear(heard, key, datagrams.KindOf.ALIVE)
        assert msgspec.msgpack.decode(alive, type=datagrams.Alive).placements[0].running
        answer = datagrams.Header(
            kind=3,
            amphora_id=lab.amphora_id,
            session=node.session,
            boot_id=ids.text(bytes(16)),
            seq=header.seq,
            token=b"t" * 16,
        )
        heard.sendto(datagrams.seal(key, answer, b"\0"), sender)
        eventually(lambda: hear(heard, key, datagrams.KindOf.ALIVE)[0].token == b"t" * 16)
        lab.members[-1].kill()
        state = datagrams.State(b"", "", edge=False)
        while not state.edge:
            state = msgspec.msgpack.decode(hear(heard, key, datagrams.KindOf.STATE)[1], type=datagrams.State)
        assert state.members == ((ids.raw(next(iter(tree.members))), datagrams.MemberState.DOWN),)
        while not state.listeners:
            state = msgspec.msgpack.decode(hear(heard, key, datagrams.KindOf.STATE)[1], type=datagrams.State)
        assert state.listeners[0].total_connections > 0


@contextlib.contextmanager
def socket_in(namespace: str):
    """A UDP socket on loopback inside a namespace."""
    ours, theirs = socket.socketpair()
    if (child := os.fork()) == 0:
        agentlab.enter(namespace)
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        socket.send_fds(theirs, [b"ok"], [made.fileno()])
        os._exit(0)
    _, handles, _, _ = socket.recv_fds(ours, 16, 1)
    os.waitpid(child, 0)
    with ours, theirs, socket.socket(fileno=handles[0]) as found:
        found.settimeout(5)
        yield found


def hear(heard, key: bytes, kind: datagrams.KindOf) -> tuple[datagrams.Header, bytes, Any]:
    while True:
        data, sender = heard.recvfrom(2000)
        header, body = datagrams.unseal(key, data) or pytest.fail("a datagram that nobody signed")
        if header.kind == kind:
            return header, body, sender


def test_a_node_document_removes_what_it_does_not_name(lab, client):
    fresh = Tree(lab, lab.cards + 1)
    client.good("PUT", fresh.path, fresh.document(epoch=4))
    answer = agentlab.facts(client.good("PUT", "/v1/node", agentlab.node_document(lab, epoch=9)))
    assert fresh.lb not in {placed.load_balancer_id for placed in answer.placements}
    assert_nothing_is_left(lab, fresh)
    client.good("PUT", fresh.path, fresh.document(epoch=3), code=409)


def assert_nothing_is_left(lab, tree) -> None:
    places = lab.places(tree.lb)
    assert not any(pathlib.Path(path).exists() for path in (places.namespace, places.run, places.state, places.service))
    assert agentlab.processes(tree.lb) == []


def test_an_unwritable_folder_is_a_clear_fault(tree, client, lab):
    folder = f"{lab.places(tree.lb).state}/good"
    agentlab.sh(f"mount -t tmpfs -o size=4k,nr_inodes=1 none {folder}")
    said = client.good("PUT", tree.path, tree.document("    maxconn 77", generation=2), code=507)
    agentlab.sh(f"umount {folder}")
    assert "cannot write" in agentlab.fault(said)["error"]
    assert tree.serves().startswith("m")


def test_deleting_leaves_nothing_and_frees_the_card(lab, client):
    fresh, took = Tree(lab, lab.cards + 1), []
    for epoch in range(1, 6):
        begun = time.perf_counter()
        client.good("PUT", fresh.path, fresh.document(epoch=epoch))
        took.append((time.perf_counter() - begun) * 1000)
        client.good("DELETE", f"{fresh.path}?epoch={epoch}", code=204)
        assert_nothing_is_left(lab, fresh)
    client.good("DELETE", f"{fresh.path}?epoch=5", code=204)
    assert fresh.interfaces[0].mac in {nic.mac for nic in agentlab.facts(client.good("GET", "/v1/facts")).nics}
    print("first-apply ms:", agentlab.median(took))


def test_it_starts_fast_and_is_small(lab):
    took = []
    for _ in range(5):
        lab.stop()
        took.append(lab.start())
    print("start-to-answer ms:", agentlab.median(took), "PSS MiB:", round(lab.pss_mib(), 1))
    assert lab.pss_mib() < 30
