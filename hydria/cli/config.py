"""`hydria config`: options of the settings file are set, unset and shown; a file that could not be used is never written."""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from hydria.cli import folder, turn
from hydria.cli.deployment import Deployment
from hydria.cli.trouble import Trouble

SECRET = re.compile(r"(?<=://)([^:/@]*):.*@")  # up to the last host of several: each has a password
QUERY = re.compile(r"(\w*pass\w*=)[^&]*")
NAMES = re.compile("pass|secret|token|key")
"""In the groups of libraries, which have many kinds of accounts."""
Wanted = dict[tuple[str, str], str | None]
"""Group and option with its value; None: it is to have its default."""


def declare(commands: Any) -> None:
    """Add `config` to the commands."""
    config = commands.add_parser("config", help="the settings file: show, set, unset; `hydria up` applies it")
    verbs = config.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("show", help="what differs from the defaults, without secrets")
    setting = verbs.add_parser("set", help="give options a value, such as api_settings.bind_port=9876")
    setting.add_argument("words", nargs="+", metavar="GROUP.OPTION=VALUE")
    unsetting = verbs.add_parser("unset", help="give options their default again")
    unsetting.add_argument("words", nargs="+", metavar="GROUP.OPTION")


def run(arguments: argparse.Namespace, deployment: Deployment, console: Console) -> int:
    """Do it; 0. Raises Trouble."""
    settings = deployment.settings
    if arguments.verb == "show":
        console.print(shown(settings, deployment.parts.configuration()), markup=False)
        return 0
    wanted = _wanted(arguments.words, arguments.verb == "set")
    path = settings.path.resolve()
    lock = path.with_name(f"{path.name}.lock")
    with folder.told(path), turn.taken(lock, f"config {arguments.verb}", lambda line: print(line, file=sys.stderr)):
        write(path, wanted, deployment.parts.configuration())
    console.print(f"written to {settings.path}; it takes effect with: hydria up")
    return 0


def shown(settings: Any, configuration: Any) -> str:
    """What differs from the defaults, as it would stand in the file; secrets are stars."""
    file = configuration.Parser(settings.path.read_text() if settings.path.exists() else "")
    options, lines = configuration.options, []
    for group in (*options.PLACES, *options.LIBRARY):
        usual = {o.name: o.default for o in options.PLACES.get(group, ())}
        there = file.items(group) if file.has_section(group) else []
        kept = [
            (name, text) for name, text in there if name not in usual or settings.option(group, name) != usual[name]
        ]
        lines += [f"[{group}]", *(f"{name} = {_masked(name, text, usual)}" for name, text in kept)] if kept else []
    return "\n".join(lines) or "every option has its default"


def _masked(name: str, text: str, usual: Mapping[str, Any]) -> str:
    """`usual`: the options of a group of ours; which of them are secret is known."""
    if name not in usual:
        return "***" if NAMES.search(name) else text
    return QUERY.sub(r"\1***", SECRET.sub(r"\1:***@", text))


def _wanted(words: list[str], is_set: bool) -> Wanted:
    found: Wanted = {}
    for word in words:
        where, equals, value = word.partition("=")
        group, dot, name = where.strip().rpartition(".")
        if not dot or bool(equals) is not is_set or len(value.splitlines()) > 1:
            form = "GROUP.OPTION=VALUE, on one line" if is_set else "GROUP.OPTION"
            raise Trouble(f"{word!r} cannot be understood", f"write {form}; docs/options.md has all of them")
        found[group, name] = value.strip() if is_set else None
    return found


def write(path: Path, wanted: Wanted, configuration: Any) -> None:
    """Change the file, if what comes out can be used; it keeps its owner and mode, and a new one is its owner's alone."""
    text = path.read_text() if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)  # of a command that was killed
    fresh.touch(mode=0o600)
    try:
        if path.exists():
            found = path.stat()
            os.chown(fresh, found.st_uid, found.st_gid)
            shutil.copymode(path, fresh)
        fresh.write_text(changed(text, wanted))
        configuration.read(fresh)
        fresh.rename(path)
    except configuration.BadSettings as error:
        reason = str(error).replace(str(fresh), str(path))
        raise Trouble(reason, "nothing was written; name another value") from error
    finally:
        fresh.unlink(missing_ok=True)


def changed(text: str, wanted: Wanted) -> str:
    """The text of a settings file with these options; everything else stays as it is, comments too."""
    lines = text.splitlines()
    for (group, name), value in wanted.items():
        first, end = _group(lines, group)
        mine = [n for n in range(first, end) if re.match(rf"{re.escape(name)}\s*[=:]", lines[n])]
        for n in reversed(mine):
            while n + 1 < len(lines) and lines[n + 1][:1].isspace() and lines[n + 1].strip():  # it goes on there
                del lines[n + 1]
            del lines[n]
        if value is None:
            continue
        if first == len(lines) + 1:
            lines += [*([""] if lines else []), f"[{group}]"]
        lines.insert(_place(lines, group, name, mine), f"{name} = {value}".rstrip())
    return "\n".join(lines) + "\n" if lines else ""


def _group(lines: list[str], group: str) -> tuple[int, int]:
    """The lines beneath a group's name: the first, and the one after the last; beyond all where there is no such group."""
    first = next((n + 1 for n, one in enumerate(lines) if one.strip() == f"[{group}]"), len(lines) + 1)
    return first, next((n for n in range(first, len(lines)) if lines[n].startswith("[")), len(lines))


def _place(lines: list[str], group: str, name: str, before: list[int]) -> int:
    """Where a line goes: where it was, else behind the comment that has its default, else at the end of its group."""
    first, end = _group(lines, group)
    if before:
        return before[0]
    comment = re.compile(rf"#\s*{re.escape(name)}\s*=")
    there = next((n + 1 for n in range(first, end) if comment.match(lines[n])), 0)
    return there or next((n + 1 for n in range(end - 1, first - 1, -1) if lines[n].strip()), first)
