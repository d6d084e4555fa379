"""What in the folders of a deployment is its own: nothing else is ever removed, and a folder of somebody else is not taken."""

import contextlib
import fnmatch
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydria.cli.trouble import Trouble

STATE = (
    "deployment*",
    "master.keys*",
    "users.json*",
    "passwords",
    "certificates",
    "clouds.yaml*",
    "openrc*",
    "hydria.db*",
    "observed.db*",
    "log",
    "machines",
    "amphorae",
)
RUN = ("services", "records", "nudge", "metrics", "demo", "runsvdir.pid", "*.ready*")
"""Names of what is made in state_path and in run_path, as patterns."""
FRESH = ("lost+found",)
"""What a disk that was just made may hold."""
NAMED = 3


def refuse_foreign(folder: Path, own: Sequence[str], option: str) -> None:
    """A folder that is taken for the first time is empty or not there yet; raises Trouble."""
    if there := _foreign(folder, (*own, *FRESH)):
        raise Trouble(
            f"{option}: {folder} holds what is not Hydria's: {_some(there)}", f"set {option} to a folder of its own"
        )


def remove(folder: Path, own: Sequence[str]) -> str:
    """Remove what is ours, and the folder when nothing else is in it; what was done, for people. Raises OSError."""
    for path in list(_own(folder, own)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    with contextlib.suppress(OSError):  # a mount point, a link, or not empty
        folder.rmdir()
        return f"removed {folder}"
    left = _foreign(folder, own)
    return f"emptied {folder}" + (f", save what is not ours: {_some(left)}" if left else "")


def _own(folder: Path, own: Sequence[str]) -> Iterator[Path]:
    return (path for path in folder.iterdir() if any(fnmatch.fnmatch(path.name, one) for one in own))


def _foreign(folder: Path, own: Sequence[str]) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted({path.name for path in folder.iterdir()} - {path.name for path in _own(folder, own)})


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
