"""The local compute driver: a machine is namespaces, a folder and a supervisor that outlives whoever started it.

`create` writes the machine down, makes its network namespace, starts the helper and lays the management cable meanwhile.
Whoever is killed on the way leaves a record from which `destroy` finds everything; each of its steps may be repeated.
"""

import contextlib
import shlex
import shutil
import subprocess
from pathlib import Path, PurePosixPath

from hydria.drivers import faults
from hydria.drivers.compute import Machine, Order, Power
from hydria.drivers.compute.local import helper, registry, settings
from hydria.drivers.network import Port
from hydria.drivers.network.local import namespaces, wires
from hydria.drivers.network.local.settings import LocalNetworks
from hydria.kit import clock

_KILL_S = 2.0


class LocalCompute:
    """Machines of one deployment on this computer."""

    def __init__(self, machines: settings.LocalMachines, networks: LocalNetworks, time: clock.Clock) -> None:
        self._machines = machines
        self._networks = networks
        self._time = time
        self._registry = registry.Registry(machines.machines)

    def create(self, order: Order) -> str:
        files = _config(order)
        self._registry.add(
            registry.Record(
                name=order.name,
                amphora_id=order.amphora_id,
                management=order.management.id,
                created_at=self._time.now(),
                begun=self._time.monotonic(),
                boot=registry.boot_id(),
                zone=order.zone,
                image=order.image,
                flavor=order.flavor,
            )
        )
        try:
            self._start(order, files)
        except (OSError, faults.Temporary) as error:
            message = f"machine {order.name} did not start: {self._registry.fault(order.name) or error}"
            self._undo(order.name, message)
            raise faults.Temporary(message) from error
        return order.name

    def look(self, machine_id: str) -> Machine:
        record = self._registry.get(machine_id)
        if record is None:
            return Machine(id=machine_id, name=machine_id, power=Power.GONE, created_at=0.0)
        return self._seen(record)

    def find(self, name: str) -> Machine | None:
        record = self._registry.get(name)
        return None if record is None else self._seen(record)

    def destroy(self, machine_id: str) -> None:
        record = self._registry.get(machine_id)
        if record is None:
            return
        with contextlib.suppress(
            OSError
        ):  # another destroyer was quicker, or the disk is full: the more reason to go on
            self._registry.doom(machine_id)
        self._kill(record)
        for port_id in {record.management, *self._registry.plugs(machine_id)}:
            wires.detach(self._networks, port_id)
        namespaces.drop(settings.namespace(record.amphora_id))
        self._erase(self._disk(record.amphora_id))
        self._registry.remove(machine_id)

    def plug(self, machine_id: str, port: Port) -> None:
        record = self._registry.get(machine_id)
        if record is None:
            message = f"there is no machine {machine_id}"
            raise faults.Refused(message)
        try:
            self._registry.plug(machine_id, port.id)
        except OSError as error:
            message = f"port {port.id} cannot be written down for {machine_id}: {error}"
            raise faults.Temporary(message) from error
        if self._registry.is_doomed(machine_id):  # noted first, looked second: whoever destroys it does the reverse
            message = f"machine {machine_id} is being destroyed"
            raise faults.Refused(message)
        wires.attach(self._networks, port, settings.namespace(record.amphora_id))

    def unplug(self, machine_id: str, port_id: str) -> None:
        if self._registry.get(machine_id) is not None and port_id in self._registry.plugs(machine_id):
            wires.detach(self._networks, port_id)
            self._registry.unplug(machine_id, port_id)

    def list(self) -> list[Machine]:
        return [self._seen(record) for record in self._registry.all()]

    def clear(self) -> None:
        """Destroy everything of this deployment on this computer; only while no worker runs."""
        for machine in self.list():
            self.destroy(machine.id)
        self._registry.sweep()

    def _undo(self, name: str, message: str) -> None:
        """Leave nothing of a machine that did not start; Unknown when some of it may be left."""
        try:
            self.destroy(name)
        except faults.Temporary as error:
            message = f"{message}; and it could not be removed: {error}"
            raise faults.Unknown(message) from error

    @staticmethod
    def _erase(disk: Path) -> None:
        shutil.rmtree(disk, ignore_errors=True)
        if disk.exists():
            message = f"folder {disk} cannot be removed; look who holds it"
            raise faults.Temporary(message)

    def _start(self, order: Order, files: dict[PurePosixPath, bytes]) -> None:
        netns, disk = settings.namespace(order.amphora_id), self._disk(order.amphora_id)
        _furnish(disk, files)
        namespaces.make(netns)
        with self._helper(order, netns, disk) as process:
            try:
                self._registry.plug(order.name, order.management.id)
                wires.manage(self._networks, order.management, netns)
            finally:
                failed = _wait(process, self._machines.start_s)
        if failed:
            raise OSError(failed)

    def _helper(self, order: Order, netns: str, disk: Path) -> subprocess.Popen[bytes]:
        """In a session of its own: a worker's end, or the terminal's, is not the machine's."""
        folder = self._registry.folder(order.name)
        exports = [f"export {key}={shlex.quote(value)}" for key, value in self._machines.environment]
        agent = "\n".join((*exports, f"exec {shlex.join(self._machines.agent)}"))
        arguments = (str(namespaces.FOLDER / netns), str(folder), str(disk), netns, agent)
        with (folder / "helper.log").open("wb") as log:
            return subprocess.Popen(
                (self._machines.python, "-I", "-S", helper.__file__, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )

    def _kill(self, record: registry.Record) -> None:
        process = self._registry.process(record.name)
        if process is None or record.boot != registry.boot_id():
            return
        if not registry.kill(*process, within_s=_KILL_S):
            message = f"machine {record.name} (pid {process[0]}) does not die; look for processes in state D"
            raise faults.Temporary(message)

    def _seen(self, record: registry.Record) -> Machine:
        power = self._power(record)
        return Machine(
            id=record.name,
            name=record.name,
            power=power,
            created_at=record.created_at,
            zone=record.zone,
            image=record.image,
            flavor=record.flavor,
            fault=self._fault(record) if power is Power.ERROR else None,
        )

    def _power(self, record: registry.Record) -> Power:
        process, same_boot = self._registry.process(record.name), record.boot == registry.boot_id()
        is_alive = same_boot and process is not None and registry.is_alive(*process)
        if self._registry.is_up(record.name):
            return Power.RUNNING if is_alive else Power.OFF
        is_young = same_boot and self._time.monotonic() - record.begun < self._machines.start_s
        return Power.BUILDING if is_young and (is_alive or process is None) else Power.ERROR

    def _fault(self, record: registry.Record) -> str:
        return self._registry.fault(record.name) or f"it did not start within {self._machines.start_s:g} s"

    def _disk(self, amphora_id: str) -> Path:
        return self._machines.amphorae / amphora_id


def _config(order: Order) -> dict[PurePosixPath, bytes]:
    """The config drive's files by their path inside the one folder that is shown to the machine."""
    files = {PurePosixPath(path): content for path, content in order.files.items()}
    for path in files:
        if not path.is_relative_to(helper.CONFIG) or ".." in path.parts:
            message = f"file {path} is not below {helper.CONFIG}"
            raise faults.Refused(message)
    return {path.relative_to(helper.CONFIG): content for path, content in files.items()}


def _furnish(disk: Path, files: dict[PurePosixPath, bytes]) -> None:
    for point in (helper.CONFIG, helper.DISK):  # where the machine will see its own
        Path(point).mkdir(parents=True, exist_ok=True, mode=0o755)
    for folder in ("etc", "var"):
        (disk / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, content in files.items():
        place = disk / "etc" / path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.touch(mode=0o600)
        place.write_bytes(content)


def _wait(process: subprocess.Popen[bytes], within_s: float) -> str:
    """Why the helper failed; nothing when it did not."""
    try:
        code = process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return f"its helper took more than {within_s:g} s"
    return f"its helper ended with {code}" if code else ""
