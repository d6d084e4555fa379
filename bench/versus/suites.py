"""What is asked of every side, in turns: for each suite, each round, one side after the other."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.versus.side import Side

SUITE_S = 1200


@dataclass(frozen=True)
class Suite:
    """A suite of the benchmark, its numbers and how often it is run; what is slow on one side is run once."""

    name: str
    numbers: tuple[str, ...]
    quick: tuple[str, ...]
    rounds: int = 1


ALL = {
    "idle": Suite("idle", ("--idle-seconds", "10"), ("--idle-seconds", "2")),
    "lifecycle": Suite("lifecycle", ("--n", "6"), ("--n", "1"), rounds=2),
    "graph": Suite("graph", ("--n-graph", "4"), ("--n-graph", "1"), rounds=2),
    "changes": Suite("changes", ("--seconds", "4"), ("--seconds", "0.5"), rounds=2),
    "burst": Suite("burst", ("--burst", "100"), ("--burst", "10")),
    "filled": Suite("list", ("--n", "1", "--list-sizes", "1000"), ("--n", "1", "--list-sizes", "30")),
    "list": Suite("list", ("--n", "45", "--list-sizes", "1000"), ("--n", "6", "--list-sizes", "30")),
    "alone": Suite(
        "throughput", ("--clients", "1", "--seconds", "4"), ("--clients", "1", "--seconds", "0.5"), rounds=2
    ),
    "throughput": Suite("throughput", ("--clients", "8", "--seconds", "4"), ("--seconds", "0.5"), rounds=2),
    "batch": Suite("batch", ("--n-batch", "3"), ("--n-batch", "1")),
}
"""`filled` makes what is listed, so that its work is over when lists are measured. `alone` is the reads of `throughput` by
one client: what each costs when nothing waits."""


def run(bench: Path, running: Sequence[Side], names: Iterable[str], *, quick: bool) -> Iterator[dict[str, Any]]:
    """Results by side, `suite/measure` and what the rounds found, merged; all that is known after each suite."""
    found: dict[str, dict[str, Any]] = {side.name: {} for side in running}
    for side in running:
        _once(bench, side, "lifecycle", ALL["lifecycle"].quick)  # the first of all loads what is loaded at first use
    for name in names:
        suite = ALL[name]
        rounds = [
            {side.name: _once(bench, side, suite.name, suite.quick if quick else suite.numbers) for side in running}
            for _ in range(1 if quick else suite.rounds)
        ]
        for side in running:
            each = [one[side.name] for one in rounds]
            found[side.name] |= {f"{name}/{measure}": merged([one[measure] for one in each]) for measure in each[0]}
        yield found


def _once(bench: Path, side: Side, suite: str, numbers: Iterable[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        pids = [word for name, pid in side.pids.items() for word in ("--cpu", f"{name}={pid}")]
        filler = ["--seed-provider", side.filler] if side.filler and suite == "list" else []
        line = [sys.executable, str(bench), "--base-url", side.url, "--suite", suite, "--out", str(out)]
        print(f"{suite} of {side.name}", file=sys.stderr, flush=True)
        subprocess.run([*line, *numbers, *pids, *filler], check=True, stdout=subprocess.DEVNULL, timeout=SUITE_S)
        return dict(json.loads(out.read_text())["results"])


MERGES: dict[str, Callable[[Iterable[float]], float]] = {
    **dict.fromkeys(("n", "loops", "seconds", "errors", "not_active"), sum),
    **dict.fromkeys(("median_ms", "per_s", "per_min"), statistics.median),
    "min_ms": min,
}


def merged(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One result of several rounds: counts and CPU seconds added, the least minimum, the median of medians."""
    first = rounds[0]
    made: dict[str, Any] = {"rounds": len(rounds)}
    for name, merge in MERGES.items():
        if there := [one[name] for one in rounds if name in one]:
            made[name] = merge(there)
    if "cost" in first:
        made["cpu_s"] = {who: sum(one["cost"]["cpu_s"][who] for one in rounds) for who in first["cost"]["cpu_s"]}
        made["others_busy_cores"] = max(one["cost"]["others_busy_cores"] for one in rounds)
    return made
