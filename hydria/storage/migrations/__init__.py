"""How the tables came to be what they are: one numbered chain for `intent`, one for `observed`; `scripts/migration` writes them."""
