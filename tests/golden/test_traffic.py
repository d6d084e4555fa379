"""What haproxy does with traffic when it runs these files."""

import http.client
import http.server
import queue
import socket
import sys
import threading
from typing import Any, Self

import pytest

from hydria.domain.types import Algorithm, HttpVersion, ListenerProtocol, MonitorType, PoolProtocol
from hydria.render import haproxy
from hydria.render.haproxy import commands
from tests.golden import running
from tests.golden.trees import listener, loadbalancer, member, monitor, pool, tree

PRINTABLE = "/" + "".join(chr(code) for code in range(33, 127))
BYTES: dict[str, Any] = {"protocol": ListenerProtocol.TCP}


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def site():
    with Site() as found:
        yield found


@pytest.fixture
def run(program, tmp_path):
    return lambda found: running.running(program, haproxy.render(found, haproxy.Node()), tmp_path / "run")


class Server(http.server.ThreadingHTTPServer):
    """Ends when its last connection has ended; haproxy may be killed amid one."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        assert isinstance(sys.exception(), ConnectionError)


class Site:
    """A member's web site, which keeps what it was asked."""

    def __init__(self) -> None:
        asked: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked.put((self.path, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.send_header("Set-Cookie", self.headers.get("Cookie") or "none=none")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.asked = asked
        self.server = Server(("127.0.0.1", 0), Answer)

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def member(self, word="member", **values):
        return member(word, address="127.0.0.1", port=self.server.server_port, **values)


def visit(port, cookie=""):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        client.request("GET", "/", headers={"Cookie": cookie, "Connection": "close"})
        answer = client.getresponse()
        answer.read()
        return answer
    finally:
        client.close()


def test_the_first_member_of_a_pool_gets_traffic(run, site, port):
    before = tree(listener(port=port), pool(algorithm=Algorithm.SOURCE_IP), monitor(kind=MonitorType.HTTP))
    with run(before) as found:
        assert visit(port).status == 503
        for step in commands.commands(before, before.plus(site.member())) or ():
            assert found.tell(step) in running.DONE
        assert visit(port).status == 200


def test_a_busy_member_is_not_deleted_but_gets_no_new_traffic(run, site, port):
    after = tree(listener(port=port, **BYTES), pool(protocol=PoolProtocol.TCP))
    before = after.plus(site.member())
    with run(before) as found:
        busy = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        busy.request("GET", "/")
        assert busy.getresponse().read() == b"ok"
        answers = [found.tell(step) for step in commands.commands(before, after) or ()]
        assert answers[-1].startswith("Server still has connections attached")
        with pytest.raises(ConnectionError):
            visit(port)
        busy.close()


def test_a_check_asks_for_exactly_the_path(run, site, port):
    asks = monitor(kind=MonitorType.HTTP, url_path=PRINTABLE, http_version=HttpVersion("1.1"), domain_name="a.example")
    with run(tree(listener(port=port), pool(), asks, site.member())):
        path, headers = site.asked.get(timeout=10)
        assert path == PRINTABLE
        assert headers["host"] == "a.example"


def test_a_check_without_a_name_asks_for_the_vip(run, site, port):
    asks = monitor(kind=MonitorType.HTTP, http_version=HttpVersion("1.1"))
    with run(tree(listener(port=port), pool(), asks, site.member())):
        assert site.asked.get(timeout=10)[1]["host"] == "127.0.0.1"


@pytest.mark.parametrize("cookie", ["plain", "a'b#c$d%e", "!#$%&'*+.^_`|~-"])
def test_a_client_stays_by_the_cookie_of_the_application(run, site, port, cookie):
    found = tree(listener(port=port), pool(keep="APP_COOKIE", cookie=cookie), site.member())
    with run(found) as process:
        assert visit(port, f"{cookie}=session").status == 200
        assert "key=session" in process.tell(f"show table {pool().id}:{listener().id}")


def test_a_client_stays_by_our_cookie(run, site, port):
    kept = site.member()
    with run(tree(listener(port=port), pool(keep="HTTP_COOKIE"), kept)):
        assert f"SRV={kept.id}" in str(visit(port).msg)


def test_headers_are_inserted(run, site, port):
    names = ("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
    with run(tree(listener(port=port, insert_headers=dict.fromkeys(names, "true")), pool(), site.member())):
        visit(port)
        headers = site.asked.get(timeout=10)[1]
        assert [headers[name.lower()] for name in names] == ["127.0.0.1", str(port), "http"]


@pytest.mark.parametrize("cidrs, is_let_in", [(["10.0.0.0/8", "127.0.0.0/8"], True), (["10.0.0.0/8"], False)])
def test_only_allowed_clients_connect(run, site, port, cidrs, is_let_in):
    with run(tree(listener(port=port, cidrs=cidrs), pool(), site.member())):
        if is_let_in:
            assert visit(port).status == 200
        else:
            with pytest.raises(ConnectionError):
                visit(port)


def test_requests_are_read_for_an_http_pool_behind_a_tcp_listener(run, site, port):
    with run(tree(listener(port=port, **BYTES), pool(), site.member())):
        assert visit(port).status == 200


def test_every_vip_answers(run, site, port):
    vips = loadbalancer("127.0.0.1", "::1", "127.0.0.9")
    with run(tree(vips, listener(port=port), pool(), site.member())):
        for vip in ("127.0.0.1", "::1", "127.0.0.9"):
            socket.create_connection((vip, port), timeout=5).close()


def test_a_load_balancer_that_is_down_runs_and_does_not_answer(run, site, port):
    down = loadbalancer(admin_state_up=False)
    with run(tree(down, listener(port=port), pool(), site.member())) as found:
        assert found.limits() == {}
        with pytest.raises(ConnectionRefusedError):
            visit(port)
