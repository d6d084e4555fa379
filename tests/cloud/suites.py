"""Public suites of tests, run by what they are run with everywhere (stestr), in an environment and a folder of their own."""

import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.system.house import ROOT

ENVIRONMENT = ROOT / "build/tempest"
AT_ONCE = 2
MOST_S = 5400


@dataclass(frozen=True)
class Outcome:
    """One test: `ok`, `failed` or `skipped`, and why."""

    name: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Suite:
    """Tests below a folder of the environment, with settings and records in a folder of their own."""

    folder: Path
    tests: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, names: str) -> list[Outcome]:
        """Run what a regular expression names, two at a time; what became of each test."""
        installed = next((ENVIRONMENT / "lib").glob("python3*/site-packages"))
        places = f"test_path={installed}/{self.tests}\ntop_dir={installed}\n"
        (self.folder / ".stestr.conf").write_text(f"[DEFAULT]\n{places}")
        self._call("stestr", "run", "--concurrency", str(AT_ONCE), *([names] if names else []))
        return list(outcomes(self._call("subunit2pyunit", said=self._call("stestr", "last", "--subunit")).decode()))

    def _call(self, program: str, *words: str, said: bytes = b"") -> bytes:
        """A program of the environment; what it prints."""
        own = {"HOME": str(self.folder), "PYTHONWARNINGS": "ignore", **self.environment}
        done = subprocess.run(
            [str(ENVIRONMENT / "bin" / program), *words],
            input=said,
            capture_output=True,
            env={"PATH": f"{ENVIRONMENT}/bin:{os.defpath}", **own},
            cwd=self.folder,
            timeout=MOST_S,
            check=False,
        )
        return done.stdout or done.stderr


def outcomes(text: str) -> Iterator[Outcome]:
    """What is told of each test, read from the words of unittest."""
    blocks = re.split(r"^={70}\n", text, flags=re.MULTILINE)
    why = {block.split("\n", 1)[0].partition(": ")[2]: _reason(block) for block in blocks[1:]}
    for name, said in re.findall(r"^(.+) \.\.\. (ok|FAIL|ERROR|skipped .*)$", blocks[0], flags=re.MULTILINE):
        status = {"ok": "ok", "FAIL": "failed", "ERROR": "failed"}.get(said, "skipped")
        short = re.sub(r"(\w+\.)+v2\.|\[id-.*\]", "", name)
        yield Outcome(short, status, why.get(name, "") if status == "failed" else said.removeprefix("skipped "))


def _reason(block: str) -> str:
    """The last exception of a traceback, in one line."""
    lines = [line.strip() for line in block.partition("Traceback (most recent call last)")[2].splitlines()]
    ends = [n for n, line in enumerate(lines) if re.match(r"(\w+\.)+\w+: |\w+Error: ", line)]
    return " ".join(lines[ends[-1] : ends[-1] + 3])[:300] if ends else "no traceback"


HEAD = f"{'suite':34} {'database':10} passed failed skipped seconds"


def told(what: str, database: str, found: Iterable[Outcome], began: float) -> tuple[str, int]:
    """Tell of failures and skips; a line for the table, and how many failed. No test at all is a failure too."""
    count: Counter[str] = Counter()
    for one in found:
        count[one.status] += 1
        if one.status != "ok":
            print(f"  {one.status} {one.name}: {one.reason}", flush=True)
    numbers = f"{count['ok']:6} {count['failed']:6} {count['skipped']:7} {time.monotonic() - began:7.0f}"
    return f"{what:34} {database:10} {numbers}", count["failed"] if count["ok"] else max(1, count["failed"])
