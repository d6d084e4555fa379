"""What the benchmarks share: summaries, the machine they ran on, memory and CPU of processes."""

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """n, minimum, median, p99 and maximum of durations."""
    found = sorted(milliseconds)
    last = found[min(len(found) - 1, int(len(found) * 0.99))]
    return {
        "n": len(found),
        "min_ms": round(found[0], 2),
        "median_ms": round(statistics.median(found), 2),
        "p99_ms": round(last, 2),
        "max_ms": round(found[-1], 2),
    }


def machine() -> dict[str, Any]:
    """Where and when this was measured."""
    haproxy = subprocess.run(["/usr/sbin/haproxy", "-v"], capture_output=True, text=True, check=False).stdout.split(" ")
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "haproxy": haproxy[2] if len(haproxy) > 2 else "",
        "load": os.getloadavg()[0],
    }


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of these processes and of the children they waited for."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(x) for x in fields[11:15])
    return total / TICK


def pss_mib(pid: int) -> float:
    """Memory of a process, shared pages divided among those that share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def tell(**results: Any) -> None:
    """Print the results as JSON."""
    print(json.dumps({"machine": machine(), **results}, indent=1))
