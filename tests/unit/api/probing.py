"""Raw requests in text files, and the answers to them with everything taken out that differs from run to run.

    == batch
    POST /pools {"pool": {"loadbalancer_id": "@lb", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}} > pool
        201 {"pool": {"id": "@pool", ...}}
    PUT /pools/@pool/members {"members": []}
        202

`> name` keeps the identifier of what was made. The indented lines are the expected answers; where the reference answers
otherwise, for a reason that docs/api.md gives, a second one after `~` says how. Every section begins by itself:
nothing is known in it but @project, @subnet, @@ (a word that no other section and no other run has) and what it makes; all
that a write wants is done before the next request.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent / "probes"
SUBNET = "00000000-0000-4000-8000-0000000000aa"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
CHOSEN = ("vip_address", "tls_ciphers")
"""What a deployment chooses by itself."""


class Answer(NamedTuple):
    """The code, and the body as read from JSON; None where there is none."""

    code: int
    body: Any


Ask = Callable[[str, str, str | None], Answer]
"""Method, path below /v2/lbaas (or a whole one), body as it is sent."""


class Probe(NamedTuple):
    """One request of a file with the answer that is expected."""

    section: str
    method: str
    path: str
    body: str
    name: str
    expected: str
    reference: str = ""

    @property
    def request(self) -> str:
        """As it is written in the file."""
        return " ".join(w for w in (self.method, self.path, self.body, f"> {self.name}" if self.name else "") if w)


def read(file: Path) -> list[Probe]:
    """The requests of a file, in order."""
    found: list[Probe] = []
    section = ""
    for line in file.read_text().splitlines():
        if line.startswith("== "):
            section = line[3:]
        elif line.startswith("    ~ "):
            found[-1] = found[-1]._replace(reference=line[6:])
        elif line.startswith("    "):
            found[-1] = found[-1]._replace(expected=line.strip())
        elif line and not line.startswith("#"):
            rest, _, name = line.partition(" > ")
            method, path, *body = rest.split(" ", 2)
            found.append(Probe(section, method, path, body[0] if body else "", name, ""))
    return found


def write(probes: list[Probe]) -> str:
    """The text of a file with these requests and answers."""
    lines: list[str] = []
    for i, probe in enumerate(probes):
        if i == 0 or probes[i - 1].section != probe.section:
            lines += [*([""] if lines else []), f"== {probe.section}"]
        lines += [probe.request, f"    {probe.expected}"]
        lines += [f"    ~ {probe.reference}"] if probe.reference not in ("", probe.expected) else []
    return "\n".join(lines) + "\n"


class Player:
    """Asks one thing after another, and remembers what was made."""

    def __init__(self, ask: Ask, settle: Callable[[], None], project: str, run: str) -> None:
        self._ask, self._settle, self._project, self._run = ask, settle, project, run
        self._names: dict[str, str] = {}
        self._sections = 0

    def play(self, probes: list[Probe]) -> Iterator[Probe]:
        """The requests again, each with the answer it got."""
        section = None
        for probe in probes:
            if probe.section != section:
                section, self._names = probe.section, {"project": self._project, "subnet": SUBNET}
                self._sections += 1
            yield probe._replace(expected=self._one(probe))
            if probe.method != "GET":
                self._settle()

    def _one(self, probe: Probe) -> str:
        request = self._filled(probe.path), self._filled(probe.body)
        code, body = self._ask(probe.method, request[0], request[1] or None)
        if probe.name and code < 300:
            self._names[probe.name] = next(iter(body.values()))["id"]
        answer = _plain(_words(code, body), self._known(), " ".join(request))
        return f"{code} {answer}".rstrip().replace(self._mark(), "@@")

    def _filled(self, text: str) -> str:
        text = text.replace("@@", self._mark())
        return re.sub(r"@([a-z]\w*)", lambda m: self._names.get(m[1], m[0]), text)

    def _mark(self) -> str:
        """What makes names unique beyond the section and the run."""
        return f"{self._run}-{self._sections}"

    def _known(self) -> dict[str, str]:
        return {value: f"@{name}" for name, value in self._names.items()}


def _words(code: int, body: Any) -> Any:
    """Refusals are in each server's own words; that they are for the client, and where they come from, is the contract."""
    if code < 400 or not isinstance(body, dict):
        return body
    return f"by {'a rule' if 'faultstring' in body else 'routing'}"


def _plain(body: Any, known: dict[str, str], sent: str) -> str:
    return json.dumps(_shape(body, known, sent), sort_keys=True) if body is not None else ""


def _shape(body: Any, known: dict[str, str], sent: str, key: str = "") -> Any:
    if isinstance(body, dict):
        return {k: _shape(v, known, sent, f"{key}.{k}") for k, v in body.items()}
    if isinstance(body, list):
        found = [_shape(v, known, sent, key) for v in body]
        return sorted(found, key=_without_id) if _is_a_set(key) else found
    if not isinstance(body, str):
        return body
    name = key.rpartition(".")[2]
    if name in CHOSEN and body not in sent:
        return f"<{name}>"
    if name == "href":
        body = re.sub(r"https?://[^/]+", "", body)
    return UUID.sub(lambda m: known.get(m[0], m[0] if m[0] in sent else "<id>"), TIME.sub("<time>", body))


def _is_a_set(key: str) -> bool:
    """Whether a list has no order of its own: everything but what was listed, and the links to other pages."""
    return key.count(".") > 1


def _without_id(shape: Any) -> str:
    return json.dumps({**shape, "id": ""} if isinstance(shape, dict) else shape, sort_keys=True)
