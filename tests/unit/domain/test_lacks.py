"""What is not served: which objects want it, what is said of a kind and an attribute, what settings may be."""

import pytest

from hydria.domain import lacks
from hydria.domain.lacks import Lack, Lacks
from hydria.domain.listener import Listener
from hydria.domain.types import ListenerProtocol
from tests.golden.trees import listener, tree

UDP = Lack("no UDP", ("protocol",), (ListenerProtocol.UDP,))
HEADERS = Lack("no such header", ("insert_headers",), ("X-Real-IP",))
SNI = Lack("no names", ("sni_container_refs", "tls_ciphers"))
ODD = Lack("not here", ("name",), when=lambda part, found: bool(found.pools) and part.name == "odd")


@pytest.mark.parametrize(
    "lack,wants,fine",
    [
        (UDP, listener(protocol=ListenerProtocol.UDP), listener()),
        (HEADERS, listener(insert_headers={"X-Real-IP": "true"}), listener(insert_headers={"X-Forwarded-For": "true"})),
        (SNI, listener(sni_container_refs=["a"]), listener()),
        (SNI, listener(tls_ciphers="A"), listener(sni_container_refs=[])),
        (Lack("none of it"), listener(), None),
    ],
)
def test_who_wants_what_is_not_served_is_told_why(lack, wants, fine):
    found = Lacks({Listener: (lack,)})
    assert found.unsupported(wants, tree(wants)) == lack.reason
    assert fine is None or found.unsupported(fine, tree(fine)) is None


def test_a_condition_is_said_of_no_attribute_by_itself():
    found = Lacks({Listener: (ODD, UDP)})
    assert list(found.about(Listener, "name")) == []
    assert [lack.reason for lack in found.about(Listener, "protocol")] == ["no UDP"]
    assert found.whole(Listener) is None
    assert Lacks({Listener: (Lack("none of it"),)}).whole(Listener) == "none of it"


def test_where_nothing_is_lacking_every_setting_may_be_anything():
    assert lacks.serves(None, "compute_flavor", "a")
    assert lacks.serves({"compute_flavor": ()}, "compute_flavor", "a")
    assert not lacks.serves({}, "compute_flavor", "a")
    assert not lacks.serves({"sriov_vip": (False,)}, "sriov_vip", value=True)
