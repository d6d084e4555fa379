"""Trouble: what stops a command, in one line, with what to do about it."""


class Trouble(Exception):
    """The reason and the remedy; `log` is a file whose end tells more."""

    def __init__(self, reason: str, remedy: str = "", log: str = "") -> None:
        super().__init__(reason)
        self.reason, self.remedy, self.log = reason, remedy, log
