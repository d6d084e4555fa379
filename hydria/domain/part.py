"""What every part of a load balancer's tree carries besides the attributes of its kind."""

from typing import Annotated

from hydria.domain.attributes import Doc, Kept, Resource
from hydria.domain.types import Generation, Instant, ProjectId, Uuid


class Part(Resource, kw_only=True, frozen=True):
    """One object of a tree. Generations are those of the load balancer it belongs to."""

    id: Annotated[Uuid, Doc("The identifier.")]
    project_id: Annotated[ProjectId, Doc("The project that owns it.")]
    load_balancer_id: Annotated[Uuid, Kept.HIDDEN]
    born: Annotated[Generation, Kept.HIDDEN, Doc("Generation in which it was created.")]
    changed: Annotated[Generation, Kept.HIDDEN, Doc("Generation of its last write.")]
    touched: Annotated[Generation, Kept.HIDDEN, Doc("The same, what is beneath it included.")]
    deleted: Annotated[Generation, Kept.HIDDEN, Doc("Generation of its deletion; 0 while it is wanted.")] = 0
    provisioning_status: Annotated[str, Kept.COMPUTED, Doc("Whether what is wanted is what runs.")] = ""
    operating_status: Annotated[str, Kept.COMPUTED, Doc("What its amphorae see.")] = ""
    created_at: Annotated[Instant, Doc("When it was created (UTC).")]
    updated_at: Annotated[
        Instant | None, Doc("When it was last changed; null until it is settled for the first time.")
    ] = None
