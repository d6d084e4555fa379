"""An issuer whose certificates are paper: for scenarios in which nobody speaks TLS."""


class PaperIssuer:
    def sign_amphora(self, csr: bytes, amphora_id: str, seconds: int) -> bytes:
        return b"paper"

    def bootstrap(self, amphora_id: str, seconds: int) -> bytes:
        return b"paper"

    def trust_of_amphorae(self) -> bytes:
        return b"paper"

    def trust_of_controllers(self) -> bytes:
        return b"paper"
