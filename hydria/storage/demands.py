"""What operators ask of amphorae: raised by the API with the generation it raises, taken away when that is settled."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete

from hydria.control.world import Demand
from hydria.domain.demands import What
from hydria.storage import plain, tables

D = tables.DEMAND
SETTLED = delete(D).where(D.c.load_balancer_id == bindparam("lb"), D.c.generation <= bindparam("settled"))


def add(c: Connection, what: What, load_balancer_id: str, generation: int, amphora_ids: Iterable[str]) -> None:
    """Ask the same of amphorae of one load balancer, whose row this transaction holds."""
    common = {"what": what, "load_balancer_id": load_balancer_id, "generation": generation}
    wanted = [{**common, "amphora_id": a} for a in amphora_ids]
    plain.add(c, D, wanted)


def of(c: Connection, load_balancer_id: str) -> tuple[Demand, ...]:
    """What is asked of the amphorae of a load balancer, oldest first."""
    found = plain.find(c, D, ("id",), load_balancer_id=load_balancer_id)
    return tuple(Demand(row.amphora_id, What(row.what)) for row in found)


def settle(c: Connection, load_balancer_id: str, generation: int) -> None:
    """What was asked up to a generation is done. Part of the worker's settling transaction."""
    c.execute(SETTLED, {"lb": load_balancer_id, "settled": generation})
