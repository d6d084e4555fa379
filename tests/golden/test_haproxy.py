"""haproxy's files as they are written, each accepted by haproxy."""

import subprocess
from pathlib import Path

import pytest

from hydria.domain.tree import Tree
from hydria.domain.types import Algorithm, HttpMethod, HttpVersion, ListenerProtocol, MonitorType, PoolProtocol
from hydria.render import haproxy
from tests.golden import running
from tests.golden.trees import listener, loadbalancer, member, monitor, pool, tree

TCP = ListenerProtocol.TCP
CASES = {
    "nothing": Tree(),
    "down": tree(loadbalancer(admin_state_up=False), listener(), pool(), member()),
    "listener-without-pool": tree(listener(pool=None)),
    "parts-that-are-down": tree(
        listener(pool="off"),
        listener("other", port=81, admin_state_up=False),
        pool("off", admin_state_up=False),
        member(of="off"),
    ),
    "pool-without-members": tree(listener(), pool()),
    "http": tree(listener(), pool(), member("one"), member("two", address="192.0.2.2", weight=3)),
    "addresses": tree(
        loadbalancer("192.0.2.1", "2001:db8::1", "198.51.100.1"), listener(), pool(), member(address="2001:db8::9")
    ),
    "tcp": tree(
        listener(protocol=TCP, port=5432),
        pool(protocol=PoolProtocol.TCP, algorithm=Algorithm.LEAST_CONNECTIONS),
        member(),
        monitor(),
    ),
    "https-passed-through": tree(
        listener(protocol=ListenerProtocol.HTTPS, port=443), pool(protocol=PoolProtocol.HTTPS), member(port=443)
    ),
    "http-behind-tcp": tree(listener(protocol=TCP, port=5432), pool(), member()),
    "source-ip": tree(listener(), pool(algorithm=Algorithm.SOURCE_IP), member("one"), member("two", port=81)),
    "members": tree(
        listener(),
        pool(),
        monitor(),
        member("backup", backup=True),
        member("down", admin_state_up=False),
        member("drained", weight=0),
        member("checked-elsewhere", monitor_port=99, check="2001:db8::7"),
    ),
    "monitor-down": tree(listener(), pool(), member(), monitor(kind=MonitorType.PING, admin_state_up=False)),
    "monitor-http": tree(
        listener(),
        pool(),
        member(),
        monitor(
            kind=MonitorType.HTTP,
            max_retries_down=4,
            http_method=HttpMethod.HEAD,
            url_path="""/a'b"c#d\\e%[src]$HOME{f}?g=h&i""",
            expected_codes="200, 204,301",
            http_version=HttpVersion("1.1"),
            domain_name="www.example.org",
        ),
    ),
    "monitor-http-defaults": tree(
        listener(), pool(), member(), monitor(kind=MonitorType.HTTP, expected_codes="299-200")
    ),
    "monitor-http-without-name": tree(
        listener(), pool(), member(), monitor(kind=MonitorType.HTTP, http_version=HttpVersion("1.1"))
    ),
    "monitor-ping": tree(listener(), pool(), member(), monitor(kind=MonitorType.PING)),
    "monitor-extremes": tree(listener(), pool(), member(), monitor(delay=2147483647, timeout=0, retries=10)),
    "limits-and-timeouts": tree(
        listener(
            connection_limit=250,
            timeout_client_data=1000,
            timeout_member_connect=2000,
            timeout_member_data=2073600000,
            timeout_tcp_inspect=4000,
        ),
        pool(),
    ),
    "headers": tree(
        listener(
            insert_headers={"X-Forwarded-For": "true", "X-Forwarded-Port": "True", "X-Forwarded-Proto": "false\nevil"}
        ),
        pool(),
    ),
    "cidrs": tree(listener(cidrs=[f"10.{i}.0.0/16" for i in range(40)] + ["2001:db8::/32"]), pool()),
    "proxy": tree(
        listener(),
        listener("bytes", protocol=TCP, port=5432, pool="second"),
        pool(protocol=PoolProtocol.PROXY),
        member(),
        pool("second", protocol=PoolProtocol.PROXYV2),
        member("m2", of="second"),
    ),
    "keep-by-source": tree(listener(), pool(keep="SOURCE_IP"), member()),
    "keep-by-our-cookie": tree(listener(), pool(keep="HTTP_COOKIE"), member()),
    "keep-by-their-cookie": tree(listener(), pool(keep="APP_COOKIE", cookie="a'b#c$d%e"), member()),
    "one-pool-two-listeners": tree(
        listener(), listener("other", port=81, timeout_member_data=1), pool(), member(), monitor()
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_written_so_and_accepted(case, program, golden, tmp_path):
    text = haproxy.render(CASES[case], haproxy.Node(ping="/bin/true"))
    golden(Path(__file__).parent / "haproxy" / f"{case}.cfg", text)
    accepted(program, text, tmp_path)


def test_the_haproxy_of_each_release_is_tried(release, program):
    said = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=20, check=True).stdout
    assert said.startswith(f"HAProxy version {running.RELEASES[release]}")


def test_no_golden_file_is_left_over():
    assert {path.stem for path in (Path(__file__).parent / "haproxy").iterdir()} == set(CASES)


@pytest.mark.parametrize("method", HttpMethod)
def test_every_method_is_accepted(method, program, tmp_path):
    checked = monitor(kind=MonitorType.HTTP, http_method=method)
    accepted(program, haproxy.render(tree(listener(), pool(), member(), checked), haproxy.Node()), tmp_path)


def accepted(program: str, text: str, folder: Path) -> None:
    """Let haproxy check a file behind the agent's part; a warning is a refusal."""
    done = subprocess.run(
        [*running.written(program, text, folder), "-c", "-dW"], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
