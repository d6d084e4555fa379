"""Conditions of writes: the tag of an object is the number of its last write, and `If-Match` asks for a tag."""

import re

import falcon

from hydria.domain.part import Part
from hydria.domain.refusals import Changed, Invalid

TAG = re.compile(r'(?:W/)?"[!#-~]*"')
LIST = re.compile(rf"\s*(?:{TAG.pattern}\s*(?:,\s*|\Z))+")


class Tagged:
    """What answers for one object of a tree, and makes its writes under `check`."""


def tag(changed: int) -> str:
    """The tag of an object whose last write was of this generation."""
    return f'"{changed}"'


def wanted(header: str | None) -> frozenset[str] | None:
    """The tags of an `If-Match`; None when any object will do. Raises Invalid."""
    if header is None or header.strip() == "*":
        return None
    if not LIST.fullmatch(header):
        message = f'If-Match: {header!r} is no tag; it must be "*" or tags as in ETag, such as "3".'
        raise Invalid(message)
    return frozenset(TAG.findall(header))


def check(tags: frozenset[str] | None, part: Part) -> None:
    """Raise Changed unless the object has one of the tags."""
    if tags is not None and tag(part.changed) not in tags:
        message = f"If-Match: {part.id} has the tag {tag(part.changed)} now; read it again and decide anew."
        raise Changed(message)


def say(resp: falcon.Response, changed: int) -> None:
    """Tell the tag of the object that is answered with."""
    resp.set_header("ETag", tag(changed))
