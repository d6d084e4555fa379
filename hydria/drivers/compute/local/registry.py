"""The machines of this computer, in files: what worker processes that come and go know of them.

In the folder of a machine:
- `machine.json`: what was ordered; written before anything is made, removed after everything is
- `pid`, `up`: written by the helper: the first process and its start; that it became the supervisor
- `plugs/<port>`: ports with a cable, management included; written before the cable is made
- `doomed`: it is being destroyed
- `helper.log`: why it did not start
"""

import contextlib
import errno
import os
import re
import select
import shutil
import signal
from pathlib import Path

import msgspec

from hydria.drivers import faults

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What machine.json holds. `begun` is monotonic time of the boot that `boot` names."""

    name: str
    amphora_id: str
    management: str  # port id
    created_at: float
    begun: float
    boot: str
    zone: str | None = None
    image: str | None = None
    flavor: str | None = None


class Registry:
    """One folder of machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, name: str) -> Path:
        """A machine's folder."""
        return self._folder / name

    def add(self, record: Record) -> None:
        """Write a new machine down, whole or not at all; its name must be fresh."""
        if not _NAME.fullmatch(record.name):
            message = f"{record.name!r} cannot be the name of a machine; use letters, digits, dot, dash"
            raise faults.Refused(message)
        draft = self._folder / f".{record.name}"
        try:
            (draft / "plugs").mkdir(parents=True, mode=0o700)
            (draft / "machine.json").write_bytes(msgspec.json.encode(record))
            draft.rename(self.folder(record.name))
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                message = f"a machine named {record.name} was made before; a name is used once"
                raise faults.Refused(message) from error
            message = f"machine {record.name} cannot be written down in {self._folder}: {error}"
            raise faults.Temporary(message) from error

    def sweep(self) -> None:
        """Remove what was interrupted before it was a record or after; only while nobody creates machines."""
        with contextlib.suppress(FileNotFoundError):
            for folder in self._folder.iterdir():
                if self.get(folder.name) is None:
                    shutil.rmtree(folder, ignore_errors=True)

    def get(self, name: str) -> Record | None:
        """One machine."""
        if not _NAME.fullmatch(name):
            return None
        with contextlib.suppress(FileNotFoundError):
            return msgspec.json.decode((self.folder(name) / "machine.json").read_bytes(), type=Record)
        return None

    def all(self) -> list[Record]:
        """All machines."""
        with contextlib.suppress(FileNotFoundError):
            return [
                record
                for record in map(self.get, sorted(path.name for path in self._folder.iterdir()))
                if record is not None
            ]
        return []

    def remove(self, name: str) -> None:
        """Forget a machine; the record itself goes last, so that whoever is interrupted here can begin again."""
        folder = self.folder(name)
        shutil.rmtree(folder / "plugs", ignore_errors=True)
        for file in ("pid", "up", "helper.log", ".pid", ".up", "doomed", "machine.json"):
            (folder / file).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another destroyer marks it at this moment, and will remove it too
            folder.rmdir()

    def doom(self, name: str) -> None:
        """Mark a machine as being destroyed."""
        (self.folder(name) / "doomed").touch()

    def is_doomed(self, name: str) -> bool:
        """Whether somebody is destroying it, or has."""
        return (self.folder(name) / "doomed").exists() or not self.folder(name).exists()

    def is_up(self, name: str) -> bool:
        """Whether its supervisor was reached."""
        return (self.folder(name) / "up").exists()

    def plug(self, name: str, port_id: str) -> None:
        """Note that a port is about to get a cable."""
        (self.folder(name) / "plugs" / port_id).touch()

    def unplug(self, name: str, port_id: str) -> None:
        """Note that a port has no cable any more."""
        (self.folder(name) / "plugs" / port_id).unlink(missing_ok=True)

    def plugs(self, name: str) -> list[str]:
        """Ports that may have a cable."""
        with contextlib.suppress(FileNotFoundError):
            return [path.name for path in (self.folder(name) / "plugs").iterdir()]
        return []

    def process(self, name: str) -> tuple[int, str] | None:
        """Its first process, pid and start; None before there was one."""
        with contextlib.suppress(FileNotFoundError):
            pid, ticks = (self.folder(name) / "pid").read_text().split()
            return int(pid), ticks
        return None

    def fault(self, name: str) -> str | None:
        """Why it did not start, in the helper's words."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder(name) / "helper.log").read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else None
        return None


def boot_id() -> str:
    """The computer's present boot."""
    return _BOOT.read_text().strip()


def is_alive(pid: int, ticks: str) -> bool:
    """Whether that very process runs; one that waits to be reaped does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[19] == ticks and fields[0] not in ("Z", "X")


def kill(pid: int, ticks: str, within_s: float) -> bool:
    """End that very process, and with it, as it is a first process, all of its namespace; whether it ended in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if not is_alive(pid, ticks):  # the number may be somebody else's by now; the handle is not
            return True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(within_s * 1000))
    finally:
        os.close(handle)
