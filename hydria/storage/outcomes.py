"""What a run ends with: the accepted tree and the verdicts, written by the worker while it holds the claim."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete

from hydria.domain import tree
from hydria.domain.tree import Tree
from hydria.domain.verdict import Verdict
from hydria.storage import journal, plain, tables

ACCEPTED, VERDICT, SUSPICION = tables.ACCEPTED, tables.VERDICT, tables.SUSPICION


def accept(c: Connection, lb_id: str, runs: Tree, generation: int, revision: int) -> None:
    """Record what the data plane has proved and runs."""
    values = {"generation": generation, "revision": revision, "tree": tree.dump(runs)}
    if not plain.change(c, ACCEPTED, {"load_balancer_id": lb_id}, **values):
        plain.add(c, ACCEPTED, [{"load_balancer_id": lb_id, **values}])


def judge(c: Connection, lb_id: str, verdicts: Iterable[Verdict], now: int, request_id: str | None) -> None:
    """Replace the verdicts on objects of a load balancer; without a request id each gets that of the write it is about."""
    plain.remove(c, VERDICT, load_balancer_id=lb_id)
    judged = list(verdicts)
    asked = {} if request_id else journal.requests(c, ((lb_id, v.changed) for v in judged))
    written = [
        {**msgspec.structs.asdict(v), "at": now, "request_id": request_id or asked.get((lb_id, v.changed))}
        for v in judged
    ]
    plain.add(c, VERDICT, written)


def looked(c: Connection, suspicion_ids: Iterable[int]) -> None:
    """Take suspicions away that have been looked into."""
    c.execute(delete(SUSPICION).where(SUSPICION.c.id.in_(list(suspicion_ids))))
