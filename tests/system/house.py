"""A whole deployment on this machine, for tests: brought up in a folder of its own, taken down without a trace."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from hydria import configuration, main
from hydria.cli import client, demo, removal
from hydria.cli.client import Client
from hydria.cli.demo import BackEnd
from hydria.cli.deployment import Deployment

ROOT = Path(__file__).parents[2]
LB = "/v2/lbaas/loadbalancers"
SETTINGS = """[DEFAULT]
state_path = {folder}/state
run_path = {folder}/run
start_at_boot = {boot}
transport_url = {transport}
[api_settings]
bind_port = {port}
{api}
[local_network]
management_cidr = {block}.0.0/22
vip_cidr = {block}.8.0/24
member_cidr = {block}.12.0/24
{more}"""
DATABASE = """
[database]
connection = {url}
observed_connection = {url}
"""


class House:
    """One deployment; `database` and `transport` are URLs, without them SQLite and this machine's sockets serve."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 19876,
        block: str = "10.66",
        more: str = "",
        api: str = "",
        database: str = "",
        transport: str = "",
        boot: bool = False,
    ) -> None:
        self.file = folder / "hydria.conf"
        more += DATABASE.format(url=database) if database else ""
        written = {"folder": folder, "port": port, "block": block, "more": more, "api": api, "transport": transport}
        self.file.write_text(SETTINGS.format(**written, boot=boot))
        settings = configuration.read(self.file)
        self.deployment = Deployment(settings, main._parts(settings))
        self.subnets: dict[str, str] = {}
        self.api: Client

    def up(self) -> None:
        self.deployment.up()
        self.api = self.deployment.client()
        self.subnets = {s.name: s.id for s in self.deployment.parts.networks().subnets()}

    def down(self) -> None:
        removal.down(self.deployment, purge=True)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`hydria` as a user types it."""
        line = (sys.executable, "-m", "hydria.main", "--config", str(self.file), *words)
        return subprocess.run(line, capture_output=True, text=True, check=False, cwd=ROOT)

    # --- users

    def create(self, name: str = "") -> dict[str, Any]:
        body = {"name": name, "vip_subnet_id": self.subnets["demo"]}
        return dict(self.api.call("POST", LB, {"loadbalancer": body})["loadbalancer"])

    def make(self, path: str, kind: str, **values: Any) -> dict[str, Any]:
        return dict(self.api.call("POST", f"/v2/lbaas/{path}", {kind: values})[kind])

    def serving(self, members: list[BackEnd], name: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
        """A load balancer over these, answering, and its pool."""
        lb = self.create(name)
        listener = self.make("listeners", "listener", loadbalancer_id=lb["id"], protocol="HTTP", protocol_port=80)
        pool = self.make("pools", "pool", listener_id=listener["id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
        for one in members:
            self.member(pool["id"], one.address)
        assert client.until(lambda: bool(client.ask(lb["vip_address"])), 15)
        assert self.settled(lb["id"])
        return lb, pool

    def member(self, pool: str, address: str, port: int = demo.PORT, **more: Any) -> dict[str, Any]:
        body = {"address": address, "protocol_port": port, "subnet_id": self.subnets["back"], **more}
        return self.make(f"pools/{pool}/members", "member", **body)

    def status(self, lb_id: str) -> str:
        return str(self.api.call("GET", f"{LB}/{lb_id}")["loadbalancer"]["provisioning_status"])

    def settled(self, lb_id: str, seconds: float = 20) -> bool:
        return client.until(lambda: self.status(lb_id) == "ACTIVE", seconds, 0.05)

    def all(self) -> list[dict[str, Any]]:
        return list(self.api.call("GET", LB)["loadbalancers"])

    def delete(self, lb_id: str) -> None:
        self.api.call("DELETE", f"{LB}/{lb_id}?cascade=true")

    def empty(self, seconds: float = 60) -> bool:
        """Delete everything and wait for its end."""
        for lb in self.all():
            if lb["provisioning_status"] != "PENDING_DELETE":
                self.delete(lb["id"])
        return client.until(lambda: not self.all(), seconds, 0.1)

    # --- processes

    def pid(self, process: str) -> int:
        return next(s.pid for s in self.deployment.supervision.standing() if s.name == process)

    def kill(self, process: str) -> None:
        """kill -9, of one controller or of every agent."""
        pids = self.agents() if process == "agent" else [self.pid(process)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def another(self, process: str) -> Iterator["subprocess.Popen[bytes]"]:
        """One more process of this deployment, unsupervised; its log is `another-PROCESS.log` beside the settings."""
        line = (sys.executable, "-m", "hydria.main", "--config", str(self.file), process)
        with self.log_of_another(process).open("wb") as log, subprocess.Popen(line, cwd=ROOT, stderr=log) as running:
            yield running
            running.terminate()
            assert running.wait(10) == 0

    def log_of_another(self, process: str) -> Path:
        return self.file.with_name(f"another-{process}.log")

    def inboxes(self) -> int:
        """How many workers listen for nudges on this machine."""
        return len(list((self.deployment.settings.run / "nudge").glob("*.sock")))

    def agents(self) -> list[int]:
        """The agents of this deployment's amphorae."""
        firsts = (self.deployment.settings.state / "machines").glob("*/pid")
        ours = {space(int(first.read_text().split()[0])) for first in firsts}
        return [pid for pid, words in processes() if "hydria.agent" in words and space(pid) in ours]

    def backends(self) -> list[BackEnd]:
        return demo.up(self.deployment)


def processes() -> Iterator[tuple[int, str]]:
    """Every process with its command line."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue


def space(pid: int) -> str:
    """The pid namespace of a process; its own when it is the first of one."""
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return str(pid)


class Traffic:
    """New connections to a VIP, one every 20 ms, while a block runs; `failed` and `asked` afterwards."""

    def __init__(self, vip: str) -> None:
        self._vip = vip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.asked = self.failed = 0

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.asked += 1
            self.failed += not client.ask(self._vip)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def at_once(work: Callable[[int], Any], times: int, threads: int) -> list[Any]:
    """Call `work(n)` so many times from so many threads; results, an exception where one was raised."""
    results: list[Any] = [None] * times
    numbers = iter(range(times))
    lock = threading.Lock()

    def labour() -> None:
        while True:
            with lock:
                n = next(numbers, None)
            if n is None:
                return
            try:
                results[n] = work(n)
            except Exception as error:  # noqa: BLE001  (what went wrong is a result here)
                results[n] = error

    labourers = [threading.Thread(target=labour) for _ in range(threads)]
    for one in labourers:
        one.start()
    for one in labourers:
        one.join()
    return results


def traces(folder: Path) -> dict[str, list[str]]:
    """What the deployment of a folder could leave behind on this machine."""

    def lines(*command: str) -> list[str]:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return sorted(line.split(" ")[0] if command[1] == "netns" else line.split(":")[1] for line in said.splitlines())

    mounts = sorted(line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    # What runs inside an amphora ends with its first process, whose command line has the folder.
    ours = sorted(words for _, words in processes() if str(folder) in words)
    return {
        "netns": lines("ip", "netns", "list"),
        "links": lines("ip", "-o", "link"),
        "mounts": mounts,
        "processes": ours,
    }


def wait_for(seconds: float) -> None:
    """Let real time pass; system tests only."""
    time.sleep(seconds)
