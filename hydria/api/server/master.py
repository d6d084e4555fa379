"""The master of the API's processes: a program of its own that keeps the listening socket and the workers, and loads nothing else.

    master.py STATE -- COMMAND...

STATE is JSON (see `State`); COMMAND starts a worker. Beside the environment, a worker gets HYDRIA_API with descriptors: of the
socket it serves, of a pipe in which it says that it is ready, and of one that ends when the master does.

SIGHUP hands over: COMMAND is asked for its plan (HYDRIA_API=plan), new workers are started by it, and when all are ready the old
ones drain; if the new do not come up, the old go on. Either way the file `ready` is written anew:

    {"pid": ..., "workers": [pids], "address": "host:port", "began": s, "ended": s, "outcome": ""}

`began` is CLOCK_MONOTONIC when the start or hand-over that ended so was begun, `outcome` says why it failed. So whoever sends the
signal at moment t knows of its end when the file says `began` >= t. SIGTERM and SIGINT end the workers and the master.
"""

import contextlib
import datetime as dt
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import asdict, dataclass, field

VARIABLE = "HYDRIA_API"
"""In the environment of a process that this program starts: what it is to do."""
SERVICE = "HYDRIA_SERVICES"
"""In the environment of what runit supervises for us; then the working directory holds the program that starts us."""
START_S, END_S = 60.0, 13.0
FIRST_PAUSE_S, MOST_PAUSE_S, WELL_S = 0.1, 10.0, 30.0
"""Before a worker that ended is replaced; it grows unless the last one lived well for a while."""
BACKLOG = 4096
BUFFER = 256 * 1024
"""What the kernel keeps for a connection each way; by itself it would go to megabytes for clients that do not read."""


@dataclass(frozen=True)
class Plan:
    """What is to be served, by how many, and how the master is started."""

    host: str
    port: int
    workers: int
    ready: str
    master: list[str]
    command: list[str]


@dataclass
class Worker:
    """A process that serves. `life` is our end of the pipe by which it sees us alive, `ready` that by which it is heard."""

    pid: int
    life: int
    ready: int | None
    began: float


@dataclass
class State:
    """What a master leaves to its successor in the same process."""

    plan: Plan
    listener: int | None = None
    workers: list[Worker] = field(default_factory=list)
    old: list[Worker] = field(default_factory=list)
    """They drain, and are not replaced."""
    began: float = 0.0

    @classmethod
    def read(cls, text: str) -> "State":
        """From JSON."""
        raw = json.loads(text)
        workers = {name: [Worker(**w) for w in raw.get(name, [])] for name in ("workers", "old")}
        return cls(Plan(**raw["plan"]), raw.get("listener"), began=raw.get("began", 0.0), **workers)


def bind(plan: Plan) -> socket.socket:
    """A listening socket; what is set here holds for all connections. Raises OSError."""
    family = socket.AF_INET6 if ":" in plan.host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for way in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, way, BUFFER)
    made.bind((plan.host, plan.port))
    made.listen(BACKLOG)
    return made


def tell(event: str, level: str = "info", **fields: object) -> None:
    """A line of the log, like those of all processes."""
    now = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    with contextlib.suppress(OSError):
        os.write(
            2, json.dumps({"process": "api", **fields, "event": event, "level": level, "time": now}).encode() + b"\n"
        )


class Planner:
    """A process that is asked what the settings say now."""

    def __init__(self, command: list[str]) -> None:
        self.began = time.monotonic()
        self._said = b""
        self.fd, theirs = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, theirs, 1), (os.POSIX_SPAWN_DUP2, theirs, 2)]
        try:
            self.pid = os.posix_spawnp(command[0], command, {**os.environ, VARIABLE: "plan"}, file_actions=actions)
        except OSError:
            os.close(self.fd)
            raise
        finally:
            os.close(theirs)

    def hear(self) -> Plan | str | None:
        """What it said, once it has ended: a plan, or why there is none."""
        if said := os.read(self.fd, 65536):
            self._said += said
            return None
        os.close(self.fd)
        lines = self._said.decode(errors="replace").splitlines()
        try:
            return Plan(**json.loads(lines[-1]))
        except (IndexError, TypeError, ValueError):
            return lines[-1] if lines else "the process that reads the settings said nothing"

    def is_late(self) -> bool:
        """Whether it takes too long, or has left its end of the pipe to somebody who does."""
        return time.monotonic() - self.began > START_S

    def give_up(self) -> str:
        """End it; why there is no plan."""
        os.close(self.fd)
        with contextlib.suppress(ChildProcessError):  # it has ended already
            if not os.waitpid(self.pid, os.WNOHANG)[0]:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        return f"the process that reads the settings did not end within {START_S:.0f} s"


class Master:
    """Keeps workers at work until it is told to end."""

    def __init__(self, state: State, command: list[str]) -> None:
        self._plan, self._command = state.plan, command
        self._workers, self._old = state.workers, state.old
        self._began = state.began or time.monotonic()
        self._listener = socket.socket(fileno=state.listener) if state.listener is not None else self._bound()
        self._planner: Planner | None = None
        self._before: tuple[Plan, socket.socket, list[Worker]] | None = None
        """During a hand-over: what is served until the new are ready."""
        self._pause, self._start_at = FIRST_PAUSE_S, 0.0
        self._is_served = bool(state.workers)
        self._orders: set[int] = set()
        self._bell = os.pipe()
        os.set_blocking(self._bell[1], False)

    def _bound(self) -> socket.socket:
        """The socket; one that is still held by workers whose master was killed is free in a moment."""
        until = time.monotonic() + END_S
        while True:
            try:
                return bind(self._plan)
            except OSError as error:
                if time.monotonic() > until:
                    sys.exit(
                        f"hydria: {self._plan.host}:{self._plan.port} cannot be served: {error}; remedy: free it, or "
                        "change [api_settings] bind_host and bind_port"
                    )
                time.sleep(0.05)

    def run(self) -> None:
        """Until told to end."""
        signal.set_wakeup_fd(self._bell[1])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda n, _: self._orders.add(n))
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        while not self._orders & {signal.SIGTERM, signal.SIGINT}:
            self._orders.discard(signal.SIGCHLD)
            self._reap()
            self._hire()
            if signal.SIGHUP in self._orders and self._planner is None and self._before is None:
                self._orders.discard(signal.SIGHUP)
                self._ask()
            self._wait()
        self._end()

    # --- what happens

    def _wait(self) -> None:
        """Until a signal, a word of a worker, or a deadline."""
        poll = select.poll()
        poll.register(self._bell[0], select.POLLIN)
        waiting = {w.ready: w for w in self._workers if w.ready is not None}
        for fd in waiting:
            poll.register(fd, select.POLLIN)
        if self._planner:
            poll.register(self._planner.fd, select.POLLIN)
        is_idle = not (self._before or self._planner or len(self._workers) < self._plan.workers)
        for fd, _ in poll.poll(None if is_idle else 100):
            if fd == self._bell[0]:
                os.read(fd, 4096)
            elif self._planner and fd == self._planner.fd:
                self._planned(self._planner.hear())
            elif fd in waiting:
                self._heard(waiting[fd])
        if self._planner and self._planner.is_late():
            self._planned(self._planner.give_up())
        if self._before and time.monotonic() - self._began > START_S:
            self._undo(f"not ready within {START_S:.0f} s")

    def _heard(self, worker: Worker) -> None:
        """A worker is ready, or will never be: then it is about to be reaped."""
        assert worker.ready is not None
        is_ready = bool(os.read(worker.ready, 1))
        os.close(worker.ready)
        worker.ready = None
        if not is_ready:
            worker.life = close(worker.life)
        elif len(self._workers) == self._plan.workers and all(w.ready is None for w in self._workers):
            self._served()

    def _served(self) -> None:
        """All are ready: the old ones, if any, may go."""
        self._is_served = True
        before, self._before = self._before, None
        if before is None:
            self._publish()
            return
        _, listener, old = before
        if listener is not self._listener:
            listener.close()
        for one in old:
            kill(one, signal.SIGTERM)
        self._old += old
        self._publish()
        self._succeed()

    def _publish(self, outcome: str = "") -> None:
        """Tell those who wait for it how a start or a hand-over ended."""
        plan = self._before[0] if self._before else self._plan
        pids = [w.pid for w in self._workers]
        ended = time.monotonic()
        tell(
            "api.served" if not outcome else "api.not_handed_over",
            "info" if not outcome else "error",
            workers=pids,
            why=outcome,
        )
        words = {
            "pid": os.getpid(),
            "workers": pids,
            "address": f"{plan.host}:{plan.port}",
            "began": self._began,
            "ended": ended,
            "outcome": outcome,
        }
        try:
            with open(f"{plan.ready}.new", "w") as file:
                json.dump(words, file)
            os.replace(f"{plan.ready}.new", plan.ready)
        except OSError as error:  # a full disk is no reason to serve nobody
            tell("api.not_told", "error", file=plan.ready, why=str(error))

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                self._ended(*found)

    def _ended(self, pid: int, status: int) -> None:
        """A process of ours has ended."""
        code = os.waitstatus_to_exitcode(status)
        for group in (self._old, self._before[2] if self._before else []):
            for one in [w for w in group if w.pid == pid]:
                group.remove(one)
                close(one.life)
        for one in [w for w in self._workers if w.pid == pid]:
            self._workers.remove(one)
            close(one.life)
            if one.ready is not None:
                close(one.ready)
            tell("api.worker_ended", "warning", worker=pid, code=code)
            self._missed(f"a new worker ended with {code} before it was ready; its log says why", one.began)

    def _missed(self, why: str, began: float) -> None:
        """A worker that was started at that moment has ended, or did not begin."""
        if self._before:
            self._undo(why)
        elif not self._is_served:
            sys.exit(1)  # whoever started us sees that it does not work, and the end of the log
        else:
            is_well = time.monotonic() - began > WELL_S
            self._pause = FIRST_PAUSE_S if is_well else min(self._pause * 2, MOST_PAUSE_S)
            self._start_at = time.monotonic() + self._pause

    def _hire(self) -> None:
        """Start what is missing."""
        while len(self._workers) < self._plan.workers and time.monotonic() >= self._start_at:
            now = time.monotonic()
            try:
                self._workers.append(self._started())
            except OSError as error:
                tell("api.worker_not_started", "error", why=str(error))
                self._missed(f"a new worker cannot be started: {error}", now)

    def _started(self) -> Worker:
        listen = self._listener.fileno()
        ready, life = os.pipe(), os.pipe()
        given = {"listener": listen, "ready": ready[1], "life": life[0]}
        theirs = (listen, ready[1], life[0])
        for fd in theirs:
            os.set_inheritable(fd, True)
        command = self._start()
        try:
            pid = os.posix_spawnp(command[0], command, {**os.environ, VARIABLE: json.dumps(given)})
        except OSError:
            for fd in (ready[0], life[1]):
                os.close(fd)
            raise
        finally:
            os.set_inheritable(listen, False)
            os.close(ready[1])
            os.close(life[0])
        return Worker(pid, life[1], ready[0], time.monotonic())

    def _start(self) -> list[str]:
        """How a worker is started: as we are, whatever has changed about that."""
        is_supervised = SERVICE in os.environ and os.path.exists("./run")
        return ["./run"] if is_supervised else self._command

    # --- handing over

    def _ask(self) -> None:
        began = time.monotonic()
        try:
            self._planner = Planner(self._start())
        except OSError as error:
            self._began = began
            self._publish(f"the process that reads the settings cannot be started: {error}")

    def _planned(self, plan: Plan | str | None) -> None:
        if plan is None or self._planner is None:
            return
        began, self._planner = self._planner.began, None
        if isinstance(plan, str):
            self._began = began
            self._publish(plan)
            return
        try:
            is_same = (plan.host, plan.port) == (self._plan.host, self._plan.port)
            listener = self._listener if is_same else bind(plan)
        except OSError as error:
            self._began = began
            self._publish(f"{plan.host}:{plan.port} cannot be served: {error}")
            return
        self._before = (self._plan, self._listener, self._workers)
        self._plan, self._listener, self._workers, self._began = plan, listener, [], began
        self._command, self._start_at = plan.command, 0.0

    def _undo(self, why: str) -> None:
        """The new do not come up: the old go on as if nothing had been."""
        assert self._before
        for one in self._workers:
            kill(one, signal.SIGKILL)
            if one.ready is not None:
                one.ready = close(one.ready)
        failed, self._old = self._workers, self._old
        self._old += failed
        (self._plan, listener, self._workers), self._before = self._before, None
        if listener is not self._listener:
            self._listener.close()
        self._listener, self._command = listener, self._plan.command
        self._publish(why)

    def _succeed(self) -> None:
        """Become the master that the new plan names; same process, same children."""
        state = State(self._plan, self._listener.fileno(), self._workers, self._old, self._began)
        for fd in (self._listener.fileno(), *(w.life for w in (*self._workers, *self._old))):
            os.set_inheritable(fd, True)
        # What comes while nobody can hear it is heard by the successor, and so is what was heard and not done.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD))
        for number in self._orders:
            os.kill(os.getpid(), number)
        master = self._plan.master
        os.execv(master[0], [*master, json.dumps(asdict(state)), "--", *self._plan.command])

    # --- the end

    def _end(self) -> None:
        """All workers answer what is under way; then there are none."""
        if self._planner:
            self._planner.give_up()
        everybody = [*self._workers, *self._old, *(self._before[2] if self._before else [])]
        for one in everybody:
            kill(one, signal.SIGINT)
        until = time.monotonic() + END_S
        while everybody and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                gone = os.waitpid(-1, os.WNOHANG)[0]
                everybody = [w for w in everybody if w.pid != gone]
            time.sleep(0.01)
        for one in everybody:
            kill(one, signal.SIGKILL)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._plan.ready)


def close(fd: int) -> int:
    """Close; a descriptor that is none."""
    with contextlib.suppress(OSError):
        os.close(fd)
    return -1


def kill(worker: Worker, number: int) -> None:
    """Send it a signal, if it is there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, number)


def main() -> None:
    """Run as a program."""
    state = State.read(sys.argv[1])
    for fd in (*(w.life for w in (*state.workers, *state.old)), *([] if state.listener is None else [state.listener])):
        os.set_inheritable(fd, False)
    os.environ.pop(VARIABLE, None)
    Master(state, sys.argv[3:]).run()


if __name__ == "__main__":
    main()
