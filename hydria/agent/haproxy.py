"""What is said to haproxy: the file of process facts, the admin socket, the master's socket."""

import asyncio
import os
import re
from dataclasses import dataclass

from hydria.agent.places import Places

ANSWER_S = 5.0
CHUNK = 8000
"""Commands joined in one line; haproxy reads at most 16 kB."""
CONNECTION_FILES = 2.5
"""Descriptors a connection takes: two, and half a pair of pipes where splicing is on."""
RESERVED_FILES = 256

_GOOD_LINE = re.compile(
    r"|New server registered\.|Server deleted\.|All sockets are already (dis|en)abled\.|.*Success!"
    r"|(Transaction|New empty certificate store|Inserting certificate) .*"
    r"|no need to change .*|.* changed from .*|health check port updated\."
)
_BIND = re.compile(r"^\s*bind\s+(\S+)", re.MULTILINE)
_SERVER = re.compile(r"^\s*server\s", re.MULTILINE)


@dataclass(frozen=True)
class Info:
    """What `show info` says."""

    start: str
    pid: str
    connections: int


def most_connections(files: int, config: str) -> int:
    """Connections that fit in a descriptor limit beside binds and checks of a configuration."""
    own = RESERVED_FILES + 2 * len(_SERVER.findall(config)) + 4 * len(_BIND.findall(config))
    return int((files - own) / CONNECTION_FILES)


def servers(config: str) -> int:
    """How many servers a configuration has."""
    return len(_SERVER.findall(config))


def fragment(places: Places, folder: str, connections: int, config: str) -> str:
    """The file that is loaded before the controller's: everything that only the node knows. `folder` holds the document's files."""
    lines = [
        "global",
        f"    uid {places.uid}",
        f"    gid {places.uid}",
        f"    stats socket {places.admin} mode 600 level admin expose-fd listeners",
        f"    log {places.log} local1 notice",
        f"    maxconn {connections}",
        '    description "${HYDRIA_START}"',
        f"    crt-base {folder}/certs",
        f"    ca-base {folder}/certs",
        f"    setenv HYDRIA_FILES {folder}",
        f"    setenv HYDRIA_PING {places.ping}",
    ]
    if "external-check" in config:
        lines += ["    external-check", "    insecure-fork-wanted"]
    return "\n".join(lines) + "\n"


def binds(config: str) -> list[tuple[str, int]]:
    """(address, port) of every TCP bind; what is not of this form is left to haproxy itself."""
    found = []
    for words in _BIND.findall(config):
        for word in words.split(","):
            host, _, port = word.rpartition(":")
            if port.isdecimal() and "/" not in word and "@" not in word:
                found.append((host.strip("[]") if host not in {"", "*"} else "0.0.0.0", int(port)))  # noqa: S104
    return found


def trimmed(words: str, folder: str) -> str:
    """haproxy's own words about what is wrong, without the places that its reader does not know."""
    lines = [line.partition(" : ")[2] for line in words.splitlines() if line.startswith("[ALERT]")]
    said = [line for line in lines if "Fatal errors found" not in line and "Error(s) found" not in line]
    text = "; ".join(line.strip() for line in said) or words.strip()
    return text.replace(f"{folder}/", "").replace("config : ", "")[:2000]


async def ask(path: str, command: str) -> str:
    """The answer to one command; OSError (TimeoutError is one) when nobody answers in time."""
    async with asyncio.timeout(ANSWER_S):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(command.encode() + b"\n")
            writer.write_eof()  # the master's socket stays open until the caller has no more to say
            return (await reader.read(-1)).decode(errors="replace")
        finally:
            writer.close()


async def info(places: Places) -> Info | None:
    """What haproxy says of itself, or None while it does not answer."""
    try:
        said = await ask(places.admin, "show info")
    except OSError:
        return None
    facts = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    if "Pid" not in facts:
        return None
    return Info(f"{facts.get('description', '')}-{facts['Pid']}", facts["Pid"], int(facts.get("CurrConns", "0")))


def joined(commands: tuple[str, ...]) -> list[str]:
    """Commands in lines that haproxy takes in one go; one with a payload stands alone."""
    lines: list[str] = []
    last = ""
    for command in commands:
        if "\n" in command:
            lines += [line for line in (last, command) if line]
            last = ""
        elif last and len(last) + len(command) < CHUNK:
            last = f"{last};{command}"
        else:
            lines += [last] if last else []
            last = command
    return [*lines, last] if last else lines


async def command(places: Places, commands: tuple[str, ...]) -> str | None:
    """Run commands in order; the first answer that is no success, or None when all went well."""
    for line in joined(commands):
        try:
            said = await ask(places.admin, line)
        except OSError as error:
            return f"no answer: {error}"
        for answer in said.splitlines():
            if not _GOOD_LINE.fullmatch(answer.strip()):
                return answer
    return None


async def await_start(places: Places, deadline_s: float) -> Info | None:
    """haproxy as soon as it answers; None when it gave up or the deadline passed."""
    until = asyncio.get_running_loop().time() + deadline_s
    while asyncio.get_running_loop().time() < until:
        if os.path.exists(places.admin) and (found := await info(places)):
            return found
        if _gave_up(places):
            return None
        await asyncio.sleep(0.003)
    return None


def _gave_up(places: Places) -> bool:
    return bool(re.search(r"^\[ALERT\] +\(1\) : ", said(places), re.MULTILINE))


def said(places: Places) -> str:
    """What haproxy wrote to standard error."""
    try:
        with open(places.words, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


async def reload(places: Places, deadline_s: float) -> Info | None:
    """Load `current` beside what runs; the new worker, or None when the load failed and the old one runs on."""
    before = await info(places)
    os.truncate(places.words, 0)
    try:
        await ask(places.master, "reload")
    except OSError:
        return None
    until = asyncio.get_running_loop().time() + deadline_s
    while asyncio.get_running_loop().time() < until:
        found = await info(places)
        if found and (before is None or found.start != before.start):
            return found
        if "Loading failure!" in said(places):
            return None
        await asyncio.sleep(0.004)
    return None
