"""Would this document run? Everything that haproxy and the node can say before it does."""

import functools
import hashlib
import os
import re
import resource
import ssl

from hydria.agent import disk, haproxy, netspace, processes, wiring
from hydria.agent.places import Places
from hydria.wire import documents
from hydria.wire.documents import Certificate, PlacementDocument, Problem

FEWEST_CONNECTIONS = 100
PROCESS_KB = 16 * 1024
SERVER_KB = 8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def descriptors() -> int:
    """How many files one haproxy may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def memory_kb(what: str) -> int:
    """A line of /proc/meminfo."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith(f"{what}:")), 0)


def form(document: PlacementDocument) -> list[Problem]:
    """What is wrong with the document itself."""
    wrong = wiring.malformed(document.interfaces)
    digest = documents.digest_of(document.files, document.interfaces, document.certificates)
    if digest != document.digest:
        wrong.append(Problem(what="digest", text=f"the digest is {digest}, not {document.digest}"))
    if "haproxy.cfg" not in document.files:
        wrong.append(Problem(what="haproxy", text="there is no file haproxy.cfg"))
    for name in (*document.files, *(c.name for c in document.certificates)):
        if not _NAME.fullmatch(name):
            wrong.append(Problem(what="haproxy", text=f"{name!r} is not a name for a file"))
    return wrong


def certificate(places: Places, one: Certificate) -> Problem | None:
    """What is wrong with a certificate, supplied or held."""
    pem = one.pem.encode() if one.pem is not None else disk.read(f"{places.keys}/{one.digest}")
    if pem is None:
        return Problem(what="certificate", text=f"{one.name}: not supplied and not held")
    if hashlib.sha256(pem).hexdigest() != one.digest:
        return Problem(what="certificate", text=f"{one.name}: the digest is another one")
    return None


def parses(path: str, name: str) -> Problem | None:
    """What is wrong with a PEM file: it does not parse, or its key belongs to another certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        if b"PRIVATE KEY" in (disk.read(path) or b""):
            context.load_cert_chain(path)
    except (ssl.SSLError, OSError) as error:
        return Problem(what="certificate", text=f"{name}: {getattr(error, 'reason', None) or error}")
    return None


def budget(config: str) -> list[Problem]:
    """Whether descriptors and memory suffice."""
    wrong = []
    if haproxy.most_connections(descriptors(), config) < FEWEST_CONNECTIONS:
        text = f"{descriptors()} descriptors leave fewer than {FEWEST_CONNECTIONS} connections; use fewer servers or listeners"
        wrong.append(Problem(what="descriptors", text=text))
    needed, free = PROCESS_KB + SERVER_KB * haproxy.servers(config), memory_kb("MemAvailable")
    if free < needed:
        wrong.append(Problem(what="memory", text=f"{needed // 1024} MiB are needed and {free // 1024} MiB are free"))
    return wrong


def twice(config: str) -> list[Problem]:
    """Binds that are in each other's way; haproxy would share the port between them."""
    asked = haproxy.binds(config)
    again = sorted({bind for bind in asked if asked.count(bind) > 1})
    return [Problem(what="bind", text=f"{host} port {port} is bound twice") for host, port in again]


async def binds(places: Places, config: str, running: str) -> list[Problem]:
    """Try every bind that does not run yet, where it will be made. Without a namespace nothing can be in the way."""
    fresh = sorted(set(haproxy.binds(config)) - set(haproxy.binds(running)))
    if not fresh or not os.path.exists(places.namespace):
        return []
    wrong = await netspace.call(places.namespace, functools.partial(netspace.try_binds, fresh))
    return [Problem(what="bind", text=text) for text in wrong]


async def loads(program: str, folder: str, fragment: str) -> list[Problem]:
    """haproxy's own opinion of the files in a folder."""
    disk.write(f"{folder}/proof.cfg", fragment.encode(), lasting=False)
    argv = [program, "-c", "-f", f"{folder}/proof.cfg", "-f", f"{folder}/haproxy.cfg"]
    ended = await processes.run(argv, env={"HYDRIA_START": "proof"})
    disk.forget(f"{folder}/proof.cfg")
    if not ended.code:
        return []
    return [Problem(what="haproxy", text=haproxy.trimmed(ended.err, folder))]
