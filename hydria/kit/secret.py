"""A value that must not be shown: its text is three stars wherever it is printed or logged."""

from typing import NoReturn


class Secret:
    """Wraps bytes that only `reveal` gives back."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The bytes themselves; call it where they are used and keep nothing."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not packed away")
