"""Network of the simulated cloud."""

from hydria.drivers import faults, sim
from hydria.drivers.network import Port, PortOrder, Segment, Subnet


class SimNetwork:
    """One deployment's view of the cloud's networks and ports."""

    def __init__(self, cloud: sim.Cloud, deployment: str) -> None:
        self._cloud = cloud
        self._deployment = deployment

    def networks(self) -> list[Segment]:
        return self._cloud.answer("network.networks", lambda: list(self._cloud.segments))

    def network(self, network_id: str) -> Segment | None:
        return next((segment for segment in self.networks() if segment.id == network_id), None)

    def subnet(self, subnet_id: str) -> Subnet | None:
        subnets = (subnet for segment in self.networks() for subnet in segment.subnets)
        return next((subnet for subnet in subnets if subnet.id == subnet_id), None)

    def room(self, subnet_id: str) -> int:
        found = self.subnet(subnet_id)
        return self._cloud.answer("network.room", lambda: self._cloud.room(found) if found else 0)

    def has_qos_policy(self, policy_id: str) -> bool:
        return self._cloud.answer("network.has_qos_policy", lambda: policy_id in self._cloud.qos_policies)

    def has_security_group(self, group_id: str) -> bool:
        return self._cloud.answer("network.has_security_group", lambda: group_id in self._cloud.security_groups)

    def create_port(self, order: PortOrder) -> Port:
        return self._cloud.do("network.create_port", lambda: self._cloud.add_port(self._deployment, order))

    def port(self, port_id: str) -> Port | None:
        return self._cloud.answer("network.port", lambda: self._cloud.ports.get(port_id, ("", None))[1])

    def find_port(self, name: str) -> Port | None:
        mine = self._cloud.answer("network.find_port", self._mine)
        return next((port for port in mine if port.name == name), None)

    def list_ports(self) -> list[Port]:
        return self._cloud.answer("network.list_ports", self._mine)

    def destroy_port(self, port_id: str) -> None:
        drop = self._cloud.drop_port
        self._cloud.do("network.destroy_port", lambda: drop(self._deployment, port_id), faults.Temporary)

    def _mine(self) -> list[Port]:
        return [port for owner, port in self._cloud.ports.values() if owner == self._deployment]
