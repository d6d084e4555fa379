"""Load balancers and what is beneath them, as the API would make them."""

from typing import Any

from hydria.domain import kinds
from hydria.domain.loadbalancer import LoadBalancer
from hydria.domain.part import Part
from hydria.kit import ids

PROJECT = "11111111111111111111111111111111"
NOW = 1_800_000_000_000_000
MAKE: dict[kinds.Kind, dict[str, Any]] = {
    kinds.POOL: {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"},
    kinds.LISTENER: {"protocol": "HTTP", "protocol_port": 80},
    kinds.MEMBER: {"address": "10.0.0.9", "protocol_port": 80},
}


def load_balancer() -> LoadBalancer:
    """A load balancer that is to be created."""
    own: dict[str, Any] = {"id": ids.new(), "project_id": PROJECT, "created_at": NOW, "generation": 1}
    return LoadBalancer(load_balancer_id=own["id"], born=1, changed=1, touched=1, **own)


def part(kind: kinds.Kind, lb: LoadBalancer, generation: int, **values: Any) -> Part:
    """An object beneath a load balancer."""
    own = {"id": ids.new(), "load_balancer_id": lb.id, "project_id": PROJECT, "created_at": NOW}
    stamps = {"born": generation, "changed": generation, "touched": generation}
    return kind.resource(**{**own, **stamps, **MAKE.get(kind, {}), **values})
