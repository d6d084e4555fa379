"""What operators may ask of an amphora beyond the tree it serves."""

import enum


class What(enum.StrEnum):
    """Each is about one amphora; a worker sees to it within the run that settles the generation it was asked in."""

    REPLACE = "replace"  # a new amphora takes its place, then it goes
    CONFIGURE = "configure"  # it is told again what it is: controllers, trust, intervals
