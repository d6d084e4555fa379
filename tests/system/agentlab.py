"""A real agent in a network namespace of its own, with a test CA, cards, members and a client beside it."""

import contextlib
import ctypes
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time
from typing import Any

import msgspec
from cryptography import x509

from hydria.agent import disk, places
from hydria.drivers.certificates import signing
from hydria.kit import ids
from hydria.wire import documents, identities
from hydria.wire.agentsettings import AgentSettings
from hydria.wire.documents import Applied, Facts, Interface, NodeDocument, PlacementDocument

DEPLOYMENT = "11111111-1111-4111-8111-111111111111"
ADDRESS = "127.0.0.1"
PORT = 9443
HOUR_S = 3600.0


def sh(text: str, *, check: bool = True) -> str:
    done = subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{text}: {done.stderr}")
    return done.stdout


class Root:
    """A certificate authority, as the product makes them."""

    def __init__(self, name: str) -> None:
        self._root = signing.new_root(name, time.time(), HOUR_S)
        self.pem = signing.pem(self._root.certificate).decode()

    def issue(self, uri: str) -> str:
        """Certificate and key."""
        key = signing.new_key()
        return self._certified(uri, key.public_key()) + signing.pem_of_key(key).decode()

    def sign(self, request: str) -> str:
        asked = x509.load_pem_x509_csr(request.encode())
        uri = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value[0].value
        return self._certified(uri, signing.requested_key(request.encode()))

    def _certified(self, uri, key):
        subject = signing.Subject(uri, "somebody", signing.SERVER_AND_CLIENT)
        return signing.certify(self._root, key, subject, time.time(), HOUR_S).decode()


class Client:
    """A controller on one connection, inside the node's namespace."""

    def __init__(self, lab: "Lab", pem: pathlib.Path) -> None:
        self._context = ssl.create_default_context(cadata=lab.amphorae.pem)
        self._context.check_hostname = False
        self._context.load_cert_chain(pem)
        self._lab = lab
        self._connection = self.connect()

    def connect(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(ADDRESS, PORT, context=self._context, timeout=30)
        connection.sock = self._context.wrap_socket(self._lab.dial(ADDRESS, PORT))
        self._lab.sockets.append(connection.sock)
        return connection

    def peer_serial(self) -> int:
        der = self.connect().sock.getpeercert(binary_form=True)
        assert isinstance(der, bytes)
        return x509.load_der_x509_certificate(der).serial_number

    def call(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        if self._connection.sock is None:
            self._connection = self.connect()
        self._connection.request(method, path, body=None if body is None else msgspec.json.encode(body))
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def good(self, method: str, path: str, body: object = None, *, code: int = 200) -> bytes:
        status, said = self.call(method, path, body)
        assert status == code, (status, said)
        return said


class Lab:
    """Node namespace, client namespace with a bridge and members, settings, roots."""

    def __init__(self, folder: pathlib.Path, tag: str) -> None:
        self.folder, self.tag = folder, tag
        self.node, self.far = f"agt-n-{tag}", f"agt-f-{tag}"
        self.amphora_id = ids.new()
        self.controllers, self.amphorae, self.strangers = Root("controllers"), Root("amphorae"), Root("strangers")
        self.settings = AgentSettings(
            amphora_id=self.amphora_id,
            deployment=DEPLOYMENT,
            bind_host=ADDRESS,
            bind_port=PORT,
            certificate=str(folder / "server.pem"),
            client_ca=str(folder / "client_ca.pem"),
            state_folder=str(folder / "state"),
            run_folder=f"/run/agt-{tag}",
            service_folder=f"/run/agt-{tag}/services",
        )
        self.agent: subprocess.Popen[bytes] | None = None
        self.members: list[subprocess.Popen[bytes]] = []
        self.sockets: list[socket.socket] = []
        self.cards = 0

    def build(self) -> None:
        sh(
            f"ip netns add {self.node} && ip netns add {self.far} && ip -n {self.node} link set lo up && ip -n {self.far} link set lo up"
        )
        sh(f"ip -n {self.far} link add br0 type bridge && ip -n {self.far} addr add 10.77.0.1/24 dev br0")
        sh(f"ip -n {self.far} link set br0 up")
        (self.folder / "server.pem").write_text(
            self.amphorae.issue(identities.uri(DEPLOYMENT, identities.AMPHORA, self.amphora_id))
        )
        (self.folder / "client_ca.pem").write_text(self.controllers.pem)
        self.pem("controller.pem", self.controllers, identities.uri(DEPLOYMENT, identities.CONTROLLER, "c1"))
        (self.folder / "settings.json").write_bytes(msgspec.json.encode(self.settings))

    def pem(self, name: str, root: Root, uri: str) -> pathlib.Path:
        path = self.folder / name
        path.write_text(root.issue(uri))
        return path

    def client(self, name: str = "controller.pem") -> Client:
        return Client(self, self.folder / name)

    def start(self) -> float:
        """Start the agent; milliseconds until it answered on its port."""
        argv = [
            "nsenter",
            f"--net=/run/netns/{self.node}",
            sys.executable,
            "-m",
            "hydria.agent",
            str(self.folder / "settings.json"),
        ]
        begun = time.perf_counter()
        with (self.folder / "agent.log").open("ab") as log:
            self.agent = subprocess.Popen(argv, stderr=log, start_new_session=True)
        while time.perf_counter() - begun < 10:
            try:
                self.dial(ADDRESS, PORT).close()
                self.client().good("GET", "/")
            except OSError:
                time.sleep(0.002)
            else:
                return (time.perf_counter() - begun) * 1000
        raise AssertionError((self.folder / "agent.log").read_text())

    def dial(self, host: str, port: int) -> socket.socket:
        return self.within(self.node, host, port)

    def within(self, namespace: str, host: str, port: int) -> socket.socket:
        """A connected socket made inside a namespace: a child makes it and hands it over."""
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        child = os.fork()
        if child == 0:
            _dial_and_hand_over(namespace, host, port, theirs)
        theirs.close()
        with ours:
            word, handles, _, _ = socket.recv_fds(ours, 16, 1)
        os.waitpid(child, 0)
        if not handles:
            raise ConnectionRefusedError(word)
        found = socket.socket(fileno=handles[0])
        found.settimeout(10)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found

    def get(self, address: str, port: int = 80) -> tuple[int, str]:
        """An HTTP GET from the far side."""
        connection = http.client.HTTPConnection(address, port, timeout=3)
        with contextlib.closing(connection):
            connection.sock = self.within(self.far, address, port)
            connection.request("GET", "/")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def wait_for(self, address: str, within_s: float = 5.0) -> float:
        """Milliseconds until 200 through the VIP."""
        begun = time.perf_counter()
        while time.perf_counter() - begun < within_s:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get(address)[0] == 200:
                    return (time.perf_counter() - begun) * 1000
            time.sleep(0.005)
        raise AssertionError("no answer through the VIP")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.agent:
            self.agent.send_signal(number)
            self.agent.wait(10)
            self.agent = None

    def card(self) -> str:
        """Plug a card into the node; its MAC."""
        self.cards += 1
        near, far = f"eth{self.cards}", f"far{self.cards}"
        mac = f"02:00:00:00:00:{self.cards:02x}"
        sh(f"ip -n {self.node} link add {near} address {mac} type veth peer name {far} netns {self.far}")
        sh(f"ip -n {self.far} link set {far} master br0 up")
        return mac

    def member(self, number: int) -> str:
        """A server on the far side that answers with its number."""
        text_ = f"""defaults
    mode http
    timeout client 5s
frontend member
    bind 10.77.0.1:{8000 + number}
    http-request return status 200 content-type text/plain string m{number}
"""
        path = self.folder / f"member{number}.cfg"
        path.write_text(text_)
        argv = ["ip", "netns", "exec", self.far, self.settings.haproxy, "-f", str(path)]
        self.members.append(subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True))
        return f"10.77.0.1:{8000 + number}"

    def pss_mib(self) -> float:
        assert self.agent
        said = pathlib.Path(f"/proc/{self.agent.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")) / 1024

    def haproxies(self, lb: str) -> list[int]:
        return [
            int(pid)
            for pid in sh(f"ip netns pids {self.places(lb).netns}", check=False).split()
            if "haproxy" in comm(int(pid))
        ]

    def places(self, lb: str) -> places.Places:
        return places.of(self.settings, lb)

    def clear(self) -> None:
        self.stop(signal.SIGKILL)
        for one in self.sockets:
            one.close()
        for lb in disk.names(f"/run/agt-{self.tag}/placements"):
            with contextlib.suppress(OSError):
                pathlib.Path(f"{self.places(lb).service}/supervise/control").write_bytes(b"dkx")
            for pid in sh(f"ip netns pids {self.places(lb).netns}", check=False).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            sh(f"ip netns del {self.places(lb).netns}", check=False)
        for member in self.members:
            member.kill()
            member.wait()
        for namespace in (self.node, self.far):
            for pid in sh(f"ip netns pids {namespace}", check=False).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            sh(f"ip netns del {namespace}", check=False)
        shutil.rmtree(f"/run/agt-{self.tag}", ignore_errors=True)


def processes(words: str) -> list[int]:
    """Processes whose command line has these words."""
    done = subprocess.run(["pgrep", "-f", words], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def comm(pid: int) -> str:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/comm").read_text()
    return ""


def enter(namespace: str) -> None:
    """Let this process be in a namespace: for children only."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    ctypes.CDLL(None).setns(handle, 0x40000000)


def _dial_and_hand_over(namespace: str, host: str, port: int, channel: socket.socket) -> None:
    try:
        enter(namespace)
        made = socket.create_connection((host, port), timeout=2)
        socket.send_fds(channel, [b"ok"], [made.fileno()])
    except OSError as error:
        channel.send(str(error).encode() or b"error")
    finally:
        os._exit(0)


def config(listener: str, address: str, pool: str, members: dict[str, str], extra: str = "") -> str:
    servers = "\n".join(f"    server {name} {at} check inter 200ms fall 2 rise 1" for name, at in members.items())
    return f"""defaults
    log global
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend {listener}
    bind {address}:80
    default_backend {pool}:{listener}
{extra}
backend {pool}:{listener}
    balance roundrobin
{servers}
"""


def document(lb: str, text_: str, interfaces: tuple[Interface, ...], **more: Any) -> PlacementDocument:
    files = {"haproxy.cfg": text_}
    certificates = more.get("certificates", ())
    digest = documents.digest_of(files, interfaces, certificates)
    kept: dict[str, Any] = {"epoch": 1, "generation": 1, **more}
    return PlacementDocument(load_balancer_id=lb, digest=digest, files=files, interfaces=interfaces, **kept)


def median(values: list[float]) -> str:
    return f"min {min(values):.1f} median {statistics.median(values):.1f}"


def applied(said: bytes) -> Applied:
    return msgspec.json.decode(said, type=Applied)


def facts(said: bytes) -> Facts:
    return msgspec.json.decode(said, type=Facts)


def node_document(lab: Lab, **more: Any) -> NodeDocument:
    kept: dict[str, Any] = {
        "amphora_id": lab.amphora_id,
        "epoch": 1,
        "controllers": (),
        "trust": lab.controllers.pem,
        "session": ids.new(),
        "session_key": hashlib.sha256(b"session").hexdigest(),
        "alive_every_s": 0.1,
        "statistics_every_s": 0.3,
        "placements": (),
        **more,
    }
    return NodeDocument(**kept)


def serial(chain: str) -> int:
    return x509.load_pem_x509_certificate(chain.encode()).serial_number


def fault(said: bytes) -> Any:
    return json.loads(said)
