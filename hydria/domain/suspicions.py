"""What the health manager may suspect of an amphora; a worker looks and decides."""

import enum


class What(enum.StrEnum):
    """Each is about one amphora and one load balancer; at most one of a kind stands at a time."""

    SILENT = "silent"  # nothing fresh was heard for too long
    STOPPED = "stopped"  # it says that the load balancer's haproxy does not run
    MISSING = "missing"  # it does not name a placement that was applied
    DIFFERS = "differs"  # it runs something else than what was last applied
