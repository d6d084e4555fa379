"""Hydria beside the reference, in one run: python -m bench.versus BENCH_API_PY [--suite NAME,...] [--out FILE] [--markdown FILE]

BENCH_API_PY is a benchmark of any load-balancer v2 API over HTTP. The reference, and Hydria on SQLite, MariaDB and
PostgreSQL, are started side by side; each suite is run on all of them in turn before the next one.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import measure
from bench.versus import page, reference, sides, suites

QUICK = "one round, smallest numbers: shows that all of it works"


def main() -> None:
    given = _arguments()
    found = json.loads(given.show.read_text()) if given.show else {}
    for one in _measured(given) if given.bench else ():
        found = one
        if given.out:
            given.out.write_text(json.dumps(found, indent=1))
    text = page.rendered(found)
    print(text)
    if given.markdown:
        given.markdown.write_text(page.replaced(given.markdown.read_text(), text))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.versus", description=__doc__)
    parser.add_argument("bench", nargs="?", metavar="BENCH_API_PY", type=Path, help="the benchmark")
    parser.add_argument("--suite", default=",".join(suites.ALL), help="some of them (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to keep all that was measured, as JSON")
    parser.add_argument("--show", type=Path, metavar="FILE", help="measure nothing, show what was kept there")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="a page whose section about this is to be replaced"
    )
    given = parser.parse_args()
    if bool(given.bench) == bool(given.show):
        parser.error("name the benchmark, or what to show")
    return given


def _measured(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    machine = {**measure.machine(), "reference": reference.version()}
    with sides.all_running() as running:
        for results in suites.run(given.bench, running, given.suite.split(","), quick=given.quick):
            yield {"machine": machine, "load_after": measure.machine()["load"], "results": results}


if __name__ == "__main__":
    main()
