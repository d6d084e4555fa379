"""Files that are there whole or not at all."""

import contextlib
import os

from hydria.agent import faults


def write(path: str, content: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """Replace a file in one move; `Answer` 507 when the disk does not take it, and the old file stays. What need not survive a
    boot is not `lasting`: it waits for no disk.
    """
    fresh = f"{path}.new"
    try:
        _write(fresh, content, mode, lasting)
        os.replace(fresh, path)
    except OSError as error:
        forget(fresh)
        raise unwritable(path, error) from error


def _write(path: str, content: bytes, mode: int, lasting: bool) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        if lasting:
            os.fsync(file.fileno())


def unwritable(path: str, error: OSError) -> faults.Answer:
    """The answer when a write failed."""
    return faults.Answer(507, f"cannot write {path}: {error.strerror}")


def read(path: str) -> bytes | None:
    """The content, or None when there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def folder(path: str, mode: int = 0o700) -> None:
    """Make a folder and what is above it. Those above are passable for the users that haproxy runs as."""
    try:
        os.makedirs(path, mode=0o711, exist_ok=True)
        os.chmod(path, mode)
    except OSError as error:
        raise unwritable(path, error) from error


def link(target: str, path: str) -> None:
    """Let a symbolic link point elsewhere, in one move."""
    fresh = f"{path}.new"
    try:
        forget(fresh)
        os.symlink(target, fresh)
        os.replace(fresh, path)
    except OSError as error:
        raise unwritable(path, error) from error


def forget(path: str) -> None:
    """Remove a file that may be absent."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def remove(path: str) -> None:
    """Remove a folder and all that is in it; absent is fine."""
    for top, folders, files in os.walk(path, topdown=False):
        for name in files:
            forget(os.path.join(top, name))
        for name in folders:
            _remove_folder(os.path.join(top, name))
    _remove_folder(path)


def _remove_folder(path: str) -> None:
    if os.path.islink(path):
        os.unlink(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(path)


def names(path: str) -> list[str]:
    """What a folder holds, sorted; nothing when it is absent."""
    try:
        return sorted(os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return []
