"""What drivers raise, and nothing else. `NotFound` and the like are answers, not faults: see each interface."""


class Fault(Exception):
    """Base: a cloud or an amphora did not do what was asked. The text is for operators, with a remedy where there is one."""


class Temporary(Fault):
    """It did not happen and may succeed later: no answer, overload, a restart. Nothing was made."""


class Unknown(Fault):
    """The outcome is not known: the request was sent, no answer came. Look for the name before anything else."""


class Refused(Fault):
    """It will not happen as asked: a bad argument, a conflict, a forbidden address. Retrying is useless."""


class OutOfResources(Refused):
    """There is no room: quota, addresses, hosts."""
