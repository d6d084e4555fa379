"""When an amphora's certificate is due for renewal: at two thirds of its life, each at a moment of its own. Pure."""

from hydria.domain.amphora import Amphora, AmphoraStatus
from hydria.kit import ids
from hydria.wire import identities

RENEW_AT = 2 / 3
JITTER = 0.05
"""Amphorae made together are renewed over this part of a life."""


def is_due(amphora: Amphora, now: float) -> bool:
    """Whether to renew at `now` (seconds since 1970)."""
    if amphora.status != AmphoraStatus.ALLOCATED or amphora.cert_expiration is None:
        return False
    spread = int.from_bytes(ids.raw(amphora.id)[:2], "big") / 65536 * JITTER
    return now > amphora.cert_expiration / 1e6 - identities.CERTIFICATE_S * (1 - RENEW_AT - spread)
