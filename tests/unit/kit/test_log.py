"""One event is one line of JSON, with what is bound to the context."""

import json
import subprocess
import sys

PROGRAM = """
from hydria.kit import log
from hydria.kit.secret import Secret
log.setup("tester", level="warning")
with log.bound(load_balancer="x"):
    log.get().info("not.shown")
    log.get().warning("is.shown", why="line\\nend", key=Secret(b"sesame"))
    try:
        1 / 0
    except ZeroDivisionError:
        log.get().exception("went.wrong")
log.get().error("alone")
"""


def test_a_line_has_event_fields_and_context():
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    first, second, third = [json.loads(line) for line in said.stderr.splitlines()]
    assert said.stdout == ""
    assert (first["event"], first["why"], first["key"]) == ("is.shown", "line\nend", "***")
    assert (first["process"], first["load_balancer"], first["level"]) == ("tester", "x", "warning")
    assert first["time"].endswith("Z")
    assert "ZeroDivisionError" in second["exception"]
    assert "load_balancer" not in third
