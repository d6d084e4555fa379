"""What a server costs beneath one application: build/servers/bin/python -m bench.servers [N] (made by `python -m bench.servers --make`).

CPU of whole process trees and requests per second, with one and eight clients that keep their connections, in turns, a trivial
Falcon application beneath each: gunicorn (threads), granian (WSGI), granian behind haproxy as a reading front, our own front, and
the same idea by asyncio and httptools, with and without uvloop.
"""

import argparse
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import measure

ROOT = Path(__file__).parents[1]
HOME = ROOT / "build/servers"
PARTS = ("falcon", "gunicorn", "granian", "httptools", "uvloop", "structlog", "prometheus_client", "msgspec")
HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
  timeout http-request 10s
  option http-buffer-request
listen front
  bind 127.0.0.1:{port}
  server granian 127.0.0.1:{behind}
"""


def commands(folder: Path, port: int) -> dict[str, list[list[str]]]:
    """How each is started: the processes whose trees are counted."""
    python = str(HOME / "bin/python")
    granian = [
        str(HOME / "bin/granian"),
        "--interface",
        "wsgi",
        "--blocking-threads",
        "16",
        "--no-ws",
        "--log-level",
        "error",
    ]
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, behind=port + 1))
    ours = [python, "-m", "bench.served"]
    return {
        "gunicorn, gthread": [
            [
                str(HOME / "bin/gunicorn"),
                "-k",
                "gthread",
                "--threads",
                "16",
                "-b",
                f"127.0.0.1:{port}",
                "bench.served:application",
            ]
        ],
        "granian, WSGI": [[*granian, "--port", str(port), "bench.served:application"]],
        "granian behind haproxy": [
            [*granian, "--port", str(port + 1), "bench.served:application"],
            ["/usr/sbin/haproxy", "-f", str(folder / "haproxy.cfg")],
        ],
        "asyncio and httptools": [[*ours, "asyncio", str(port)]],
        "asyncio, httptools, uvloop": [[*ours, "uvloop", str(port)]],
        "ours": [[*ours, "ours", str(port)]],
    }


def tree(pid: int) -> list[int]:
    """A process and all beneath it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += tree(int(child))
    return found


def ask(port: int, times: int) -> None:
    """So many requests on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(times):
        connection.request("GET", "/", headers={"X-Auth-Token": "x" * 40, "Accept": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (200, True)
    connection.close()


def load(port: int, clients: int, times: int) -> float:
    """So many requests by so many clients; seconds it took."""
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as crowd:
        for one in [crowd.submit(ask, port, times // clients) for _ in range(clients)]:
            one.result()
    return time.monotonic() - began


def once(words: list[list[str]], port: int, times: int) -> dict[int, tuple[float, float]]:
    """CPU microseconds and wall microseconds of a request, by clients."""
    started = [subprocess.Popen(w, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for w in words]
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                ask(port, 50)
                break
            except (OSError, http.client.HTTPException, AssertionError):
                time.sleep(0.1)
        found = {}
        for clients in (1, 8):
            pids = [pid for one in started for pid in tree(one.pid)]
            before = measure.cpu_s(pids)
            took = load(port, clients, times)
            found[clients] = ((measure.cpu_s(pids) - before) / times * 1e6, took / times * 1e6)
        return found
    finally:
        for one in started:
            one.send_signal(signal.SIGTERM)
        for one in started:
            one.wait(20)


def main(rounds: int, times: int, only: str) -> None:
    """All in turns, so that what the machine does besides meets all of them."""
    rows: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for name, words in commands(Path(folder), 21000 + 10 * number).items():
                if only not in name:
                    continue
                for clients, (cpu, wall) in once(words, 21000 + 10 * number, times).items():
                    row = rows.setdefault(name, {})
                    row.setdefault(f"cpu, {clients}", []).append(cpu)
                    row.setdefault(f"wall, {clients}", []).append(wall)
    measure.tell(requests=times, rounds=rounds, **{name: _row(row) for name, row in rows.items()})


def _row(row: dict[str, list[float]]) -> dict[str, str]:
    return {what: f"{statistics.median(v):.0f} ({min(v):.0f}) us" for what, v in row.items()}


def make() -> None:
    """An environment with all of them."""
    if not (HOME / "bin/granian").exists():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([HOME / "bin/pip", "install", "--quiet", *PARTS], check=True)
    os.execv(HOME / "bin/python", [str(HOME / "bin/python"), "-m", "bench.servers", *sys.argv[2:]])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--times", type=int, default=4000)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    main(given.rounds, given.times, given.only)
