"""The local drivers keep the contracts of compute and network, with real namespaces and cables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hydria.drivers import network
from tests.contract import test_compute, test_network
from tests.system import local_rig


class TestLocalCompute(test_compute.ComputeContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[test_compute.Rig]:
        with local_rig.local(tmp_path) as local:
            yield test_compute.Rig(local.compute, local.net)
            local.compute.clear()
            assert local.leftovers() == []


class TestLocalNetwork(test_network.NetworkContract):
    @pytest.fixture
    def net(self, tmp_path: Path) -> Iterator[network.Network]:
        with local_rig.local(tmp_path) as local:
            yield local.net
