"""One event is one line of JSON, with what is bound to the context; nothing else is ever written."""

import fcntl
import json
import os
import subprocess
import sys
import time

from hydria.kit import log

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
OTHERS = """
import logging, sys, threading, warnings
from hydria.kit import log
log.setup("tester")
logging.getLogger("library").warning("beware of %s", "dogs")
warnings.warn("old")
print("one\\ntwo", file=sys.stderr)
def fail():
    raise ValueError("in a thread")
thread = threading.Thread(target=fail, name="spinner")
thread.start()
thread.join()
class Dying:
    def __del__(self):
        raise OSError("while dying")
Dying()
1 / 0
"""


def said(program: str) -> list[dict[str, str]]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_has_event_fields_and_context():
    first, second, third = said(PROGRAM)
    assert (first["event"], first["why"], first["key"]) == ("is.shown", "line\nend", "***")
    assert (first["process"], first["load_balancer"], first["level"]) == ("tester", "x", "warning")
    assert first["time"].endswith("Z")
    assert "ZeroDivisionError" in second["exception"]
    assert "load_balancer" not in third


def test_libraries_prints_and_what_nobody_caught_are_lines_too():
    lines = said(OTHERS)
    assert {line["process"] for line in lines} == {"tester"}
    assert [(x["event"], x.get("text", "")) for x in lines if x["event"] != "library.said"] == [
        ("printed", "one"),
        ("printed", "two"),
        ("thread.died", ""),
        ("error.ignored", ""),
        ("process.died", ""),
    ]
    assert [x["text"] for x in lines if x.get("logger") == "library"] == ["beware of dogs"]
    assert any("old" in x["text"] for x in lines if x.get("logger") == "py.warnings")
    assert [x["thread"] for x in lines if x["event"] == "thread.died"] == ["spinner"]
    assert "ZeroDivisionError" in lines[-1]["exception"]


def rendered(**fields: object) -> str:
    return log._rendered(None, "", {"event": "x", **fields})


def test_a_line_is_as_long_as_the_kernel_takes_at_once_and_keeps_how_a_traceback_ends():
    line = rendered(exception="first\n" + "\n" * 9000 + "Error: last", steps=["step" * 5] * 500, request_id="req-1")
    assert len(line.encode()) < log.MOST
    found = json.loads(line)
    assert (found["exception"][:5], found["exception"][-11:], found["request_id"]) == ("first", "Error: last", "req-1")


def test_whatever_is_logged_is_json():
    odd = {"bytes": b"\xff", "keys": {1: {2}}, "surrogate": "\ud800", "object": object(), "number": float("nan")}
    assert set(json.loads(rendered(**odd))) == {"event", *odd}


def test_a_logger_that_does_not_read_holds_nobody_up_and_tears_no_line():
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    lossy = log.Lossy(writes)
    began = time.monotonic()
    for n in range(1000):
        lossy.write(f"{n:03}{'x' * 996}\n")
    assert time.monotonic() - began < 1
    os.close(writes)
    with os.fdopen(reads) as kept:
        lines = kept.read().splitlines()
    assert 0 < len(lines) < 10
    assert {len(line) for line in lines} == {999}


def test_what_is_said_again_and_again_is_said_once_in_a_while_with_how_often_it_was_not():
    program = """
from hydria.kit import log
log.setup("tester")
seldom = log.Seldom(60.0)
for now in (0.0, 1.0, 59.0, 60.0):
    seldom.warning("away", now, at=now)
    seldom.warning("other", now)
"""
    lines = [(line["event"], line.get("at"), line.get("unsaid")) for line in said(program)]
    assert lines == [("away", 0.0, None), ("other", None, None), ("away", 60.0, 2), ("other", None, 2)]
