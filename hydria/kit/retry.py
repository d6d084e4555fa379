"""How long to wait before trying again."""

import random


def backoff(attempt: int, first_s: float, most_s: float, jitter: float = 0.1) -> float:
    """Seconds before attempt number `attempt` (the first retry is 1): doubled each time, capped, jittered."""
    plain = min(most_s, first_s * 2.0 ** min(attempt - 1, 30))
    return plain * (1 + random.uniform(-jitter, jitter))
