"""Refusals: what a user asked for and cannot have. Never logged as errors, never retried."""


class Refusal(Exception):
    """Base of all refusals. The text says what, which and what is allowed."""

    code = 400


class Invalid(Refusal):
    """The request itself is wrong."""


class Forbidden(Refusal):
    """The caller may not do this, or a quota is met."""

    code = 403


class NotFound(Refusal):
    """There is no such object."""

    code = 404


class Conflict(Refusal):
    """True only beside another object or state that stands against it."""

    code = 409


class Changed(Refusal):
    """True only of an object as it was: it has been written since."""

    code = 412


class Reused(Refusal):
    """The key of a request was used for another request."""

    code = 422


class Unsupported(Refusal):
    """Valid, but nothing here can do it."""

    code = 501
