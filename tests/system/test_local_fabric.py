"""The fabric comes up and goes down, also twice, also after half of it was lost, and leaves nothing."""

import subprocess
from pathlib import Path

import pytest

from hydria.drivers import faults
from hydria.drivers.network.local import fabric, namespaces, settings, wires
from hydria.kit import ids
from tests.system import local_rig

RANGES = ("10.190.0.0/22", "10.190.8.0/24", "10.190.12.0/24")


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def of(networks: settings.LocalNetworks) -> str:
    """Everything on the machine that bears the deployment's name."""
    shown = said("ip", "netns") + said("ip", "-br", "link") + said("ip", "route") + Path("/proc/mounts").read_text()
    return "\n".join(line for line in shown.splitlines() if networks.deployment[:8] in line)


@pytest.fixture
def networks() -> settings.LocalNetworks:
    return settings.defaults(ids.new(), *RANGES)


def test_up_twice_and_down_twice_leaves_nothing(networks: settings.LocalNetworks) -> None:
    fabric.up(networks)
    once = of(networks)
    fabric.up(networks)
    assert of(networks) == once != ""
    assert fabric.is_up(networks)
    fabric.down(networks)
    fabric.down(networks)
    assert of(networks) == ""
    assert not fabric.is_up(networks)


def test_every_gateway_is_reached_from_the_machine(networks: settings.LocalNetworks) -> None:
    fabric.up(networks)
    try:
        for subnet in networks.subnets():
            assert subnet.gateway is not None
            said("ping", "-c1", "-W2", subnet.gateway)
    finally:
        fabric.down(networks)


def test_what_a_crash_left_is_completed(networks: settings.LocalNetworks) -> None:
    namespaces.prepare()
    (namespaces.FOLDER / networks.namespace).touch()
    fabric.up(networks)
    wires.drop(networks.root_link)
    fabric.up(networks)
    assert fabric.is_up(networks)
    fabric.down(networks)
    assert of(networks) == ""


def test_a_range_in_use_is_refused_by_name(networks: settings.LocalNetworks) -> None:
    fabric.up(networks)
    try:
        with pytest.raises(faults.Refused, match=rf"network mgmt \(10\.190\.0\.0/22\) overlaps.*{networks.root_link}"):
            fabric.up(settings.defaults(ids.new(), *RANGES))
    finally:
        fabric.down(networks)


def test_ranges_that_overlap_each_other_are_refused() -> None:
    with pytest.raises(faults.Refused, match=r"networks mgmt .* and demo .* overlap"):
        fabric.up(settings.defaults(ids.new(), "10.190.0.0/16", "10.190.8.0/24", "10.191.0.0/24"))


def test_an_address_that_changes_hands_is_reached_at_once(tmp_path: Path) -> None:
    with local_rig.local(tmp_path) as local:
        for _ in range(3):
            name, port = f"hydria-t-{ids.new()[:8]}", local.port("back")
            namespaces.make(name)
            wires.manage(local.networks, port, name)
            said("ping", "-c1", "-W1", port.address)
            local.net.destroy_port(port.id)
            namespaces.drop(name)


def test_a_port_can_be_plugged_anywhere_with_its_address(tmp_path: Path) -> None:
    with local_rig.local(tmp_path) as local:
        name, port = f"hydria-t-{ids.new()[:8]}", local.port("back")
        namespaces.make(name)
        wires.manage(local.networks, port, name)
        said("ping", "-c1", "-W2", port.address)
        local.net.destroy_port(port.id)
        namespaces.drop(name)
        assert local.cables() == []
