"""The verdict: why an object of a tree is not in what is pushed."""

import msgspec


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Refused by the data plane, or held because it refers to something refused."""

    object_id: str
    kind: str  # name of the kind's table
    load_balancer_id: str
    changed: int  # the generation of the write it is about
    held: bool = False  # not refused itself
    reason: str = ""  # for people; a refused object's is what the data plane said
    because: str | None = None  # the refused object it waits for; None while held: not tried yet
    revision: int = 0  # of the renderer
    image: str = ""
    bare: bool = False  # not even what only tightens is taken of it
