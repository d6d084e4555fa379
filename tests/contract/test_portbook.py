"""The contract of the book of local ports."""

import abc
from pathlib import Path

import pytest

from hydria.drivers.network.local import book
from hydria.kit import ids
from hydria.storage import database, portbook, tables

ADDRESSES = ["10.0.0.3", "10.0.0.4"]
S1, S2 = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


class PortBookContract(abc.ABC):
    """What holds of every book."""

    @pytest.fixture
    @abc.abstractmethod
    def ports(self) -> book.PortBook:
        """The book under test."""

    def claim(self, ports, subnet=S1, addresses=ADDRESSES, port_id=None):
        return ports.claim(port_id or ids.new(), ids.new(), subnet, addresses, "{}")

    def test_the_first_free_address_is_given(self, ports):
        assert [self.claim(ports), self.claim(ports), self.claim(ports)] == [*ADDRESSES, None]

    def test_subnets_do_not_share_addresses(self, ports):
        assert self.claim(ports, S1) == self.claim(ports, S2) == "10.0.0.3"

    def test_a_removed_port_frees_its_address(self, ports):
        port_id = ids.new()
        self.claim(ports, port_id=port_id)
        ports.remove(port_id)
        ports.remove(port_id)
        assert self.claim(ports) == "10.0.0.3"

    def test_the_holder_of_an_address_is_known(self, ports):
        port_id = ids.new()
        self.claim(ports, port_id=port_id)
        assert ports.holder(S1, "10.0.0.3") == port_id
        assert ports.holder(S1, "10.0.0.4") is None

    def test_an_entry_is_read_by_id_name_and_in_the_list(self, ports):
        port_id, name = ids.new(), ids.new()
        ports.claim(port_id, name, S1, ADDRESSES, "body")
        assert ports.get(port_id) == ports.find(name) == ("10.0.0.3", "body")
        assert list(ports.all()) == [("10.0.0.3", "body")]
        assert ports.get(ids.new()) is ports.find(ids.new()) is None


class TestMemoryBook(PortBookContract):
    @pytest.fixture
    def ports(self):
        return book.MemoryBook()


class TestStoredBook(PortBookContract):
    @pytest.fixture
    def ports(self, tmp_path: Path):
        db = database.Database(f"sqlite:///{tmp_path}/hydria.db", tables.INTENT, durable=False)
        db.create_all()
        yield portbook.StoredBook(db)
        db.close()
