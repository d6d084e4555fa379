"""What drivers raise, and nothing else. `NotFound` and the like are answers, not faults: see each interface."""


class Fault(Exception):
    """Base: a cloud or an amphora did not do what was asked. Owners read the text and the remedy of their load balancer."""

    remedy = "nothing need be done: it is tried again by itself"


class Temporary(Fault):
    """It did not happen and may succeed later: no answer, overload, a restart. Nothing was made."""


class Unknown(Fault):
    """The outcome is not known: the request was sent, no answer came. Look for the name before anything else."""


class Refused(Fault):
    """It will not happen as asked: a bad argument, a conflict, a forbidden address. Retrying is useless."""

    remedy = "ask for something else, or ask the operator what stands against it; it is tried again by itself"


class OutOfResources(Refused):
    """There is no room: quota, addresses, hosts."""

    remedy = "make room or ask the operator for more; it is tried again by itself"
