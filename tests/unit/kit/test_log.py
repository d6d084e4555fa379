"""Where lines of the log go."""

import os

from hydria.kit.log import Lossy


def test_lines_that_nobody_takes_are_lost_and_nobody_waits() -> None:
    reads, writes = os.pipe()
    out = Lossy(writes)
    for _ in range(1000):
        assert out.write("x" * 999 + "\n") == 1000
    taken = os.read(reads, 2**20)
    assert 0 < len(taken) <= 2**17
    out.write("later\n")
    assert os.read(reads, 100) == b"later\n"
    os.close(reads)
    os.close(writes)
