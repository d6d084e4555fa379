"""The section of a page about Hydria beside the reference: what was measured in, Markdown out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

TITLE = "## Beside the reference"
INTRODUCTION = """{title}

`.venv/bin/python -m bench.versus BENCH_API_PY --markdown docs/performance.md` on {date}: {cores} cores, kernel {kernel},
Python {python}, load average {load:.1f} before and {load_after:.1f} after. The reference is its release {reference}
(`scripts/setup.sh --reference`) with its own drivers that do nothing; ours do nothing either. On every side: two processes of
gunicorn with 16 threads, one worker, no tokens, servers with their settings for data that must not be lost, a broker (SQLite:
none). All sides stood on the machine at once and were asked in turns, suite by suite; whoever waits for ACTIVE looks every
20 ms. Milliseconds are *median (minimum)* of n; where a suite was run twice, the mean of both medians. The ratio says how many
times the reference's value is ours on the same kind of database, MariaDB; for rates, how many times ours is the reference's.
"""
SIDES = {"reference": "reference, MariaDB", "mariadb": "MariaDB", "postgresql": "PostgreSQL", "sqlite": "SQLite"}
OURS = tuple(SIDES)[1:]
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is called and where it was measured."""

    title: str
    key: str


@dataclass(frozen=True)
class Rate(Row):
    """How many in a second or a minute."""


@dataclass(frozen=True)
class Spent(Row):
    """CPU time of these processes; `calls`: how many of what is named were made in one that was counted."""

    who: tuple[str, ...]
    calls: int = 1


TIMES = (
    Row("create a load balancer: POST", "lifecycle/latency.create_lb"),
    Row("... to ACTIVE", "lifecycle/to_active.create_lb"),
    Row("create a listener, to ACTIVE", "lifecycle/to_active.create_listener"),
    Row("create a member, to ACTIVE", "lifecycle/to_active.create_member"),
    Row("update a member, to ACTIVE", "lifecycle/to_active.update_member"),
    Row("create an L7 rule, to ACTIVE", "lifecycle/to_active.create_l7rule"),
    Row("delete a small tree, to its end", "lifecycle/to_active.delete_lb_cascade_small"),
    Row("full tree: POST", "graph/latency.create_full_graph"),
    Row("... to ACTIVE", "graph/to_active.create_full_graph"),
    Row("... its statuses: GET", "graph/latency.get_status_full_graph"),
    Row("... delete it, to its end", "graph/to_gone.delete_cascade_full_graph"),
    Row("500 new members in one call: PUT", "batch/latency.batch500.fill"),
    Row("... to ACTIVE", "batch/to_active.batch500.fill"),
    Row("500 members changed in one call, to ACTIVE", "batch/to_active.batch500.change"),
    Row("500 members removed in one call, to ACTIVE", "batch/to_active.batch500.empty"),
    Row("GET one load balancer, one client", "alone/throughput.get_lb"),
    Row("list of 1,000 load balancers", "list/list1000.GET"),
    Row("... a page of 100", "list/list1000.GET?limit=100"),
)
RATES = (
    Rate("GET one, 8 clients, per second", "throughput/throughput.get_lb"),
    Rate("statuses of a full tree, 8 clients, per second", "throughput/throughput.get_status_full_graph"),
    Rate("pages of 100 load balancers, 8 clients, per second", "throughput/throughput.list_limit100"),
    Rate("members added to 8 load balancers until ACTIVE, per second", "changes/changes.member_until_active"),
    Rate("100 creations at once, per minute", "burst/burst.create100"),
)
API, ALL = ("api",), ("api", "worker", "database", "broker")
CPU = (
    Spent("GET one: API", "alone/throughput.get_lb", API),
    Spent("statuses of a full tree: API", "alone/throughput.get_status_full_graph", API),
    Spent("list of 1,000: API", "list/list1000.GET", API),
    Spent("one of 100 creations at once: API and worker", "burst/burst.create100", ("api", "worker")),
    Spent("... database and broker", "burst/burst.create100", ("database", "broker")),
    Spent(
        "a full tree from POST to its end, polls included: all processes",
        "graph/to_gone.delete_cascade_full_graph",
        ALL,
    ),
    Spent("one call with 500 members, polls included: all processes", "batch/batch500.cost", ALL, calls=4),
    Spent("a second in which nothing is asked: all processes of these", "idle/idle", ALL),
)
BUDGETS: tuple[tuple[Row, str], ...] = (
    (Spent("GET one, CPU of the API", "alone/throughput.get_lb", API), "0.8 ms; servers 1.5 ms"),
    (Spent("list of 1,000, CPU of the API", "list/list1000.GET", API), "30 ms; servers 45 ms"),
    (Row("POST of a full tree", "graph/latency.create_full_graph"), "20 ms"),
    (Row("PUT of 500 members", "batch/latency.batch500.fill"), "100 ms"),
    (Row("... to ACTIVE", "batch/to_active.batch500.fill"), "500 ms"),
    (Row("PUT of 500 changed members", "batch/latency.batch500.change"), "100 ms"),
    (Row("... to ACTIVE", "batch/to_active.batch500.change"), "500 ms"),
    (Row("create to ACTIVE", "lifecycle/to_active.create_lb"), "30 ms"),
    (Rate("creations a minute with one worker", "burst/burst.create100"), "2,500"),
)


def rendered(found: Mapping[str, Any]) -> str:
    """The section; what was not measured has a dash."""
    results = found["results"]
    introduction = INTRODUCTION.format(title=TITLE, load_after=found["load_after"], **found["machine"])
    parts = (
        introduction,
        _compared("milliseconds", TIMES, results, lambda reference, ours: reference / ours),
        _compared("rates", RATES, results, lambda reference, ours: ours / reference),
        _compared("CPU milliseconds of each", CPU, results, lambda reference, ours: reference / ours),
        _failures(results),
        "Our budgets beside the same numbers:\n",
        _budgets(results),
    )
    return "\n".join(parts)


def replaced(page: str, section: str) -> str:
    """A page with this as its section of the title, at the end where it had none."""
    before, _, old = page.partition(TITLE)
    _, heading, after = old.partition("\n## ")
    return f"{before.rstrip()}\n\n{section}" + (f"\n{heading.strip()} {after}" if heading else "")


def _compared(
    title: str, rows: Iterable[Row], results: Mapping[str, Result], ratio: Callable[[float, float], float]
) -> str:
    lines = [_line(title, "n", *SIDES.values(), "ratio"), _line(*["---"] * (len(SIDES) + 3))]
    for row in rows:
        each = [results[side].get(row.key) for side in SIDES]
        reference, ours = each[0], each[1]
        times = f"{ratio(_value(row, reference), _value(row, ours)):.1f}" if reference and ours else "-"
        lines.append(_line(row.title, _counts(each), *(_text(row, one) for one in each), times))
    return "\n".join(lines) + "\n"


def _budgets(results: Mapping[str, Result]) -> str:
    lines = [_line("what", "budget", *(SIDES[side] for side in OURS)), _line(*["---"] * (len(OURS) + 2))]
    lines += [
        _line(row.title, budget, *(_text(row, results[side].get(row.key)) for side in OURS)) for row, budget in BUDGETS
    ]
    return "\n".join(lines) + "\n"


def _failures(results: Mapping[str, Result]) -> str:
    sums = {s: sum(r.get("errors", 0) + r.get("not_active", 0) for r in results[s].values()) for s in SIDES}
    return f"Failed, or not ACTIVE in the end: {', '.join(f'{SIDES[s]} {n}' for s, n in sums.items())}.\n"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _value(row: Row, result: Result) -> float:
    if isinstance(row, Spent):
        spent = sum(result["cpu_s"].get(who, 0.0) for who in row.who)
        return spent * 1000 / (_times(result) * row.calls)
    if isinstance(row, Rate):
        return float(result.get("per_s") or result["per_min"])
    return float(result["median_ms"])


def _times(result: Result) -> int:
    return int(next(result[name] for name in ("n", "loops", "seconds") if name in result))


def _text(row: Row, result: Result | None) -> str:
    if not result or (isinstance(row, Spent) and not set(row.who) & set(result["cpu_s"])):
        return "-"
    shown = _number(_value(row, result))
    return shown if isinstance(row, Rate | Spent) else f"{shown} ({_number(result['min_ms'])})"


def _number(value: float) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def _counts(each: Iterable[Result | None]) -> str:
    counts = sorted({_times(one) for one in each if one})
    return "-".join(str(n) for n in (counts[:1] + counts[-1:] if len(counts) > 1 else counts)) or "-"
