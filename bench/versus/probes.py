"""The table of raw requests asked of the reference, or of a Hydria: every answer that is not the expected one is printed.

.venv/bin/python -m bench.versus.probes                 the reference (scripts/setup.sh --reference)
.venv/bin/python -m bench.versus.probes hydria [KIND]   our processes with no-op drivers on a database of a kind
.venv/bin/python -m bench.versus.probes URL             what runs there, open to all
"""

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import deployment
from bench.versus import reference
from hydria.drivers.identity.noop import PROJECT
from hydria.kit import ids
from tests.unit.api import probing
from tests.unit.api.probing import Answer, Player

DEADLINE_S = 30
HEADERS = {"Content-Type": "application/json", "X-Project-Id": PROJECT}


def main(side: str = "reference", kind: str = "sqlite", *_: str) -> int:
    """How many answers differ."""
    if side.startswith("http"):
        return _compared(side, learn=kind == "learn")
    is_reference = side == "reference"
    with _reference() if is_reference else _hydria(kind) as url:
        return _compared(url, is_reference=is_reference)


@contextmanager
def _reference() -> Iterator[str]:
    with deployment.stored("mariadb") as servers, reference.running(servers) as side:
        yield side.url


@contextmanager
def _hydria(kind: str) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        deployment.stored(kind) as servers,
        deployment.running(Path(folder), servers, "auth_strategy = noauth") as house,
    ):
        yield house.deployment.url


def _compared(url: str, *, is_reference: bool = True, learn: bool = False) -> int:
    """How many answers differ; what the reference answers otherwise is expected of it. `learn`: note it as such."""
    asked = differing = 0
    for file in sorted(probing.HERE.glob("*.txt")):
        probes = probing.read(file)
        player = Player(_asker(url), lambda: _settle(url), PROJECT, ids.new()[:8])
        found = list(player.play(probes))
        pairs = list(zip(probes, (f.expected for f in found), strict=True))
        for probe, answer in pairs:
            asked += 1
            if answer != probe.expected and not (is_reference and answer == probe.reference):
                differing += 1
                print(f"{file.stem}, {probe.section}: {probe.request}")
                print("".join(f"    {line}\n" for line in _differences(probe.expected, answer)), end="")
        if learn:
            file.write_text(probing.write([p._replace(reference=a if a != p.expected else "") for p, a in pairs]))
    print(f"{asked} requests, {differing} answers differ")
    return differing


def _differences(expected: str, found: str) -> Iterator[str]:
    codes, bodies = zip(*(_split(text) for text in (expected, found)), strict=True)
    if codes[0] != codes[1] or not all(isinstance(b, dict) for b in bodies):
        yield f"expected {expected}"
        yield f"found    {found}"
        return
    yield from _unequal("", *bodies)


def _split(text: str) -> tuple[str, Any]:
    code, _, body = text.partition(" ")
    return code, json.loads(body) if body else None


def _unequal(path: str, expected: Any, found: Any) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            yield from _unequal(f"{path}.{key}", expected.get(key, "absent"), found.get(key, "absent"))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for i, pair in enumerate(zip(expected, found, strict=True)):
            yield from _unequal(f"{path}[{i}]", *pair)
    elif expected != found:
        yield f"{path}: expected {expected!r}, found {found!r}"


def _asker(url: str) -> probing.Ask:
    def ask(method: str, path: str, body: str | None) -> Answer:
        whole = path if path.startswith("/v2") else f"/v2/lbaas{path}"
        request = urllib.request.Request(url + whole, body.encode() if body else None, HEADERS, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return Answer(answer.status, _json(answer.read()))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _json(error.read()))

    return ask


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return {"text": raw.decode(errors="replace")}


def _settle(url: str) -> None:
    """Wait until nothing is pending."""
    ask, until = _asker(url), time.monotonic() + DEADLINE_S
    while any(
        lb["provisioning_status"].startswith("PENDING")
        for lb in ask("GET", "/loadbalancers?fields=provisioning_status", None).body["loadbalancers"]
    ):
        if time.monotonic() > until:
            raise SystemExit(f"{url}: something is pending for {DEADLINE_S} s")
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
