"""Named network namespaces, as `ip netns` makes them, without a process each; and work done inside one.

A thread enters and dies there: nothing else in the process notices. Netlink sockets belong to the namespace of the
thread that opens them, so each is opened where it is used.
"""

import contextlib
import ctypes
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from hydria.drivers import faults

T = TypeVar("T")
FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_SHARED = 0x100000
_MNT_DETACH = 2


class _Linux:
    """The calls that Python 3.11 does not have."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def mount(self, source: str, target: str, flags: int) -> None:
        self._check(self._libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(flags), None), target)

    def unmount(self, target: str, flags: int = 0) -> None:
        self._check(self._libc.umount2(target.encode(), flags), target)

    def unshare(self) -> None:
        self._check(self._libc.unshare(_CLONE_NEWNET), "a network namespace")

    def enter(self, descriptor: int) -> None:
        self._check(self._libc.setns(descriptor, _CLONE_NEWNET), "a network namespace")

    @staticmethod
    def _check(result: int, what: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), what)


class _Work(threading.Thread, Generic[T]):
    """A thread that keeps what its work returned or raised."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="namespace", daemon=True)
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001  (raised again in the caller's thread)
            self._error = error

    def outcome(self) -> T:
        self.start()
        self.join()
        if self._error is not None:
            raise self._error
        return self._result[0]


def prepare() -> None:
    """Make the folder of names shared, as `ip netns` does, so that every mount namespace sees names come and go."""
    linux = _Linux()
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        linux.mount("", str(FOLDER), _MS_SHARED | _MS_REC)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: it is no mount point yet
            raise
        linux.mount(str(FOLDER), str(FOLDER), _MS_BIND | _MS_REC)
        linux.mount("", str(FOLDER), _MS_SHARED | _MS_REC)


def tidy() -> None:
    """Undo `prepare` when no name is left."""
    with contextlib.suppress(OSError):
        if _is_ours() and not any(FOLDER.iterdir()):
            _Linux().unmount(str(FOLDER))
            FOLDER.rmdir()


def _is_ours() -> bool:
    """Whether the folder was bound to itself, as `prepare` does, and not mounted by somebody else."""
    lines = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    roots = [words[3] for words in lines if words[4] == str(FOLDER)]
    return bool(roots) and roots[-1] != "/"  # the last mount is the one that is seen


def exists(name: str) -> bool:
    """Whether the name leads to a namespace: a crash may have left a plain file."""
    try:
        return (FOLDER / name).stat().st_dev == Path("/proc/self/ns/net").stat().st_dev
    except FileNotFoundError:
        return False


def make(name: str) -> None:
    """Make a namespace; nothing happens when there is one."""
    if exists(name):
        return
    path = FOLDER / name
    path.touch(mode=0o444)
    linux = _Linux()

    def work() -> None:
        linux.unshare()
        linux.mount("/proc/thread-self/ns/net", str(path), _MS_BIND)

    _Work(work).outcome()


def drop(name: str) -> None:
    """Remove a name; the namespace ends with the last process in it. Nothing happens when there is none."""
    path = FOLDER / name
    if not path.exists():
        return
    with contextlib.suppress(OSError):
        _Linux().unmount(str(path), _MNT_DETACH)
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(name: str) -> Iterator[int]:
    """A namespace's descriptor."""
    try:
        descriptor = os.open(FOLDER / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        message = f"network namespace {name} is not there; run `hydria up`"
        raise faults.Temporary(message) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def inside(name: str, work: Callable[[], T]) -> T:
    """What `work` returns, done in a thread in that namespace."""
    linux = _Linux()

    def there() -> T:
        linux.enter(descriptor)
        return work()

    with opened(name) as descriptor:
        return _Work(there).outcome()
