"""The article before a word: an HTTP listener, a pool. Pure."""

import re

SOUNDS = re.compile(r"[aeio]|l7|http|sctp|ssl", re.IGNORECASE)
"""How words begin that are spoken with a vowel first; UDP and user are not."""


def an(words: str) -> str:
    """The words with their article."""
    return f"an {words}" if SOUNDS.match(words) else f"a {words}"
