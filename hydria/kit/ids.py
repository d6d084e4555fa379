"""Identifiers: random, 16 bytes, written as lower-case UUID text."""

import os
import uuid

TEXT = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
"""The written form as a bare regular expression."""


NIL = "00000000-0000-0000-0000-000000000000"
"""The identifier of nothing."""


def new() -> str:
    """A fresh identifier."""
    return text(uuid.UUID(bytes=os.urandom(16), version=4).bytes)


def text(raw: bytes) -> str:
    """16 bytes as text."""
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def raw(written: str) -> bytes:
    """Text as 16 bytes; raises ValueError when it is no identifier."""
    found = bytes.fromhex(written.replace("-", ""))
    if len(found) != 16:
        message = f"{written!r} is not an identifier"
        raise ValueError(message)
    return found


def is_id(written: object) -> bool:
    """Whether this is an identifier in written form."""
    if not isinstance(written, str) or len(written) != 36:
        return False
    try:
        return text(raw(written)) == written.lower()
    except ValueError:
        return False
