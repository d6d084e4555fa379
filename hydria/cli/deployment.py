"""The deployment of one machine: how it is brought up, made to be what is set and installed, and taken down."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from hydria.cli import belongings, changes, checks, client, folder, keystone, turn
from hydria.cli.boot import Boot
from hydria.cli.changes import Act
from hydria.cli.client import Client
from hydria.cli.parts import Parts
from hydria.cli.supervision import Kept, Supervision
from hydria.cli.trouble import Trouble
from hydria.cli.works import LOOK_S, START_S, Works
from hydria.kit import running
from hydria.kit.running import Running

RUN_MB = 16
"""What sockets and supervision need, of memory."""
END_S = 30.0
"""A process that is told to end may finish what it has begun for so long."""

Tell = Callable[[str], None]


class Deployment:
    """One deployment on this machine; `tell` hears what is done, a line at a time."""

    def __init__(self, settings: Any, parts: Parts, tell: Tell = lambda _: None) -> None:
        self.settings = settings
        self.parts = parts
        self.supervision = Supervision(settings.run, settings.state / "log", _kept(settings))
        self._tell = tell

    @property
    def clouds(self) -> Path:
        """The file that tells clients how to reach us."""
        return Path(self.settings.state) / "clouds.yaml"

    @property
    def url(self) -> str:
        """Where we reach the API ourselves."""
        return str(self.settings.own_uri())

    @property
    def public_url(self) -> str:
        """Where clients reach the API."""
        return str(self.settings.public_uri())

    @property
    def known(self) -> bool:
        """Whether it was ever brought up."""
        return bool((self.settings.state / "deployment").exists())

    @property
    def works(self) -> Works:
        """What its processes do. The deployment must be known."""
        return Works(self.settings, self.supervision, self.parts.health_address())

    def client(self, user: str = "demo", seconds: float = 30.0) -> Client:
        """A client for a user of ours, or behind Keystone for the account of this service; raises Trouble."""
        if self.settings.is_behind_keystone():
            return Client(self.url, "", "", "", token=lambda: keystone.token(self.settings), seconds=seconds)
        with folder.told(self.settings.state):
            password = (self.settings.state / "passwords" / user).read_text().strip()
        return Client(self.url, user, password, "" if self.settings.is_open() else user, seconds=seconds)

    # --- up

    def up(self) -> bool:
        """Make what runs what is set and installed; whether there was something to do. Raises Trouble; what it did not
        change goes on, and where nothing ran before, what it made is unmade.
        """
        if self.settings.is_local():
            checks.root()
        with self._alone("up"), folder.told(self.settings.state):
            folder.refuse_lost(self.settings, self.parts)
            acts = self._acts()
            is_whole = not acts and self._is_whole()
            if not is_whole:
                self._converge(acts)
            return any([self._set_boot(), self._set_logs(), not is_whole])

    def _converge(self, acts: Collection[Act]) -> None:
        self._check(acts)
        import_module("hydria.cli.seams").look(self.settings, self.parts)
        self._begin([act for act in acts if act.begins])
        self._replace([act for act in acts if not act.begins])

    def restart(self, names: Collection[str]) -> None:
        """Begin these anew, one at a time, all when none is named; raises Trouble."""
        if not self.supervision.running():
            raise Trouble("nothing runs", "hydria up")
        with self._alone("restart"), folder.told(self.settings.state):
            chosen = names or self.parts.processes
            self._replace([Act(name, ("as asked",), begins=False) for name in changes.order(chosen)])

    def is_up(self) -> bool:
        """Whether every process runs."""
        standing = self.supervision.standing()
        return bool(standing) and all(s.pid for s in standing)

    def wanted(self) -> changes.Wanted:
        """What every process should be."""
        return changes.Wanted(running.build(), self.settings.values())

    def command(self, *words: str) -> list[str]:
        """How `hydria` is run with these words; without a settings file it goes by the defaults, as we do."""
        path = Path(self.settings.path).absolute()
        chosen = ["--config", str(path)] if path.exists() else []
        root = f"PYTHONPATH={Path(__file__).parents[2]}"
        return ["env", root, self.parts.python, "-m", "hydria.main", *chosen, *words]

    def typed(self, words: str) -> str:
        """A command for this deployment, as it is typed."""
        path = Path(self.settings.path)
        return (
            f"hydria --config {path} {words}"
            if path.exists() and self.settings.service != "hydria"
            else f"hydria {words}"
        )

    def _acts(self) -> list[Act]:
        alive = self.supervision.running()
        if not alive:
            return [Act(name, ("it did not run",), begins=True) for name in self.parts.processes]
        return changes.acts(self.works.found(self.parts.processes), alive, self.wanted())

    def _is_whole(self) -> bool:
        """Whether what is beside the processes is there: their supervisor, the networks, what clients need."""
        is_wired = not self.settings.is_local() or self.parts.fabric().is_up(self.parts.networks())
        is_told = self.clouds.exists() or self.settings.is_behind_keystone()
        return is_wired and is_told and self._is_supervised()

    def _is_supervised(self) -> bool:
        return all(self.supervision.is_supervised(name) for name in self.parts.processes)

    def _check(self, acts: Collection[Act]) -> None:
        """Everything that can be looked at before anything is made."""
        checks.clock()
        checks.tools()
        if self.settings.is_local():
            checks.haproxy(self.settings.option("haproxy_amphora", "haproxy_cmd"))
        checks.folder(self.settings.state, "state_path")
        checks.folder(self.settings.run, "run_path", RUN_MB)
        self._check_folders()
        if self.settings.option("DEFAULT", "start_at_boot"):
            self._boot().check()
        checks.sockets(self.settings.run)
        self._check_ranges(acts)
        for name, option in (("api", "[api_settings] bind_port"), ("health", "[health_manager] bind_port")):
            if any(act.name == name and (act.begins or act.moves(option)) for act in acts):
                self._check_port(name, option)

    def _check_folders(self) -> None:
        """What is not ours yet is nobody else's: later we would remove what is in it."""
        if not self.known:
            belongings.refuse_foreign(self.settings.state, belongings.STATE, "state_path")
        if not self._has_run:
            belongings.refuse_foreign(self.settings.run, belongings.RUN, "run_path")

    @property
    def _has_run(self) -> bool:
        """Whether run_path is ours: services are the first thing made there."""
        return not set(self.parts.processes).isdisjoint(self.supervision.names())

    def _check_ranges(self, acts: Collection[Act]) -> None:
        """Amphorae keep the addresses they have: a range is not changed under them."""
        moved = [o for o in self.settings.values() if o.startswith("[local_network]") and any(a.moves(o) for a in acts)]
        if moved and self.settings.is_local() and (machines := self.parts.compute().list()):
            reason = f"{moved[0]} changed, and {len(machines)} amphorae have addresses of the range it was"
            raise Trouble(reason, f"set it back, or remove them first: {self.typed('down --all')}")

    def _check_port(self, name: str, option: str) -> None:
        works = self.works
        if name == "api":
            checks.port(*works.listening(), option, there=True)
        else:
            checks.port(*works.datagrams(), option, checks.Kind.SOCK_DGRAM)

    def _begin(self, acts: Collection[Act]) -> None:
        """Everything that is not there, made and started at once; undone when it fails and nothing ran before."""
        with contextlib.ExitStack() as undo:
            for path in (self.settings.state, self.settings.run):
                if not path.exists():
                    undo.callback(shutil.rmtree, path, ignore_errors=True)
            folder.prepare(self.settings, self.parts)
            self.settings.run.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.parts.migrate()
            self._wire(undo)
            if not self.supervision.running():
                undo.callback(self.supervision.stop)
            self.supervision.start(self._commands())
            for act in acts:
                self.supervision.begin(act.name)
            self._await({act.name: None for act in acts})
            undo.pop_all()

    def _replace(self, acts: Collection[Act]) -> None:
        """One process after another; the first that does not come up ends it, and the others go on as they are."""
        for act in acts:
            began = time.monotonic()
            before = self.works.found([act.name])
            self._anew(act.name)
            self._await(before)
            self._tell(f"{act.name} restarted in {seconds(began)}: {', '.join(act.why)}")

    def _anew(self, name: str) -> None:
        """End a process and have it begun again; one that hands over to its successor is told to, and loses no request."""
        if not self.works.hands_over(name):
            self.supervision.restart(name, END_S)
            return
        asked = time.monotonic()
        self.supervision.hang_up(name)
        if why := self.works.handed_over(name, asked):
            log = "\n".join(self.supervision.end_of_log(name))
            raise Trouble(f"{name} goes on as it was: {why}", "mend what the end of its log, above, tells of", log)

    def _await(self, before: Mapping[str, Running | None]) -> None:
        """Until these are there anew, as what is wanted, and everything is looked after; raises Trouble."""
        works, wanted = self.works, self.wanted()
        works.wait(before)
        if not client.until(self._is_supervised, START_S, LOOK_S):
            raise Trouble(f"nobody looks after the processes {START_S:.0f} s after the start", "hydria down; hydria up")
        for name, one in works.found(before).items():
            if one and (why := changes.reasons(one, wanted)):
                raise Trouble(f"{name}: {', '.join(why)} while it was started", "hydria up")

    def _commands(self) -> dict[str, Sequence[str]]:
        return {name: self.command(name) for name in self.parts.processes}

    def _set_logs(self) -> bool:
        """Keep logs as the settings say; whether it was otherwise."""
        if changed := self.supervision.declare(self._commands()):
            self._tell("logs are kept as the settings say now")
        return changed

    def _wire(self, undo: contextlib.ExitStack) -> None:
        if not self.settings.is_local():
            return
        fabric, networks = self.parts.fabric(), self.parts.networks()
        if not fabric.is_up(networks):
            undo.callback(fabric.down, networks)
        fabric.up(networks)

    # --- with the machine

    def _boot(self) -> Boot:
        return Boot(
            name=self.settings.service,
            config=Path(self.settings.path).absolute(),
            up=self.command("up"),
            down=self.command("down", "--for-now"),
            pid=self.supervision.pid_file,
            mounts=(self.settings.state, Path(__file__).parents[2]),
        )

    def _set_boot(self) -> bool:
        """Start with the machine, or no more, as the settings say; whether it was otherwise."""
        if not self.settings.option("DEFAULT", "start_at_boot"):
            return self._boot().disable(remove=True)
        if by := self._boot().enable():
            self._tell(f"starts with the machine: {by}")
        return bool(by)

    # --- down

    def down(self, *, everything: bool = False, purge: bool = False, for_now: bool = False) -> list[str]:
        """Stop the controllers until `up`, or `for_now`: until the machine starts again; with `everything` remove amphorae
        and networks too, with `purge` also the state. What was done.
        """
        checks.root()
        with self._alone("down"), folder.told(self.settings.state):
            if everything or purge:
                folder.refuse_nameless(self.settings.state)
            before = self.supervision.running()  # the machine's own supervisor may end them before we do
            if for_now:
                self._boot().pause()
            else:
                self._boot().disable(remove=everything or purge)
            done = [f"stopped {name}" for name in sorted({*before, *self.supervision.stop()})]
            if (everything or purge) and self.known and self.settings.is_local():
                done += self._unwire()
            if (everything or purge) and self.known and self._has_run:
                belongings.remove(self.settings.run, belongings.RUN)
            if purge and self.known:
                done.append(belongings.remove(self.settings.state, belongings.STATE))
        return done

    def _unwire(self) -> list[str]:
        compute, fabric, networks = self.parts.compute(), self.parts.fabric(), self.parts.networks()
        machines, wired = len(compute.list()), fabric.is_up(networks)
        compute.clear()
        fabric.down(networks)
        return [f"removed {machines} amphorae and the networks"] if machines or wired else []

    @contextlib.contextmanager
    def _alone(self, command: str) -> Iterator[None]:
        run = self.settings.run
        with folder.told(run.parent), turn.taken(run.with_name(f"{run.name}.lock"), command, self._tell):
            yield


def _kept(settings: Any) -> Kept:
    """How much of the logs is kept."""
    return Kept(*(settings.option("DEFAULT", f"max_logfile_{name}") for name in ("size_mb", "count", "days")))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def seconds(since: float) -> str:
    """How long it is since a monotonic moment, for people."""
    return f"{time.monotonic() - since:.1f} s"
