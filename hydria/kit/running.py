"""What a process is: written by itself when it has begun to work, read by the command that compares it with what is wanted."""

import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import hydria

ROOT = Path(hydria.__file__).parent


@dataclass(frozen=True)
class Build:
    """Code, as it lies on the disk."""

    version: str
    code: str  # digest of our files, of Python and of the names and versions of what is installed beside them
    home: str  # where it lies, and which Python runs it


@dataclass(frozen=True)
class Running:
    """A process that works. Of the settings it was made from it keeps digests with a salt: some of them are secret."""

    pid: int
    since: float  # seconds since the epoch
    build: Build
    salt: str
    settings: Mapping[str, str]  # "[group] name" -> digest of its value; only what the process looks at


@cache
def build() -> Build:
    """What a process would be that began now."""
    return Build(hydria.__version__, _code(), f"{ROOT.parent} {sys.executable}")


def _code() -> str:
    told = hashlib.sha256(sys.version.encode())
    for path in sorted(p for p in ROOT.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        told.update(f"{path.relative_to(ROOT)}\0".encode())
        told.update(hashlib.sha256(path.read_bytes()).digest())
    for folder in map(Path, sys.path):
        if folder.is_dir():
            told.update("\0".join(sorted(p.name for p in folder.glob("*.dist-info"))).encode())
    return told.hexdigest()[:16]


def digest(salt: str, key: str, value: str) -> str:
    """What is kept of a value."""
    return hashlib.blake2b(f"{key}\0{value}".encode(), key=salt.encode(), digest_size=8).hexdigest()


def note(folder: Path, name: str, pid: int, values: Mapping[str, str]) -> None:
    """Write down that a process works; `values` are the settings it looked at."""
    salt = secrets.token_hex(16)
    kept = {key: digest(salt, key, value) for key, value in values.items()}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f"{name}.{os.getpid()}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(asdict(Running(pid, time.time(), build(), salt, kept))))
    fresh.rename(folder / name)


def noted(folder: Path, name: str) -> Running | None:
    """What a process wrote down when it last began; None when it never did, or another version wrote it otherwise."""
    try:
        found = json.loads((folder / name).read_text())
        return Running(**{**found, "build": Build(**found["build"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
