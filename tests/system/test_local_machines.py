"""Local machines: isolated, supervised, outliving who started them, and gone without a trace whatever was killed when."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydria.drivers import faults
from hydria.drivers.compute import Power
from hydria.drivers.compute.local import settings
from tests.system import local_rig


@pytest.fixture
def local(tmp_path: Path) -> Iterator[local_rig.Local]:
    with local_rig.local(tmp_path) as local:
        yield local
        local.compute.clear()
        assert local.leftovers() == []


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "starter"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def forked(work: object, kill_after_s: float | None = None) -> None:
    """Do something in a process that ends with it, or is killed in the middle of it."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            work()  # type: ignore[operator]
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_the_agent_answers_and_sees_its_files(local: local_rig.Local) -> None:
    order = local.order()
    machine_id = local.compute.create(order)
    assert local_rig.answers(order.management.address)
    assert local.inside(machine_id, "cat", "/etc/hydria/certs/server.pem") == "PEM"
    assert local.inside(machine_id, "ls", "/run") == "agent.log\nhydria\nsupervised\n"
    assert local.inside(machine_id, "ps", "-o", "comm=", "-p", "1") == "runsvdir\n"


def test_a_plugged_card_shows_its_mac(local: local_rig.Local) -> None:
    machine_id, port = local.compute.create(local.order()), local.port("demo")
    local.compute.plug(machine_id, port)
    assert port.mac in local.inside(machine_id, "ip", "-br", "link")
    local.compute.unplug(machine_id, port.id)
    assert port.mac not in local.inside(machine_id, "ip", "-br", "link")


def test_destroying_a_port_takes_its_cable_from_deep_inside(local: local_rig.Local) -> None:
    machine_id, port = local.compute.create(local.order()), local.port("demo")
    local.compute.plug(machine_id, port)
    local.inside(machine_id, "ip", "netns", "add", "inner")
    local.inside(machine_id, "ip", "link", "set", f"h{port.mac.replace(':', '')}", "netns", "inner")
    assert not Path("/run/netns/inner").exists()
    local.net.destroy_port(port.id)
    assert len(local.cables()) == 1


def test_a_machine_keeps_nothing_of_another_alive(local: local_rig.Local) -> None:
    first, second = local.order(), local.order()
    local.compute.create(first)
    local.compute.create(second)
    local.compute.destroy(first.name)
    assert settings.namespace(first.amphora_id) not in Path(f"/proc/{local.pid(second.name)}/mountinfo").read_text()


def test_an_agent_that_dies_is_started_again(local: local_rig.Local) -> None:
    order = local.order()
    machine_id = local.compute.create(order)
    assert local_rig.answers(order.management.address)
    local.inside(machine_id, "kill", "-9", local.inside(machine_id, "cat", "/var/lib/hydria/pid"))
    assert local_rig.answers(order.management.address)


def test_a_machine_whose_first_process_died_is_off(local: local_rig.Local) -> None:
    machine_id = local.compute.create(local.order())
    os.kill(local.pid(machine_id), signal.SIGKILL)
    until = time.monotonic() + 2
    while local.compute.look(machine_id).power is Power.RUNNING and time.monotonic() < until:
        time.sleep(0.01)
    assert local.compute.look(machine_id).power is Power.OFF


def test_a_machine_outlives_the_process_that_made_it(local: local_rig.Local) -> None:
    order = local.order()
    forked(lambda: local.compute.create(order))
    assert local.compute.look(order.name).power is Power.RUNNING
    assert local_rig.answers(order.management.address)


@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 15, 20, 30])
def test_a_maker_killed_at_any_moment_leaves_what_can_be_destroyed(local: local_rig.Local, after_ms: int) -> None:
    order = local.order()
    forked(lambda: local.compute.create(order), kill_after_s=after_ms / 1000)
    local.compute.destroy(order.name)
    assert local.compute.look(order.name).power is Power.GONE


@pytest.mark.parametrize("after_ms", [1, 5, 10, 15, 20, 30])
def test_a_destroyer_killed_at_any_moment_can_begin_again(local: local_rig.Local, after_ms: int) -> None:
    machine_id = local.compute.create(local.order())
    forked(lambda: local.compute.destroy(machine_id), kill_after_s=after_ms / 1000)
    local.compute.destroy(machine_id)


@pytest.mark.parametrize("after_ms", [5, 10, 15, 20, 30])
def test_a_helper_killed_at_any_moment_leaves_what_can_be_destroyed(
    local: local_rig.Local, tmp_path: Path, after_ms: int
) -> None:
    compute = local.started_by(script(tmp_path, f'exec timeout -s KILL {after_ms / 1000} /usr/bin/python3 "$@"'))
    order = local.order()
    with contextlib.suppress(faults.Temporary):
        compute.create(order)
    compute.destroy(order.name)
    assert compute.look(order.name).power is Power.GONE


def test_a_helper_that_cannot_start_says_why_and_leaves_nothing(local: local_rig.Local, tmp_path: Path) -> None:
    compute = local.started_by(script(tmp_path, "echo no such thing >&2; exit 3"))
    with pytest.raises(faults.Temporary, match="no such thing"):
        compute.create(local.order())
    assert compute.list() == []


def test_a_helper_that_wakes_after_the_destruction_makes_nothing(local: local_rig.Local, tmp_path: Path) -> None:
    compute = local.started_by(script(tmp_path, 'sleep 0.3; exec /usr/bin/python3 "$@"'))
    order = local.order()
    forked(lambda: compute.create(order), kill_after_s=0.1)
    assert compute.look(order.name).power is Power.BUILDING
    compute.destroy(order.name)
    time.sleep(0.5)
    assert local.leftovers() == []


def test_destroyers_do_not_disturb_each_other(local: local_rig.Local) -> None:
    machine_id = local.compute.create(local.order())
    threads = [threading.Thread(target=local.compute.destroy, args=(machine_id,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert local.compute.look(machine_id).power is Power.GONE


def test_twenty_at_once_all_answer(local: local_rig.Local) -> None:
    orders = [local.order() for _ in range(20)]
    threads = [threading.Thread(target=local.compute.create, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(local_rig.answers(order.management.address) for order in orders)
    assert {machine.power for machine in local.compute.list()} == {Power.RUNNING}
