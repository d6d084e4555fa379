"""Certificates: who signs for amphorae and controllers.

The contract (`tests/contract/test_certificates.py` runs it on every driver): a signed certificate verifies against
`trust()` of its root and no other, carries exactly the URI name asked for, and nothing of the request but its key.
"""

from typing import Protocol


class Issuer(Protocol):
    """Two roots, `amphorae` and `controllers`; each signs its own kind only. Faults: Refused (a bad request), Temporary."""

    def sign_amphora(self, csr: bytes, amphora_id: str, seconds: int) -> bytes:
        """A chain (PEM) for the key of a signing request; its names are replaced by the amphora's."""
        ...

    def bootstrap(self, amphora_id: str, seconds: int) -> bytes:
        """A certificate and a key made here (PEM, both), for a config drive."""
        ...

    def trust_of_amphorae(self) -> bytes:
        """What controllers accept amphorae by (PEM bundle)."""
        ...

    def trust_of_controllers(self) -> bytes:
        """What amphorae accept controllers by (PEM bundle)."""
        ...
